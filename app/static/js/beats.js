// Reports what was played. Nothing counts that the server has not acknowledged: what is not, stays here
// (and survives a reload) and goes with the next beat. The protocol: docs/viewing-protocol.md
import { total, united, without } from "./coverage.js";
import { forget, keep, keepNow, kept } from "./kept.js";

const RETRY_AT_MOST = 30e3;
const MOST_RANGES = 64;
const NO_ANSWER = 20e3; // then the same ranges go again: the academy counts a second once
const JITTER = 250; // a picture that steps back by less has not been moved by anybody
// A device's clock may run faster than the academy's: at the highest speed the last moments of a beat then seem to
// come too early. So much is offered again later, when time has passed, before it is called refused.
const EARLY = 10e3;

// One beat on the wire: {status, answer}; status 0 when no answer of the academy's came back.
async function post(body, patience = NO_ANSWER) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), patience);
  try {
    const sent = await fetch("/beats", {
      method: "POST", body: JSON.stringify(body), keepalive: true, credentials: "omit", signal: stop.signal,
    });
    const answer = await sent.json(); // a portal's page on the way is no answer
    return understood(sent.status, answer) ? { status: sent.status, answer } : { status: 0, answer: null };
  } catch (error) {
    return { status: 0, answer: null };
  } finally {
    clearTimeout(timer);
  }
}

function understood(status, answer) {
  if (!answer || typeof answer !== "object") return false;
  if (status === 200 || (status === 409 && answer.acknowledged)) {
    return [answer.refused, answer.pending, answer.credited].every(Array.isArray);
  }
  if (status === 409) return typeof answer.reason === "string";
  return status >= 500 || typeof answer.error === "string";
}

function judged(status, answer) {
  return status === 200 || (status === 409 && answer.acknowledged === true);
}

// What can be sent in one piece is one range.
function joined(ranges) {
  const found = [];
  for (const [start, end] of ranges) {
    const last = found[found.length - 1];
    if (last && last[1] === start) last[1] = end;
    else found.push([start, end]);
  }
  return found;
}

// Apart by chance, so that two pages that speak for one viewing do not use the same number.
function further(seq) {
  return seq + 1 + Math.floor(Math.random() * 1e6);
}

export class Reporter {
  // told: {onAnswer(answer, sent ranges), onWaiting(ms, failing), onEnded(reason)}
  constructor(opened, told) {
    this.lease = opened.lease;
    this.media = opened.media_version;
    this.id = opened.viewing;
    this.told = told;
    this.seq = 0;
    this.n = 0;
    this.waiting = []; // played and not acknowledged, in the order played
    this.flying = null; // the ranges of the beat that is on its way
    this.current = null; // the range that grows while the picture runs
    this.again = false;
    this.ended = false; // the viewing is over; what waits is still sent
    this.done = false;
    this.failures = 0;
    this.batch = MOST_RANGES;
    this.timer = 0;
    this.due = 0;
    this.empty = true; // nothing of this viewing lies in the storage
    this.every = opened.beat_seconds * 1000;
    this.plan();
  }

  plan(soonest = 0) {
    clearTimeout(this.timer);
    if (this.done) return;
    const backoff = this.failures ? Math.min(RETRY_AT_MOST, 1000 * 2 ** this.failures) : soonest || this.every;
    const wait = backoff * (0.8 + 0.4 * Math.random());
    this.due = performance.now() + wait;
    this.timer = setTimeout(() => this.send(), wait);
  }

  // Timers of a page in the background sleep; the picture's own events do not. Called by them.
  tick() {
    if (!this.flying && !this.done && performance.now() > this.due + 500) this.send();
  }

  // The picture stands at `ms` and runs on from there.
  begin(ms) {
    this.finish();
    if (!this.ended) this.current = [Math.round(ms), Math.round(ms)];
  }

  // The picture has come to `ms`; `most` is how far it can have run since the last word.
  reach(ms, most = Infinity) {
    if (!this.current) return this.begin(ms);
    const at = Math.round(ms);
    const step = at - this.current[1];
    if (step < 0 && step >= -JITTER) return undefined;
    if (step < 0 || step > most) return this.begin(ms);
    this.current[1] = at;
    return undefined;
  }

  // The picture has stopped or jumped.
  finish() {
    this.cut();
    this.current = null;
  }

  // What the present range has grown by waits from now on; it grows on from there.
  cut() {
    if (!this.current || this.current[1] <= this.current[0]) return;
    this.waiting = joined(this.waiting.concat([[this.current[0], this.current[1]]]));
    this.current = [this.current[1], this.current[1]];
  }

  unacknowledged() {
    const open = this.current && this.current[1] > this.current[0] ? [[this.current[0], this.current[1]]] : [];
    return joined((this.flying || []).concat(this.waiting, open));
  }

  state() {
    const ranges = this.unacknowledged();
    this.n += 1;
    return ranges.length ? { lease: this.lease, media: this.media, seq: this.seq, n: this.n, ranges } : null;
  }

  keep() {
    const state = this.state();
    if (state) keep(this.id, state);
    else if (!this.empty) forget(this.id);
    this.empty = !state;
    this.told.onWaiting(state ? total(state.ranges) : 0, this.failures > 0);
  }

  async send() {
    if (this.done) return;
    if (this.flying) {
      this.again = true;
      return;
    }
    this.cut();
    if (!this.waiting.length) {
      if (this.ended) this.done = true;
      this.plan();
      return;
    }
    this.flying = this.waiting.splice(0, this.batch);
    this.seq += 1;
    const { seq, flying } = this;
    this.keep();
    const { status, answer } = await post({ lease: this.lease, seq, ranges: flying });
    this.flying = null;
    const soonest = this.settle(status, answer, flying, seq);
    this.keep();
    if (this.again && !this.failures) {
      this.again = false;
      this.send();
    } else this.plan(soonest);
  }

  // What became of a beat. Gives in how many ms the next one is worth sending (0: as usual).
  settle(status, answer, sent, seq) {
    if (status === 0 || status >= 500) {
      this.failures += 1;
      this.waiting = joined(sent.concat(this.waiting));
      return 0;
    }
    this.failures = 0;
    if (judged(status, answer)) return this.acknowledged(status, answer, sent, seq);
    if (status === 409 || status === 401) {
      this.over(status === 401 ? "not_ours" : answer.reason);
      this.waiting = [];
      this.done = true;
    } else if (sent.length > 1) { // one of them cannot be read: the others are not lost with it
      this.batch = Math.max(1, Math.floor(sent.length / 2));
      this.waiting = sent.concat(this.waiting);
      this.again = true;
    } else this.again = this.waiting.length > 0;
    return 0;
  }

  acknowledged(status, answer, sent, seq) {
    if (answer.seq > seq) { // another page spoke for this viewing meanwhile: that was the answer to its beat
      this.seq = further(answer.seq);
      this.waiting = joined(sent.concat(this.waiting));
      this.again = true;
      return 0;
    }
    this.batch = MOST_RANGES;
    const early = answer.refused.filter((each) => each.reason === "faster_than_time").map((each) => each.range);
    const waits = status === 200 && early.length > 0 && total(early) <= EARLY;
    if (waits) {
      const rest = answer.refused.filter((each) => each.reason !== "faster_than_time");
      this.told.onAnswer({ ...answer, refused: rest }, without(united(sent), early));
      this.waiting = joined(early.concat(this.waiting));
    } else {
      this.told.onAnswer(answer, sent);
      if (this.waiting.length) this.again = true;
    }
    if (status === 409) this.over(answer.reason);
    return waits ? Math.min(this.every, 1000 + total(early)) : 0;
  }

  over(reason) {
    if (this.ended) return;
    this.finish();
    this.ended = true;
    if (this.waiting.length) this.again = true;
    this.told.onEnded(reason);
  }

  // The page hides and may never come back: a beacon, whatever is in flight. It carries all that waits.
  hide() {
    this.cut();
    const ranges = this.unacknowledged().slice(0, MOST_RANGES);
    if (this.done || !ranges.length) return;
    this.seq += 1;
    keepNow(this.id, this.state());
    this.empty = false;
    const body = JSON.stringify({ lease: this.lease, seq: this.seq, ranges });
    if (!navigator.sendBeacon || !navigator.sendBeacon("/beats", body)) this.send();
  }
}

// What became of the ranges that were sent. What is neither refused nor pending counts, also where another
// device was first.
export function sorted(answer, sent) {
  const refused = united(answer.refused.map((each) => each.range).filter(([start, end]) => end > start && start >= 0));
  const pending = united(answer.pending.map((each) => each.range));
  return { refused, pending, counted: answer.credited.concat(without(without(united(sent), refused), pending)) };
}

// One viewing's leftovers, as many beats as they need. False: the academy does not answer.
async function drain(id, value, heard) {
  let { ranges } = value;
  let seq = further(value.seq || 0);
  let batch = MOST_RANGES;
  while (ranges.length) {
    const some = ranges.slice(0, batch);
    const { status, answer } = await post({ lease: value.lease, seq, ranges: some });
    if (status === 0 || status >= 500) return false;
    if (judged(status, answer) && answer.seq > seq) {
      seq = further(answer.seq);
      continue;
    }
    if (judged(status, answer)) heard(answer, some);
    else if (status === 400 && some.length > 1) {
      batch = 1;
      continue;
    } else if (status !== 400) break;
    ranges = ranges.slice(some.length);
    seq += 1;
    if (ranges.length) await keep(id, { ...value, seq, n: (value.n || 0) + 1, ranges });
  }
  await forget(id);
  return true;
}

// What earlier pages could not send: their viewings have ended meanwhile, and take it for some days.
// `opened`: {viewing, media_version}; `answered(answer, sent)` hears of those of the same material.
export async function sendLeftovers(opened, answered) {
  for (const [id, value] of await kept()) {
    if (id === opened.viewing) continue;
    const heard = (answer, sent) => {
      if (value.media === opened.media_version) answered(answer, sent);
    };
    if (!(await drain(id, value, heard))) return; // still away: another time
  }
}
