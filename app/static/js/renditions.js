// Keeps the list of renditions up to date while something is being made. Without it the page shows the same on reload.
const EVERY = 2000;
const SLOWER = 10000;

async function look(box) {
  if (document.visibilityState === "hidden") return EVERY;
  const answer = await fetch(box.dataset.url, { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) return 0; // signed out, or withdrawn: a reload says so
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("[data-renditions]");
  if (!fresh) return 0;
  const focused = box.contains(document.activeElement) ? document.activeElement.id : "";
  box.replaceChildren(...fresh.childNodes);
  box.dataset.open = fresh.dataset.open;
  const again = focused && document.getElementById(focused);
  if (again) again.focus();
  return box.dataset.open === "0" ? 0 : EVERY;
}

function watch(box) {
  if (box.dataset.open === "0") return;
  const next = (wait) => wait && setTimeout(() => look(box).then(next, () => next(SLOWER)), wait);
  next(EVERY);
}

document.querySelectorAll("[data-renditions]").forEach(watch);
