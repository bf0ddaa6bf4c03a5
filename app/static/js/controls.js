// The player's own bar and its keys. The picture plays without any of this, with the browser's controls.
import { clock } from "./coverage.js";

const KEYS = { " ": "play", k: "play", j: "back", ArrowLeft: "left", ArrowRight: "right", f: "full", m: "mute", c: "captions" };

export class Controls {
  constructor(root, video, words, maxRate) {
    Object.assign(this, { root, video, words, maxRate });
    this.bar = root.querySelector("[data-bar]");
    this.time = root.querySelector("[data-time]");
    this.scrub = root.querySelector("[data-scrub]");
    this.speed = root.querySelector("[data-speed]");
    video.controls = false;
    this.bar.hidden = false;
    this.scrub.hidden = false;
    this.buttons();
    video.addEventListener("timeupdate", () => this.tell());
    video.addEventListener("durationchange", () => this.tell());
    for (const name of ["play", "pause", "volumechange", "ended"]) video.addEventListener(name, () => this.state());
    document.addEventListener("keydown", (event) => this.key(event));
    this.tell();
    this.state();
  }

  buttons() {
    for (const button of this.bar.querySelectorAll("[data-do]")) {
      button.addEventListener("click", () => this.act(button.dataset.do));
    }
    this.scrub.addEventListener("input", () => {
      this.video.currentTime = Number(this.scrub.value) / 1000;
    });
    this.speed.addEventListener("change", () => {
      this.video.playbackRate = Number(this.speed.value);
    });
    this.video.addEventListener("click", () => this.act("play"));
    // Whoever turns it up elsewhere (browser menus, scripts) earns nothing by it: keep to what is allowed.
    this.video.addEventListener("ratechange", () => {
      if (this.video.playbackRate > this.maxRate) this.video.playbackRate = this.maxRate;
    });
  }

  act(what) {
    const { video } = this;
    if (what === "play") return video.paused ? video.play().catch(() => {}) : video.pause();
    if (what === "back") video.currentTime = Math.max(0, video.currentTime - 10);
    if (what === "left") video.currentTime = Math.max(0, video.currentTime - 5);
    if (what === "right") video.currentTime = Math.min(video.duration || 0, video.currentTime + 5);
    if (what === "mute") video.muted = !video.muted;
    if (what === "captions") this.captions();
    if (what === "full") this.full();
    return undefined;
  }

  captions() {
    const tracks = Array.from(this.video.textTracks);
    const shown = tracks.some((track) => track.mode === "showing");
    const lang = document.documentElement.lang.slice(0, 2);
    const best = tracks.find((track) => track.language.startsWith(lang)) || tracks[0];
    for (const track of tracks) track.mode = !shown && track === best ? "showing" : "hidden";
    const button = this.bar.querySelector('[data-do="captions"]');
    button.setAttribute("aria-pressed", String(!shown && Boolean(best)));
  }

  full() {
    const { root, video } = this;
    if (document.fullscreenElement) document.exitFullscreen();
    else if (root.requestFullscreen) root.requestFullscreen();
    else if (video.webkitEnterFullscreen) video.webkitEnterFullscreen(); // iOS takes the video only
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.target.closest("input:not([type=range]), textarea, select")) return;
    const what = KEYS[event.key];
    // A button keeps its own key, the ruler its arrows.
    if (!what || (event.key === " " && event.target.closest("button, a, summary"))) return;
    if (event.target === this.scrub && event.key.startsWith("Arrow")) return;
    event.preventDefault();
    this.act(what);
  }

  tell() {
    const length = (this.video.duration || 0) * 1000 || Number(this.scrub.max); // as the server said, until it is known
    const at = this.video.currentTime * 1000;
    this.time.textContent = `${clock(at)} / ${clock(length)}`;
    this.scrub.max = Math.round(length);
    this.scrub.value = Math.round(at);
    this.scrub.setAttribute("aria-valuetext", this.words.position.replace("{at}", clock(at)).replace("{length}", clock(length)));
  }

  state() {
    const playing = !this.video.paused && !this.video.ended;
    const play = this.bar.querySelector('[data-do="play"]');
    play.setAttribute("aria-label", playing ? this.words.pause : this.words.play);
    play.querySelector(".when-paused").toggleAttribute("hidden", playing);
    play.querySelector(".when-playing").toggleAttribute("hidden", !playing);
    const mute = this.bar.querySelector('[data-do="mute"]');
    if (mute) mute.setAttribute("aria-pressed", String(this.video.muted));
  }
}
