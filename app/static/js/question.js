// One question's form: shows the part that its kind needs, and where one answer is right, ticks only one.
// The stylesheet does so from the first paint on; a browser that cannot ask it for scripts has both parts until here.
const form = document.querySelector("[data-question]");

function kind() {
  const chosen = form.querySelector("[name=kind]:checked");
  return chosen ? chosen.value : "single";
}

function show() {
  form.dataset.kind = kind();
  form.querySelectorAll("[data-part]").forEach((part) => {
    part.hidden = (part.dataset.part === "truth") !== (kind() === "truefalse");
  });
}

if (form) {
  form.addEventListener("change", ({ target }) => {
    if (target.name === "kind") show();
    if (target.checked && kind() === "single" && target.name.startsWith("right_")) {
      form.querySelectorAll("[name^=right_]").forEach((other) => {
        if (other !== target) other.checked = false;
      });
    }
  });
  const hint = document.getElementById("truth-hint");
  if (hint) hint.hidden = true; // it says when this part counts; here it is only shown then
  show();
}
