// Reports what was played. Nothing counts that the server has not acknowledged: what is not, stays here
// (and survives a reload) and goes with the next beat. The protocol: docs/viewing-protocol.md
import { united, without } from "./coverage.js";

const STORE = "duxue.beats.";
const KEPT_FOR = 8 * 86400e3; // a day longer than the academy takes a backlog
const RETRY_AT_MOST = 30e3;
const MOST_RANGES = 64;

function store(key, value) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(value));
  } catch (error) {
    // No storage (private window, full): it still waits in this page.
  }
}

function stored() {
  const found = [];
  try {
    for (let index = 0; index < localStorage.length; index += 1) {
      const key = localStorage.key(index);
      if (key.startsWith(STORE)) found.push([key, JSON.parse(localStorage.getItem(key))]);
    }
  } catch (error) {
    return [];
  }
  return found.filter(([, kept]) => kept && kept.lease);
}

export class Reporter {
  // told: {onAnswer(answer, sent ranges), onWaiting(ms), onEnded(reason)}
  constructor(opened, told) {
    this.lease = opened.lease;
    this.media = opened.media_version;
    this.key = STORE + opened.viewing;
    this.told = told;
    this.seq = 0;
    this.waiting = []; // played and not acknowledged, in the order played
    this.current = null; // the range that grows while the picture runs
    this.flying = false;
    this.again = false;
    this.ended = false;
    this.failures = 0;
    this.timer = 0;
    this.every = opened.beat_seconds * 1000;
    this.plan();
  }

  plan() {
    clearTimeout(this.timer);
    if (this.ended) return;
    const backoff = this.failures ? Math.min(RETRY_AT_MOST, 1000 * 2 ** this.failures) : this.every;
    this.timer = setTimeout(() => this.send(), backoff * (0.8 + 0.4 * Math.random()));
  }

  // The picture stands at `ms` and runs on from there.
  begin(ms) {
    this.finish();
    this.current = [Math.round(ms), Math.round(ms)];
  }

  // The picture has come to `ms`; `most` is how far it can have run since the last word.
  reach(ms, most) {
    if (!this.current) return this.begin(ms);
    const at = Math.round(ms);
    const step = at - this.current[1];
    if (step < 0 || step > most) return this.begin(ms);
    this.current[1] = at;
    return undefined;
  }

  // The picture has stopped or jumped.
  finish() {
    if (this.current && this.current[1] > this.current[0]) this.waiting.push(this.current);
    this.current = null;
  }

  unacknowledged() {
    const open = this.current && this.current[1] > this.current[0] ? [[this.current[0], this.current[1]]] : [];
    return this.waiting.concat(open);
  }

  keep() {
    const ranges = this.unacknowledged();
    store(this.key, ranges.length ? { lease: this.lease, media: this.media, seq: this.seq, ranges, at: Date.now() } : null);
    this.told.onWaiting(ranges.reduce((sum, [start, end]) => sum + end - start, 0), this.failures > 0);
  }

  take() {
    if (this.current && this.current[1] > this.current[0]) {
      this.waiting.push([this.current[0], this.current[1]]);
      this.current = [this.current[1], this.current[1]];
    }
    return this.waiting.slice(0, MOST_RANGES);
  }

  async send() {
    if (this.ended) return;
    if (this.flying) {
      this.again = true;
      return;
    }
    const ranges = this.take();
    if (!ranges.length) {
      this.plan();
      return;
    }
    this.flying = true;
    this.seq += 1;
    this.keep();
    let status = 0;
    let answer = null;
    try {
      const sent = await fetch("/beats", {
        method: "POST",
        body: JSON.stringify({ lease: this.lease, seq: this.seq, ranges }),
        keepalive: true,
        credentials: "omit",
      });
      status = sent.status;
      answer = await sent.json();
    } catch (error) {
      status = 0;
    }
    this.flying = false;
    this.settle(status, answer, ranges);
    if (this.again) {
      this.again = false;
      this.send();
    } else this.plan();
  }

  settle(status, answer, sent) {
    const acknowledged = status === 200 || (status === 409 && answer && answer.acknowledged);
    if (acknowledged) {
      this.failures = 0;
      this.waiting = this.waiting.slice(sent.length);
      this.told.onAnswer(answer, sent);
      if (this.waiting.length) this.again = true;
    } else if (status === 409 || status === 400 || status === 401 || status === 413) {
      this.waiting = [];
    } else this.failures += 1;
    if (status === 409 || status === 401) {
      this.stop();
      this.told.onEnded(status === 401 ? "not_ours" : answer.reason);
    }
    this.keep();
  }

  stop() {
    this.ended = true;
    this.current = null;
    clearTimeout(this.timer);
  }

  // The page hides and may never come back: a beacon, whatever is in flight. It carries all that waits.
  hide() {
    const ranges = this.take();
    if (this.ended || !ranges.length) return;
    this.seq += 1;
    this.keep();
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

// What earlier pages could not send: their viewings have ended meanwhile, and take it for some days.
// `answered(answer, sent)` hears of those of the same material.
export async function sendLeftovers(opened, answered) {
  for (const [key, kept] of stored()) {
    if (key === STORE + opened.viewing) continue;
    if (Date.now() - kept.at > KEPT_FOR) {
      store(key, null);
      continue;
    }
    const ranges = kept.ranges.slice(0, MOST_RANGES);
    try {
      const sent = await fetch("/beats", {
        method: "POST",
        body: JSON.stringify({ lease: kept.lease, seq: kept.seq + 1, ranges }),
        credentials: "omit",
      });
      const answer = await sent.json();
      const acknowledged = sent.status === 200 || (sent.status === 409 && answer.acknowledged);
      if (acknowledged && kept.media === opened.media_version) answered(answer, ranges);
      if (sent.status < 500) store(key, null);
    } catch (error) {
      return; // still away: another time
    }
  }
}
