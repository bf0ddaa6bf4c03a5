// Reading instead of watching: lesson time runs on with the lines, by the wall clock at the chosen speed, for as long
// as the transcript is on the screen. It is reported by the same beats as the picture. The rule stands in
// docs/viewing-protocol.md.
export class Reading {
  // told: {on(reading), held(on)}
  constructor(stage, panel, told) {
    Object.assign(this, { stage, panel, told, seen: true, held: false });
    document.addEventListener("visibilitychange", () => this.look());
    if ("IntersectionObserver" in window) {
      new IntersectionObserver((found) => {
        this.seen = found[found.length - 1].isIntersecting;
        this.look();
      }).observe(panel);
    }
    // Pressed by hand while it stands still: it is not taken up again by itself, nor let run unseen.
    stage.pace.addEventListener("play", () => this.look());
  }

  toggle(on = !this.stage.reading) {
    if (on === this.stage.reading) return;
    this.held = false;
    this.stage.read(on);
    this.told.on(on);
    this.look();
  }

  look() {
    const { stage } = this;
    if (!stage.reading) return;
    const there = this.seen && document.visibilityState === "visible";
    if (!there && stage.running) {
      this.held = true;
      stage.pause();
      this.told.held(true);
    } else if (there && this.held) {
      this.held = false;
      this.told.held(false);
      stage.play();
    }
  }
}
