// The player's own bar and its keys. The picture plays without any of this, with the browser's controls.
import { clock } from "./coverage.js";

const KEYS = {
  " ": "play", k: "play", j: "back", l: "forward", ArrowLeft: "left", ArrowRight: "right", f: "full", m: "mute",
  c: "captions", r: "read", g: "gaps", n: "note", ">": "faster", "<": "slower", "?": "keys",
};
const STEPS = { back: -10e3, forward: 10e3, left: -5e3, right: 5e3 };
const SPEED = "duxue.speed";
const LETTERS = "duxue.keys";

function saved(key) {
  try {
    return localStorage.getItem(key);
  } catch (error) {
    return null;
  }
}

function save(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch (error) {
    // Then it holds for this page only.
  }
}

export class Controls {
  // acts: what buttons and keys outside the bar do, by name: {read, gaps, note, full}; say(text) announces.
  constructor(root, stage, words, acts, say) {
    Object.assign(this, { root, stage, words, acts, say });
    this.bar = root.querySelector("[data-bar]");
    this.time = root.querySelector("[data-time]");
    this.scrub = root.querySelector("[data-scrub]");
    this.speed = root.querySelector("[data-speed]");
    this.panel = root.querySelector("[data-keys]");
    stage.video.controls = false;
    this.bar.classList.remove("is-later");
    this.scrub.classList.remove("is-later");
    this.buttons();
    this.speeds();
    this.keyList();
    stage.on("timeupdate durationchange seeked", () => this.tell());
    stage.on("play pause volumechange ended", () => this.state());
    document.addEventListener("keydown", (event) => this.key(event));
    this.tell();
    this.state();
  }

  buttons() {
    for (const button of this.root.querySelectorAll("[data-do]")) {
      button.addEventListener("click", () => this.act(button.dataset.do));
    }
    this.scrub.addEventListener("input", () => this.stage.go(Number(this.scrub.value)));
    this.stage.video.addEventListener("click", () => this.act("play"));
  }

  speeds() {
    const { speed } = this;
    const known = saved(SPEED);
    if (Array.from(speed.options).some((each) => each.value === known)) speed.value = known;
    this.stage.rate = Number(speed.value);
    speed.addEventListener("change", () => {
      this.stage.rate = Number(speed.value);
      save(SPEED, speed.value);
    });
  }

  // Screen readers and dictation use letters for themselves: here they can be switched off.
  keyList() {
    const box = this.panel.querySelector("input");
    this.letters = saved(LETTERS) !== "off";
    box.checked = this.letters;
    box.addEventListener("change", () => {
      this.letters = box.checked;
      save(LETTERS, box.checked ? "on" : "off");
    });
    this.panel.querySelector("[data-close]").addEventListener("click", () => this.keys(false));
  }

  // stream: what arrives, and how it is chosen; offered: {hls, audio_only} addresses or null
  qualities(stream, offered) {
    const select = this.root.querySelector("[data-quality]");
    if (!select || !(offered.hls || offered.audio_only)) return;
    for (const option of Array.from(select.options)) {
      if ((option.value === "saver" && !offered.hls) || (option.value === "sound" && !offered.audio_only)) option.remove();
    }
    select.parentElement.hidden = false;
    select.addEventListener("change", () => stream.choose(select.value));
  }

  act(what) {
    const { stage } = this;
    const video = stage.video;
    if (what in STEPS) stage.go(stage.ms + STEPS[what]);
    else if (what === "play") this.play();
    else if (what === "mute") video.muted = !video.muted;
    else if (what === "captions") this.captions();
    else if (what === "keys") this.keys(this.panel.hidden);
    else if (what === "faster" || what === "slower") this.step(what === "faster" ? 1 : -1);
    else if (this.acts[what]) this.acts[what]();
  }

  play() {
    if (this.stage.running) this.stage.pause();
    else this.stage.play().catch(() => {});
  }

  step(by) {
    const { speed } = this;
    speed.selectedIndex = Math.min(speed.options.length - 1, Math.max(0, speed.selectedIndex + by));
    speed.dispatchEvent(new Event("change"));
    this.say(this.words.speed.replace("{n}", speed.value));
  }

  keys(open) {
    const button = this.bar.querySelector('[data-do="keys"]');
    this.panel.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    if (open) this.panel.focus();
    else button.focus();
  }

  captions() {
    const tracks = Array.from(this.stage.video.textTracks);
    const shown = tracks.some((track) => track.mode === "showing");
    const best = tracks.find((track) => track.language === this.language) || tracks[0];
    for (const track of tracks) track.mode = !shown && track === best ? "showing" : "hidden";
    const button = this.bar.querySelector('[data-do="captions"]');
    if (button) button.setAttribute("aria-pressed", String(!shown && Boolean(best)));
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.defaultPrevented) return;
    if (event.key === "Escape" && !this.panel.hidden) this.keys(false);
    if (event.target.closest("input:not([type=range]), textarea, select")) return;
    const what = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!what || (event.key.length === 1 && event.key !== " " && !this.letters)) return;
    // A button keeps its own key, the ruler and what scrolls its arrows.
    if (event.key === " " && event.target.closest("button, a, summary, [tabindex='0']")) return;
    if (event.key.startsWith("Arrow") && event.target.closest("[data-scrub], [tabindex='0']")) return;
    event.preventDefault();
    this.act(what);
  }

  tell() {
    const length = this.stage.lengthMs; // the same everywhere on the page: a file's own may be a second off
    const at = Math.min(length, this.stage.ms);
    const said = this.words.position.replace("{at}", clock(at)).replace("{length}", clock(length));
    this.time.textContent = `${clock(at)} / ${clock(length)}`;
    this.scrub.max = Math.round(length);
    this.scrub.value = Math.round(at);
    this.scrub.style.setProperty("--at", `${Math.min(100, (at / length) * 100)}%`);
    this.scrub.setAttribute("aria-valuetext", said);
  }

  state() {
    const playing = this.stage.running;
    const play = this.bar.querySelector('[data-do="play"]');
    play.setAttribute("aria-label", playing ? this.words.pause : this.words.play);
    play.querySelector(".when-paused").toggleAttribute("hidden", playing);
    play.querySelector(".when-playing").toggleAttribute("hidden", !playing);
    const mute = this.bar.querySelector('[data-do="mute"]');
    if (mute) mute.setAttribute("aria-pressed", String(this.stage.video.muted));
  }
}
