// One question's form: where one answer is right, ticks only one. (Which part its kind needs, the stylesheet says.)
const form = document.querySelector("[data-question]");

function kind() {
  const chosen = form.querySelector("[name=kind]:checked");
  return chosen ? chosen.value : "single";
}

if (form) {
  form.addEventListener("change", ({ target }) => {
    if (target.checked && kind() === "single" && target.name.startsWith("right_")) {
      form.querySelectorAll("[name^=right_]").forEach((other) => {
        if (other !== target) other.checked = false;
      });
    }
  });
}
