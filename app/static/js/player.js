// The player page: opens a viewing when the picture first runs, reports by beats, shows what counts.
import { Reporter, sendLeftovers, sorted } from "./beats.js";
import { Controls } from "./controls.js";
import { clock, draw, total, united, without } from "./coverage.js";
import { Transcript } from "./transcript.js";

const data = JSON.parse(document.getElementById("player-data").textContent);
const { words } = data;
const root = document.querySelector(".player");
const video = root.querySelector("video, audio");
const box = document.getElementById("coverage");
const saved = document.getElementById("saved");
const note = document.getElementById("player-note");
const layers = { counted: data.coverage, pending: data.pending, refused: [] };
const reasons = new Map(); // "start-end" → reason, of ranges that this page saw refused or pending
const NEAR = 120e3;
const HOLE = 250;
let reporter = null;
let opening = null;
let resume = data.resume_ms;
let goBack = false; // after an ending: on from what is counted, so that no gap stays behind

new Controls(root, video, words, data.max_rate);
const transcript = new Transcript(
  document.getElementById("transcript-text"), document.getElementById("transcript-search"),
  document.getElementById("transcript-found"), words, (seconds) => { video.currentTime = seconds; },
);

function say(kind, text, button) {
  note.textContent = "";
  note.hidden = !text;
  note.className = `notice notice-${kind}`;
  if (!text) return;
  const line = document.createElement("p");
  line.textContent = text;
  note.append(line);
  if (button) note.append(button);
}

function show() {
  layers.refused = without(united(layers.refused), layers.counted);
  const sums = { counted: total(layers.counted), pending: total(layers.pending), refused: total(layers.refused) };
  const unseen = Math.max(0, data.length_ms - sums.counted - sums.pending - sums.refused);
  const said = words.coverage.replace("{counted}", clock(sums.counted)).replace("{length}", clock(data.length_ms))
    .replace("{pending}", clock(sums.pending)).replace("{refused}", clock(sums.refused));
  draw(box, data.length_ms, layers, video.currentTime * 1000, said);
  for (const [kind, ms] of Object.entries({ ...sums, unseen })) document.getElementById(`tally-${kind}`).textContent = clock(ms);
  listReasons();
}

function listReasons() {
  const list = document.getElementById("segments");
  list.textContent = "";
  for (const [kind, spans] of [["refused", layers.refused], ["pending", layers.pending]]) {
    for (const [start, end] of spans) list.append(segment(kind, start, end));
  }
}

function segment(kind, start, end) {
  const item = document.createElement("li");
  const tag = document.createElement("span");
  const swatch = document.createElement("span");
  const range = document.createElement("p");
  const why = document.createElement("p");
  tag.className = `tag tag-${kind}`;
  swatch.className = `swatch swatch-${kind}`;
  swatch.setAttribute("aria-hidden", "true");
  tag.append(swatch, words[kind]);
  range.className = "num";
  range.textContent = `${clock(start)}\u2013${clock(end)}`;
  why.className = "why-text";
  const known = Array.from(reasons).find(([, each]) => each.start < end && each.end > start);
  why.textContent = words.reasons[known ? known[1].reason : kind === "pending" ? "network_away" : "faster_than_time"] || "";
  item.append(tag, range, why);
  return item;
}

function answered(answer, sent) {
  const { counted, pending, refused } = sorted(answer, sent);
  layers.counted = united(layers.counted.concat(counted));
  layers.refused = layers.refused.concat(refused);
  layers.pending = without(united(layers.pending.concat(pending)), layers.counted);
  for (const { range, reason } of answer.refused.concat(answer.pending)) {
    reasons.set(range.join("-"), { start: range[0], end: range[1], reason });
  }
  show();
  saved.textContent = words.saved.replace("{at}", clock(Math.min(data.length_ms, video.currentTime * 1000)));
  saved.className = "tag tag-counted";
  if (note.dataset.about === "away") { say("info", ""); note.dataset.about = ""; }
  if (answer.mark) credit();
}

async function credit() {
  try {
    const found = await fetch(data.credit_url, { headers: { Accept: "text/html" } });
    if (found.ok && !found.redirected) document.getElementById("credit").innerHTML = await found.text(); // our own server's template
  } catch (error) {
    // The statement shows it in any case.
  }
}

function ended(reason) {
  const again = document.createElement("button");
  video.pause();
  reporter = null;
  again.type = "button";
  again.className = "btn btn-main";
  again.textContent = words.continue_here;
  again.addEventListener("click", () => {
    say("info", "");
    goBack = true;
    video.play().catch(() => {});
  });
  const final = ["disabled", "left_class", "withdrawn"].includes(reason);
  say("refused", words.ended[reason] || words.ended.other, final ? null : again);
}

function waiting(ms, failing) {
  if (!failing) return;
  note.dataset.about = "away";
  say("pending", words.away.replace("{kept}", clock(ms)));
  saved.textContent = words.kept.replace("{kept}", clock(ms));
  saved.className = "tag tag-pending";
}

async function open() {
  const answer = await fetch("/viewings", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": data.csrf },
    body: JSON.stringify({ lesson: data.lesson }),
  });
  if (answer.status === 401 || answer.redirected) {
    location.assign(data.sign_in_url);
    throw new Error("signed out");
  }
  if (answer.status === 400) location.reload(); // another sign-in has taken this page's place
  const opened = await answer.json();
  if (!answer.ok) throw Object.assign(new Error("refused"), { said: opened.text });
  layers.counted = united(opened.coverage);
  layers.pending = united(opened.pending);
  say("info", "");
  reporter = new Reporter(opened, { onAnswer: answered, onWaiting: waiting, onEnded: ended });
  if (opened.credited) credit();
  if (goBack) toTheGap();
  show();
  await takeLeftovers(opened);
}

// What an older page could not send counts now: on from where that ends.
async function takeLeftovers(opened) {
  const before = layers.counted;
  await sendLeftovers(opened, answered);
  const at = video.currentTime * 1000;
  const fresh = without(layers.counted, before).find(([start, end]) => start <= at + 1000 && at < end);
  if (fresh && fresh[1] < data.length_ms - 1000) video.currentTime = fresh[1] / 1000;
}

// The picture ran on a little before this page was told that it had ended: back to where counting stopped.
function toTheGap() {
  const at = video.currentTime * 1000;
  const before = layers.counted.concat(layers.pending).filter(([start]) => start <= at).map(([, end]) => end);
  const end = Math.max(0, ...before);
  if (end < at && at - end < NEAR) video.currentTime = end / 1000;
  goBack = false;
}

// Plays only while a viewing is open: seconds without one could never count. So the picture waits for it.
async function hold() {
  video.pause();
  if (opening) return;
  opening = open();
  try {
    await opening;
    await video.play();
  } catch (error) {
    video.pause();
    if (!reporter) say("refused", error.said || words.cannot_open);
  } finally {
    opening = null;
  }
}

// Where a stretch begins. A browser says a little late that its picture runs: a hole of less than that is none.
function startsAt() {
  const at = video.currentTime * 1000;
  const ends = layers.counted.concat(layers.pending).map(([, end]) => end);
  const before = [0, ...ends].find((end) => end <= at && at - end < HOLE);
  return before === undefined ? at : before;
}

function most() {
  return 2500 * Math.max(1, video.playbackRate);
}

function toResume() {
  if (resume > 0 && resume < data.length_ms - 1000) video.currentTime = resume / 1000;
  resume = 0;
}

if (video.readyState >= 1) toResume(); // it may know its length before this script runs
else video.addEventListener("loadedmetadata", toResume);
video.addEventListener("play", () => {
  if (reporter) reporter.begin(startsAt());
  else hold();
});
video.addEventListener("playing", () => {
  if (reporter && !reporter.current) reporter.begin(startsAt());
});
video.addEventListener("timeupdate", () => {
  if (reporter && !video.seeking && !video.paused) reporter.reach(video.currentTime * 1000, most());
  transcript.follow(video.currentTime);
});
video.addEventListener("seeking", () => {
  if (!reporter) return;
  reporter.finish();
  reporter.send();
});
video.addEventListener("seeked", () => {
  if (reporter && !video.paused) reporter.begin(startsAt());
  show();
});
for (const name of ["pause", "ended"]) {
  video.addEventListener(name, () => {
    if (!reporter) return;
    if (reporter.current) reporter.reach(video.currentTime * 1000, most());
    reporter.finish();
    reporter.send();
  });
}
video.addEventListener("error", () => say("refused", words.cannot_play));
document.addEventListener("visibilitychange", () => {
  if (reporter && document.visibilityState === "hidden") reporter.hide();
});
window.addEventListener("pagehide", () => reporter && reporter.hide());
window.addEventListener("online", () => reporter && reporter.send());
setInterval(() => reporter && !video.paused && reporter.keep(), 2000);

function useTrack() {
  const lang = document.documentElement.lang.slice(0, 2);
  const tracks = Array.from(video.textTracks);
  const track = tracks.find((each) => each.language.startsWith(lang)) || tracks[0];
  if (!track) return;
  track.mode = "showing";
  const element = Array.from(video.querySelectorAll("track")).find((each) => each.track === track);
  const fill = () => track.cues && transcript.show(track.cues);
  element.addEventListener("load", fill);
  if (element.readyState === 2) fill();
}

useTrack();
show();
