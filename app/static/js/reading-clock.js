// The time of the open page: it fills the page's stretch where nothing is counted yet, at the pace of the clock.
// The academy measures by its own clock; this one only says how far the page has come. No page elements here.
import { total, united, without } from "./coverage.js";

const LONGEST_TICK = 2000; // a device that slept has read nothing meanwhile
const AHEAD = 1000; // as the academy allows where a course is read in order

export class ReadingClock {
  // layers: {counted, pending}, kept up to date by the caller; told() is asked for the Reporter, null while there is none.
  constructor(layers, reporter) {
    Object.assign(this, { layers, reporter, range: [0, 0], told: [], inOrder: false, last: null, at: -1 });
  }

  // What counts, waits or is on its way.
  filled() {
    return united(this.layers.counted.concat(this.layers.pending, this.told));
  }

  gaps() {
    return without([this.range.slice()], this.filled());
  }

  // Milliseconds of the open page that are filled.
  done() {
    return this.range[1] - this.range[0] - total(this.gaps());
  }

  full() {
    return !this.gaps().length;
  }

  // Does the course want earlier pages first?
  early() {
    if (!this.inOrder) return false;
    const spans = this.filled();
    return this.range[0] > (spans.length ? spans[spans.length - 1][1] : 0) + AHEAD;
  }

  turn(range) {
    this.stop();
    this.range = range;
  }

  // The page is not seen any more, or another one is.
  stop() {
    this.last = null;
    this.at = -1;
    const reporter = this.reporter();
    if (reporter) reporter.finish();
  }

  // Now is `now` (ms, any rising clock). Gives whether time runs.
  tick(now) {
    const reporter = this.reporter();
    if (!reporter || this.full() || this.early()) {
      if (this.last !== null) this.stop();
      return false;
    }
    let left = this.last === null ? 0 : Math.min(LONGEST_TICK, Math.max(0, Math.round(now - this.last)));
    this.last = now;
    for (const [start, end] of this.gaps()) {
      if (!left) break;
      const step = Math.min(left, end - start);
      if (this.at !== start) reporter.begin(start); // after a stretch that counts already
      reporter.reach(start + step, step);
      this.at = start + step;
      this.told = united(this.told.concat([[start, start + step]]));
      left -= step;
    }
    return true;
  }

  // The academy has judged these.
  answered(sent) {
    this.told = without(this.told, sent);
  }
}
