// What runs: the picture, or, for those who read, a clock that paces the transcript. Both speak as a media element
// does, so everything else asks the stage and never which of them it is.
const TICK = 250;
const ASLEEP = 3000; // timers that stood still for longer: nobody was reading

// Lesson time by the wall clock, at the speed that is chosen.
export class Pace extends EventTarget {
  constructor(lengthMs) {
    super();
    this.lengthMs = lengthMs;
    this.ms = 0;
    this.paused = true;
    this.ended = false;
    this.seeking = false;
    this.playbackRate = 1;
    this.last = 0;
    this.timer = 0;
  }

  say(name) {
    this.dispatchEvent(new Event(name));
  }

  get duration() {
    return this.lengthMs / 1000;
  }

  get currentTime() {
    return this.ms / 1000;
  }

  set currentTime(seconds) {
    this.tick();
    this.seeking = true;
    this.ended = false;
    this.say("seeking");
    this.ms = Math.min(this.lengthMs, Math.max(0, seconds * 1000));
    this.seeking = false;
    this.say("seeked");
    this.say("timeupdate");
  }

  play() {
    if (!this.paused) return Promise.resolve();
    if (this.ended) this.currentTime = 0;
    this.paused = false;
    this.last = performance.now();
    this.timer = setInterval(() => this.tick(), TICK);
    this.say("play");
    if (!this.paused) this.say("playing");
    return Promise.resolve();
  }

  pause() {
    if (this.paused) return;
    this.tick();
    if (!this.paused) this.halt("pause");
  }

  halt(name) {
    clearInterval(this.timer);
    this.paused = true;
    this.say(name);
  }

  tick() {
    if (this.paused) return;
    const now = performance.now();
    const passed = now - this.last;
    this.last = now;
    if (passed > ASLEEP) return;
    this.ms = Math.min(this.lengthMs, this.ms + passed * this.playbackRate);
    this.say("timeupdate");
    if (this.ms >= this.lengthMs && !this.paused) {
      this.ended = true;
      this.halt("pause");
      this.say("ended");
    }
  }
}

export class Stage {
  // told: {leave() before the position jumps, limited(ms) when a jump goes further than is allowed}
  constructor(video, lengthMs, maxRate) {
    Object.assign(this, { video, lengthMs, maxRate });
    this.pace = new Pace(lengthMs);
    this.medium = video;
    this.leave = () => {};
    this.limited = () => {};
    this.limit = () => Infinity; // how far one may jump, in ms
    // Whoever turns it up elsewhere (browser menus, scripts) earns nothing by it: keep to what is allowed.
    video.addEventListener("ratechange", () => {
      if (video.playbackRate > maxRate) video.playbackRate = maxRate;
    });
    // A jump by the browser's own controls, which full screen has on some devices.
    video.addEventListener("seeking", () => {
      const limit = this.limit();
      if (this.medium !== video || video.currentTime * 1000 <= limit + 500) return;
      video.currentTime = limit / 1000;
      this.limited(limit);
    });
  }

  get ms() {
    return this.medium.currentTime * 1000;
  }

  get running() {
    return !this.medium.paused && !this.medium.ended;
  }

  get reading() {
    return this.medium === this.pace;
  }

  get rate() {
    return this.medium.playbackRate;
  }

  set rate(rate) {
    const allowed = Math.min(rate, this.maxRate);
    this.pace.tick();
    this.pace.playbackRate = allowed;
    this.video.defaultPlaybackRate = allowed;
    this.video.playbackRate = allowed;
  }

  // Hear of what happens to whichever of the two is running.
  on(names, heard) {
    for (const medium of [this.video, this.pace]) {
      for (const name of names.split(" ")) {
        medium.addEventListener(name, (event) => {
          if (medium === this.medium) heard(event);
        });
      }
    }
  }

  go(ms) {
    const limit = this.limit();
    const wanted = Math.min(this.lengthMs, Math.max(0, ms));
    if (wanted > limit + 500) this.limited(limit);
    this.leave();
    this.medium.currentTime = Math.min(wanted, limit) / 1000;
  }

  play() {
    return this.medium.play();
  }

  pause() {
    this.medium.pause();
  }

  // From the picture to the lines, or back; at the same place, and running on if it ran.
  read(on) {
    if (on === this.reading) return;
    const { ms, running } = this;
    this.leave();
    this.medium.pause();
    this.medium = on ? this.pace : this.video;
    this.medium.currentTime = ms / 1000;
    if (running) this.play().catch(() => {});
  }
}
