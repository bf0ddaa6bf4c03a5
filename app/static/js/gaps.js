// "Play only the missing 38 seconds": one stretch after the other, each from its beginning to its end.
export class Gaps {
  // told: {next(), done()}
  constructor(stage, told) {
    Object.assign(this, { stage, told, queue: [], now: null, jumping: false, timer: 0 });
    stage.on("timeupdate playing seeked", () => this.watch());
    stage.on("seeking", () => {
      if (!this.jumping) this.stop(); // the learner goes elsewhere
    });
    stage.on("seeked", () => {
      this.jumping = false;
    });
    stage.on("ended", () => this.now && this.next());
  }

  // spans: [[start_ms, end_ms]], in the order in which they are to be played
  play(spans) {
    this.stop();
    this.queue = spans.slice();
    this.next(true);
  }

  stop() {
    clearTimeout(this.timer);
    this.queue = [];
    this.now = null;
  }

  next(first = false) {
    clearTimeout(this.timer);
    const before = this.now;
    this.now = this.queue.shift() || null;
    if (!this.now) {
      this.stage.pause();
      if (before) this.told.done();
      return;
    }
    if (!first) this.told.next();
    this.jumping = true;
    this.stage.go(this.now[0]);
    this.stage.play().catch(() => {});
  }

  // A picture tells its place four times a second; a gap ends to the moment.
  watch() {
    clearTimeout(this.timer);
    if (!this.now || this.jumping || this.stage.medium.seeking || !this.stage.running) return;
    const left = (this.now[1] - this.stage.ms) / this.stage.rate;
    if (left <= 0) this.next();
    else if (left < 600) this.timer = setTimeout(() => this.watch(), left + 5);
  }
}
