// The player page: opens a viewing when the lesson first runs, reports by beats, shows what counts.
import { Reporter, sendLeftovers } from "./beats.js";
import { watch } from "./buffering.js";
import { Checks } from "./checks.js";
import { Controls } from "./controls.js";
import { united, without } from "./coverage.js";
import { Full } from "./full.js";
import { Gaps } from "./gaps.js";
import { Notes } from "./notes.js";
import { spoken } from "./parts.js";
import { Place } from "./place.js";
import { Receipt } from "./receipt.js";
import { Side } from "./side.js";
import { Stage } from "./stage.js";
import { attach } from "./stream.js";
import { Words } from "./words.js";

const data = JSON.parse(document.getElementById("player-data").textContent);
const { words } = data;
const root = document.querySelector(".player");
const video = root.querySelector("video, audio");
const stream = data.stream ? attach(video, data.stream) : null; // first: it makes good what it can
watch(video, root.querySelector("[data-buffering]"), words.buffering);
const NEAR = 120e3;
const HOLE = 250;
let reporter = null;
let opening = null;
let goBack = false; // after an ending: on from what is counted, so that no gap stays behind
let heard = performance.now(); // when the position was last told
let furthest = 0; // the furthest that this page has played

const stage = new Stage(video, data.length_ms, data.max_rate);
const place = new Place(data);
const receipt = new Receipt(data, {
  play: playMissing, answer, skips: true, position: () => stage.ms, unsent: () => (reporter ? reporter.unacknowledged() : []),
});
const gaps = new Gaps(stage, {
  next: () => receipt.announce(words.parts.next),
  done: () => receipt.announce(words.parts.done),
});
const side = new Side(document.querySelector(".player-side"));
const lines = new Words(stage, data, { say: (text) => receipt.announce(text), show: () => side.show("transcript") });
const full = new Full(root, video, () => receipt.announce(words.full_on));
const notes = new Notes(document.getElementById("notes"), data, {
  position: () => stage.ms,
  go: (ms) => stage.go(ms),
  open: () => side.show("notes"),
  say: (text) => receipt.announce(text),
  signIn,
});
const checks = new Checks(document.getElementById("checks"), data, {
  changed(counted, pending, credited) {
    receipt.replace(counted, pending);
    if (credited) receipt.credit();
  },
  again: (ms) => stage.go(ms),
});
const controls = new Controls(root, stage, words, {
  read: () => lines.toggle(),
  gaps: () => playMissing(receipt.missing()),
  note: () => notes.begin(),
  full: () => full.toggle(),
}, (text) => receipt.announce(text));
controls.language = lines.language;

// Asked for by hand: what waits for an answer, and where.
function answer() {
  const box = document.getElementById("checks");
  const first = box.querySelector("input:not([type=hidden]), button");
  box.scrollIntoView({ block: "center" });
  (first || box).focus();
}

function playMissing(spans) {
  if (!spans.length) return;
  receipt.announce(words.parts.playing.replace("{length}", spoken(spans.reduce((sum, [a, b]) => sum + b - a, 0), words.length)));
  gaps.play(spans);
}

function signIn() {
  place.keep(stage.ms);
  location.assign(data.sign_in_url);
}

function ended(reason) {
  stage.pause();
  reporter = null;
  receipt.ended(reason, () => {
    receipt.say("info", "");
    goBack = true;
    stage.play().catch(() => {});
  });
}

function answered(given, sent) {
  receipt.answered(given, sent);
  if (given.pending.length) checks.refresh();
}

async function open() {
  const found = await fetch("/viewings", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": data.csrf },
    body: JSON.stringify({ lesson: data.lesson }),
  });
  if (found.status === 401 || found.redirected) {
    signIn();
    throw new Error("signed out");
  }
  if (found.status === 400) { // another sign-in has taken this page's place
    place.keep(stage.ms);
    location.reload();
  }
  const opened = await found.json();
  if (!found.ok) throw Object.assign(new Error("refused"), { said: opened.text });
  receipt.say("info", "");
  receipt.replace(opened.coverage, opened.pending);
  reporter = new Reporter(opened, {
    onAnswer: answered, onWaiting: (ms, failing) => receipt.waiting(ms, failing), onEnded: ended,
  });
  if (opened.credited) receipt.credit();
  if (opened.pending.length) checks.refresh();
  if (goBack) toTheGap();
  await takeLeftovers(opened);
}

// What an older page could not send counts now: on from where that ends.
async function takeLeftovers(opened) {
  const before = receipt.layers.counted;
  await sendLeftovers(opened, answered);
  if (gaps.now || place.chosen) return;
  const at = stage.ms;
  const fresh = without(receipt.layers.counted, before).find(([start, end]) => start <= at + 1000 && at < end);
  if (fresh && fresh[1] < data.length_ms - 1000) stage.go(fresh[1]);
}

// The picture ran on a little before this page was told that it had ended: back to where counting stopped.
function toTheGap() {
  const { counted, pending } = receipt.layers;
  const at = stage.ms;
  const before = counted.concat(pending).filter(([start]) => start <= at).map(([, end]) => end);
  const end = Math.max(0, ...before);
  if (end < at && at - end < NEAR) stage.go(end);
  goBack = false;
}

// Plays only while a viewing is open: seconds without one could never count. So the picture waits for it.
async function hold() {
  stage.pause();
  if (opening) return;
  opening = open();
  try {
    await opening;
    await stage.play();
  } catch (error) {
    stage.pause();
    if (!reporter) receipt.say("refused", error.said || words.cannot_open);
  } finally {
    opening = null;
  }
}

// Where a stretch begins. A browser says a little late that its picture runs: a hole of less than that is none.
function startsAt() {
  const at = stage.ms;
  const { counted, pending } = receipt.layers;
  const ends = counted.concat(pending, reporter.unacknowledged()).map(([, end]) => end);
  const before = [0, ...ends].find((end) => end <= at && at - end < HOLE);
  return before === undefined ? at : before;
}

// How far it can have run since it last told: events of a page in the background come seldom.
function most() {
  const passed = performance.now() - heard;
  return Math.max(2500, passed * 1.1 + 1000) * Math.max(1, stage.rate);
}

function reached() {
  if (!reporter || stage.medium.seeking) return;
  if (reporter.current || stage.running) reporter.reach(stage.ms, most());
  heard = performance.now();
  furthest = Math.max(furthest, stage.ms);
  reporter.tick();
}

stage.leave = () => {
  place.chosen = true;
  if (!reporter || !reporter.current) return;
  reached();
  reporter.finish();
};
if (data.no_seek) {
  stage.limit = () => {
    const { counted, pending } = receipt.layers;
    return Math.max(furthest, data.resume_ms, ...united(counted.concat(pending)).map(([, end]) => end));
  };
  stage.limited = (ms) => {
    const text = words.limit.replace("{at}", spoken(ms, words.length));
    if (receipt.over) receipt.announce(text);
    else receipt.say("info", text);
  };
}
stage.on("play", () => {
  heard = performance.now();
  if (reporter) reporter.begin(startsAt());
  else hold();
});
stage.on("playing", () => {
  if (reporter && !reporter.current) reporter.begin(startsAt());
});
stage.on("timeupdate", () => {
  if (stage.running) reached();
  lines.follow(stage.ms);
  receipt.moved();
});
stage.on("seeking", () => {
  if (!reporter) return;
  reporter.finish();
  reporter.send();
});
stage.on("seeked", () => {
  if (reporter && stage.running) reporter.begin(startsAt());
  receipt.moved();
  lines.follow(stage.ms);
});
stage.on("pause ended", () => {
  if (!reporter) return;
  if (reporter.current) reached();
  reporter.finish();
  reporter.send();
});
video.addEventListener("error", () => {
  if (stage.reading) return;
  const read = lines.any ? [receipt.button(words.read_instead, () => lines.toggle(true))] : [];
  receipt.say("refused", words.cannot_play, ...read);
});
document.addEventListener("visibilitychange", () => {
  if (!reporter) return;
  if (document.visibilityState === "hidden") {
    if (reporter.current && stage.running) reached();
    reporter.hide();
  } else reporter.tick();
});
window.addEventListener("pagehide", () => reporter && reporter.hide());
window.addEventListener("online", () => reporter && reporter.send());
setInterval(() => reporter && stage.running && reporter.keep(), 2000);

place.resume(stage);
receipt.show();
sendLeftovers({ viewing: "", media_version: data.media_version }, answered);
if (stream) controls.qualities(stream, data.stream);
