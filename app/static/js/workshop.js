// The workshop with a script: line numbers follow the text, a place in one half leads to the other, what is not
// saved is said. Without it everything works by sending the form.
const work = document.querySelector("[data-workshop]");

function lines(area) {
  return area.value.split("\n").length;
}

// The numbers beside the text: those of the lines that were there keep what they say.
function number(box, area) {
  const wanted = lines(area);
  while (box.childElementCount > wanted) box.lastElementChild.remove();
  for (let line = box.childElementCount + 1; line <= wanted; line += 1) {
    const mark = document.createElement("span");
    mark.id = `L${line}`;
    mark.textContent = String(line);
    box.append(mark);
  }
  area.rows = wanted + 1;
}

// Let the text follow: the lines of what was opened in the form come into view there.
function follow(area, first, last) {
  const frame = area.closest("[data-toml]");
  const high = area.scrollHeight / area.rows;
  const top = (first - 3) * high;
  if (top < frame.scrollTop || (last + 2) * high > frame.scrollTop + frame.clientHeight) frame.scrollTop = Math.max(0, top);
  const marks = frame.querySelector("[data-numbers]").children;
  for (let line = 1; line <= marks.length; line += 1) {
    marks[line - 1].classList.toggle("is-here", first <= line && line <= last);
  }
}

// Select the lines from `first` to `last` and bring them into view.
function select(area, first, last) {
  const rows = area.value.split("\n");
  const begin = rows.slice(0, first - 1).join("\n").length + (first > 1 ? 1 : 0);
  const end = rows.slice(0, last).join("\n").length;
  area.focus({ preventScroll: true });
  area.setSelectionRange(begin, end);
  const frame = area.closest("[data-toml]");
  const high = area.scrollHeight / area.rows;
  frame.scrollTop = Math.max(0, (first - 3) * high);
  frame.scrollIntoView({ block: "nearest" });
}

function openAt(hash) {
  const row = hash.startsWith("#row-") && document.getElementById(hash.slice(1));
  if (row) row.open = true;
  return row;
}

function wire(area) {
  const box = area.closest("[data-toml]").querySelector("[data-numbers]");
  area.addEventListener("input", () => number(box, area));
  number(box, area);
}

for (const area of document.querySelectorAll("textarea.toml-text")) wire(area);

if (work) {
  const area = work.querySelector("textarea.toml-text");
  const said = work.querySelector("[data-state]");
  let unsaved = false;
  work.addEventListener("input", () => {
    unsaved = true;
    said.textContent = work.dataset.unsaved;
  });
  work.addEventListener("submit", () => {
    unsaved = false;
  });
  window.addEventListener("beforeunload", (event) => {
    if (!unsaved) return;
    event.preventDefault();
    event.returnValue = ""; // older browsers ask only then
  });
  // Ctrl+S keeps what is typed.
  work.addEventListener("keydown", (event) => {
    if (event.key === "s" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      const row = event.target.closest(".clause");
      (row || work).querySelector("button[value^='save']").click();
    }
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (!link) return;
    if (link.dataset.line) {
      event.preventDefault();
      select(area, Number(link.dataset.line), Number(link.dataset.to || link.dataset.line));
    } else openAt(link.hash);
  });
  // Where the caret stands in the text, the row in the form is marked.
  const mark = () => {
    const line = area.value.slice(0, area.selectionStart).split("\n").length;
    for (const row of work.querySelectorAll(".clause")) {
      row.classList.toggle("is-marked", Number(row.dataset.first) <= line && line <= Number(row.dataset.last));
    }
  };
  area.addEventListener("keyup", mark);
  area.addEventListener("click", mark);
  for (const row of work.querySelectorAll(".clause")) {
    row.addEventListener("toggle", () => {
      if (row.open) follow(area, Number(row.dataset.first), Number(row.dataset.last));
    });
  }
  const row = openAt(location.hash);
  if (row) {
    row.scrollIntoView({ block: "start" });
    follow(area, Number(row.dataset.first), Number(row.dataset.last));
  }
}
