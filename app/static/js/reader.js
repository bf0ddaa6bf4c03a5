// The reader: one page at a time, its time while it is open and seen, what counts. docs/viewing-protocol.md
import { Reporter, sendLeftovers } from "./beats.js";
import { Checks } from "./checks.js";
import { clock, total, without } from "./coverage.js";
import { Leaves } from "./leaves.js";
import { ReadingClock } from "./reading-clock.js";
import { Receipt } from "./receipt.js";

const data = JSON.parse(document.getElementById("player-data").textContent);
const { words } = data;
const root = document.querySelector("[data-reader]");
const said = root.querySelector("[data-said]");
const progress = root.querySelector("[data-progress]");
const box = document.getElementById("checks");
const TICK = 250;
let reporter = null;
let opening = false;
let held = ""; // after an ending or a failed opening ("failed"): until the reader asks for it

class PageReceipt extends Receipt {
  show() {
    super.show();
    leaves.mark((range) => state(range));
    follow();
  }

  // Pages are read in any order: how much is recorded, not up to where.
  recorded() {
    super.recorded(total(this.layers.counted));
  }
}

const receipt = new PageReceipt(data, {
  play: ([[start]]) => leaves.open(data.ranges.findIndex((range) => start < range[1]) + 1),
  answer,
  skips: false,
  position: () => time.range[0] + time.done(),
  unsent: () => time.told,
});
const time = new ReadingClock(receipt.layers, () => reporter);
const checks = new Checks(box, data, {
  changed(counted, pending, credited) {
    receipt.replace(counted, pending);
    if (credited) receipt.credit();
  },
});
const leaves = new Leaves(root, data, { turned });

function fill(text, holes) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in holes ? holes[name] : whole));
}

// Asked for by hand: what waits for an answer.
function answer() {
  const first = box.querySelector("input:not([type=hidden]), button");
  box.scrollIntoView({ block: "center" });
  (first || box).focus();
}

function state([start, end]) {
  const { counted, pending } = receipt.layers;
  const left = (spans) => total(without([[start, end]], spans));
  if (!left(counted)) return "done";
  if (!left(counted.concat(pending))) return "pending";
  return left(counted) < end - start ? "begun" : "todo";
}

// What the open page is: all, full, early, held, begin (no viewing yet), or runs.
function kind() {
  if (!without([[0, data.length_ms]], time.filled()).length) return "all";
  if (time.full()) return "full";
  if (time.early()) return "early";
  if (held) return "held";
  return reporter ? "runs" : "begin";
}

// The foot of the page. Said aloud only when it changes in kind, not every second.
function follow() {
  const length = time.range[1] - time.range[0];
  const done = time.done();
  const now = kind();
  progress.value = length ? Math.round((done / length) * 1000) : 0;
  root.dataset.state = now;
  if (now === "runs") {
    said.setAttribute("aria-live", "off");
    said.textContent = fill(words.page_time, { done: clock(done), length: clock(length) });
  } else if (said.dataset.kind !== `${now}${leaves.number}`) {
    said.setAttribute("aria-live", "polite");
    said.textContent = { all: words.all_done, full: words.page_done, early: words.not_yet, begin: words.begin }[now] || "";
    if (now === "early") said.append(" ", toUnread());
  }
  said.dataset.kind = `${now}${leaves.number}`;
}

function toUnread() {
  const first = data.ranges.findIndex((range) => total(without([range], time.filled())) > 0) + 1;
  return receipt.button(fill(words.to_unread, { n: first }), () => leaves.open(first));
}

function turned(number) {
  time.turn(data.ranges[number - 1]);
  if (reporter) reporter.send();
  receipt.show();
}

function answered(given, sent) {
  time.answered(sent);
  receipt.answered(given, sent);
  if (given.pending.length) checks.refresh();
}

function ended(reason) {
  reporter = null;
  held = reason;
  time.told = [];
  time.stop();
  receipt.ended(reason, open);
  receipt.show();
}

async function ask() {
  const found = await fetch("/viewings", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": data.csrf },
    body: JSON.stringify({ lesson: data.lesson }),
  });
  if (found.status === 401 || found.redirected) location.assign(data.sign_in_url);
  if (found.status === 400) location.reload(); // another sign-in has taken this page's place
  const opened = await found.json();
  if (!found.ok) throw Object.assign(new Error("refused"), { said: opened.text });
  return opened;
}

// A viewing: the newest device wins, so it is opened when the page is first seen, not before.
async function open() {
  if (opening || reporter) return;
  opening = true;
  held = "";
  try {
    const opened = await ask();
    time.inOrder = Boolean(opened.in_order);
    receipt.say("info", "");
    reporter = new Reporter(opened, {
      onAnswer: answered, onWaiting: (ms, failing) => receipt.waiting(ms, failing), onEnded: ended,
    });
    receipt.replace(opened.coverage, opened.pending);
    if (opened.credited) receipt.credit();
    if (opened.pending.length) checks.refresh();
    sendLeftovers(opened, answered);
  } catch (error) {
    held = "failed";
    receipt.say("refused", error.said || words.cannot_open, receipt.button(words.try_again, open));
  }
  opening = false;
}

const seen = () => document.visibilityState === "visible";

function tick() {
  if (!seen()) return;
  if (!reporter && !held) open();
  const before = time.full();
  time.tick(performance.now());
  if (time.full() && !before && reporter) {
    reporter.finish();
    reporter.send();
    receipt.show();
  } else follow();
}

function leave() {
  time.stop();
  if (reporter) reporter.hide();
}

document.addEventListener("visibilitychange", () => seen() || leave());
window.addEventListener("pagehide", leave);
window.addEventListener("online", () => {
  if (reporter) reporter.send();
  else if (held === "failed") open();
});
setInterval(() => reporter && reporter.keep(), 2000);
setInterval(tick, TICK);
leaves.open(leaves.wanted(), true);
tick();
