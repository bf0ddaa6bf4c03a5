// Shows how far a long computation is, and reloads the page when it is over. Without it there is a link to look again.
const EVERY = 1000;
const SLOWER = 10000;

function shown(box, run) {
  const bar = box.querySelector("progress");
  const text = box.querySelector("[data-run-text]");
  if (!run.total) return;
  const digits = (number) => number.toLocaleString("en-US");
  bar.max = run.total;
  bar.value = run.done;
  text.textContent = box.dataset.of.replace("{done}", digits(run.done)).replace("{total}", digits(run.total));
  // A reader is told each quarter, not each second.
  const quarter = Math.floor((run.done * 4) / run.total);
  if (quarter !== Number(box.dataset.quarter || 0)) {
    box.dataset.quarter = quarter;
    box.querySelector("[data-run-said]").textContent = text.textContent;
  }
}

async function look(box) {
  if (document.visibilityState === "hidden") return EVERY;
  const answer = await fetch(box.dataset.run, { headers: { Accept: "application/json" } });
  if (!answer.ok) {
    location.reload(); // signed out, or no longer to be seen: the page itself says so
    return 0;
  }
  const run = await answer.json();
  if (!run.open || run.state !== (box.dataset.state || run.state)) {
    location.reload();
    return 0;
  }
  box.dataset.state = run.state;
  shown(box, run);
  return EVERY;
}

function watch(box) {
  box.querySelector("[data-run-look]").hidden = true;
  const next = (wait) => wait && setTimeout(() => look(box).then(next, () => next(SLOWER)), wait);
  next(EVERY);
}

document.querySelectorAll("[data-run]").forEach(watch);
