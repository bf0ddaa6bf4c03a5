// Where the lesson is taken up: where an address says (#t=90, in seconds), where the learner was sent away from here
// (a sign-in that had ended), else how far it is seen.
const KEY = "duxue.place";

export class Place {
  constructor(data) {
    this.data = data;
    this.chosen = false; // the learner has gone somewhere by hand
    this.ms = this.take() || data.resume_ms;
  }

  keep(ms) {
    try {
      sessionStorage.setItem(KEY, JSON.stringify([this.data.lesson, ms]));
    } catch (error) {
      // Then it begins where the academy last heard of it.
    }
  }

  take() {
    const asked = /^#t=(\d+)$/.exec(location.hash);
    if (asked) return Number(asked[1]) * 1000;
    try {
      const [lesson, ms] = JSON.parse(sessionStorage.getItem(KEY)) || [];
      if (lesson !== this.data.lesson) return 0;
      sessionStorage.removeItem(KEY);
      return Number(ms) || 0;
    } catch (error) {
      return 0;
    }
  }

  resume(stage) {
    const { video } = stage;
    if (!(this.ms > 0 && this.ms < this.data.length_ms - 1000)) return;
    stage.pace.ms = this.ms;
    const go = () => {
      if (!this.chosen && stage.medium === video) video.currentTime = this.ms / 1000;
    };
    if (video.readyState >= 1) go(); // it may know its length before this script runs
    else video.addEventListener("loadedmetadata", go, { once: true });
  }
}
