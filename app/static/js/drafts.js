// What was typed into a form is kept in this tab from its sending until a page shows that it arrived: a sign-in
// that had ended, an error page or a broken line loses nothing. Passwords and files are never kept.
const KEY = "duxue.draft";
const LONGEST = 3600e3;
const NEVER = ["hidden", "password", "file", "submit", "button"];

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY));
  } catch (error) {
    return null;
  }
}

function write(draft) {
  try {
    if (draft) sessionStorage.setItem(KEY, JSON.stringify(draft));
    else sessionStorage.removeItem(KEY);
  } catch (error) {
    // No storage: then it is as it is without this script.
  }
}

function fields(form) {
  return Array.from(form.elements).filter((each) => each.name && !NEVER.includes(each.type));
}

function choice(field) {
  return field.type === "checkbox" || field.type === "radio";
}

function restore(draft) {
  const names = draft.fields.map(([name]) => name).join();
  const form = Array.from(document.forms).find((each) => fields(each).map((field) => field.name).join() === names);
  if (!form) return;
  fields(form).forEach((field, index) => {
    const [, value, checked] = draft.fields[index];
    if (choice(field)) field.checked = checked;
    else field.value = value;
  });
  const note = document.createElement("p");
  note.className = "notice notice-info";
  note.setAttribute("role", "status");
  note.textContent = document.body.dataset.again;
  form.before(note);
  note.scrollIntoView({ block: "center" });
}

const draft = read();
if (draft && "gate" in document.body.dataset) write({ ...draft, lost: true });
else if (draft && draft.lost && Date.now() - draft.at < LONGEST) {
  if (draft.who === document.body.dataset.who && draft.path === location.pathname) {
    write(null);
    restore(draft);
  }
} else write(null);

document.addEventListener("submit", ({ target }) => {
  if (target.method !== "post" || "gate" in document.body.dataset) return;
  const given = fields(target).map((each) => [each.name, each.value, Boolean(each.checked)]);
  if (!given.length) return;
  write({ path: location.pathname, who: document.body.dataset.who, at: Date.now(), fields: given });
});
