// Captions on the picture, the transcript beside it, and reading instead of watching.
import { Reading } from "./reading.js";
import { Transcript } from "./transcript.js";
import { load } from "./vtt.js";

export class Words {
  // told: {say(text), show() the transcript's tab}
  constructor(stage, data, told) {
    Object.assign(this, { stage, data, told, words: data.words.reading });
    this.any = data.captions.length > 0;
    this.panel = document.getElementById("transcript");
    if (!this.any) return;
    const lang = document.documentElement.lang.slice(0, 2);
    this.language = (data.captions.find((each) => each.language === lang) || data.captions[0]).language;
    this.transcript = new Transcript(
      document.getElementById("transcript-text"), document.getElementById("transcript-search"),
      document.getElementById("transcript-found"), data.words, (ms) => stage.go(ms),
    );
    this.reading = new Reading(stage, this.panel, { on: (on) => this.marked(on), held: (on) => this.held(on) });
    this.button = this.panel.querySelector("[data-read]");
    this.button.hidden = false;
    this.button.addEventListener("click", () => this.toggle());
    this.choice = this.panel.querySelector("[data-language]");
    if (this.choice) {
      this.choice.value = this.language;
      this.choice.addEventListener("change", () => this.use(this.choice.value));
    }
    this.use(this.language);
  }

  async use(language) {
    this.language = language;
    for (const track of Array.from(this.stage.video.textTracks)) {
      track.mode = track.language === language ? "showing" : "disabled";
    }
    const cues = await load(this.data.captions.find((each) => each.language === language).url);
    document.getElementById("transcript-text").lang = language;
    this.transcript.show(cues);
    this.follow(this.stage.ms);
  }

  follow(ms) {
    if (this.transcript) this.transcript.follow(ms);
  }

  toggle(on) {
    if (this.any) this.reading.toggle(on);
  }

  marked(on) {
    document.querySelector(".player-page").classList.toggle("is-reading", on);
    this.button.querySelector("span").textContent = on ? this.words.stop : this.words.start;
    this.button.setAttribute("aria-pressed", String(on));
    this.told.say(on ? this.words.on : this.words.off);
    if (!on) return;
    this.told.show();
    this.panel.scrollIntoView({ block: "start" });
  }

  held(on) {
    this.told.say(on ? this.words.held : this.words.on_again);
  }
}
