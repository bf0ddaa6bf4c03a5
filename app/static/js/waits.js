// A slow line and a broken one are said, after a moment: what is quick needs no word. Nothing moves, nothing is undone.
const place = document.getElementById("waits");
const words = place.dataset;
const SLOW = 400;
const SLOWER = 8000;
const GIVEN_UP = 30000; // a file that was fetched changes no page, and nothing tells us that it came
const FILE = /\.(csv|xlsx|pdf|json|toml|zip|gift|vtt|xml)$/;
const ownPlayer = document.body.classList.contains("is-player"); // it says itself what it keeps
let timers = [];
let pressed = null;
let away = false;

function say(text) {
  if (place.textContent !== text) place.textContent = text;
}

function rest() {
  timers.forEach(clearTimeout);
  timers = [];
  if (pressed) pressed.removeAttribute("aria-busy");
  pressed = null;
  say(away ? words.away : "");
}

function begin(button) {
  rest();
  timers = [
    setTimeout(() => {
      pressed = button;
      if (pressed) pressed.setAttribute("aria-busy", "true");
      say(words.slow);
    }, SLOW),
    setTimeout(() => say(words.slower), SLOWER),
    setTimeout(rest, GIVEN_UP),
  ];
}

function leads(link) {
  if (link.target || link.hasAttribute("download") || link.origin !== location.origin) return false;
  const same = link.pathname === location.pathname && link.search === location.search;
  return !(same && link.hash) && !FILE.test(link.pathname);
}

document.addEventListener("click", (event) => {
  const plain = !event.button && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  const link = event.target.closest && event.target.closest("a[href]");
  if (link && plain && !event.defaultPrevented && leads(link)) begin(null);
});
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.target) return;
  const button = event.submitter || event.target.querySelector("button[type=submit], button:not([type])");
  begin(button && button.classList.contains("btn") ? button : null);
});
window.addEventListener("pageshow", rest);

if (!ownPlayer) {
  window.addEventListener("offline", () => {
    away = true;
    rest();
  });
  window.addEventListener("online", () => {
    if (!away) return;
    away = false;
    rest();
    say(words.back);
    timers.push(setTimeout(rest, 4000));
  });
}
