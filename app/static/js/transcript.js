// The transcript beside the picture: follows it, can be searched, and a click goes there.
import { clock } from "./coverage.js";

export class Transcript {
  constructor(box, search, found, words, seek) {
    Object.assign(this, { box, search, found, words, seek, rows: [], now: null, hit: -1 });
    search.addEventListener("input", () => this.find());
    search.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      this.next();
    });
  }

  show(cues) {
    this.box.textContent = "";
    this.rows = Array.from(cues, (cue) => {
      const row = document.createElement("p");
      const time = document.createElement("a");
      const words = document.createElement("span");
      time.className = "num";
      time.href = `#t=${Math.floor(cue.startTime)}`;
      time.textContent = clock(cue.startTime * 1000);
      time.addEventListener("click", (event) => {
        event.preventDefault();
        this.seek(cue.startTime);
      });
      words.textContent = cue.getCueAsHTML ? cue.getCueAsHTML().textContent : cue.text;
      row.append(time, words);
      this.box.append(row);
      return { row, words, text: words.textContent, start: cue.startTime, end: cue.endTime };
    });
    this.find();
  }

  follow(seconds) {
    const now = this.rows.find((each) => each.start <= seconds && seconds < each.end) || null;
    if (now === this.now) return;
    if (this.now) this.now.row.classList.remove("is-now");
    this.now = now;
    if (!now) return;
    now.row.classList.add("is-now");
    const box = this.box;
    if (box.scrollHeight > box.clientHeight) box.scrollTop = now.row.offsetTop - box.offsetTop - box.clientHeight / 3;
  }

  find() {
    const wanted = this.search.value.trim().toLowerCase();
    this.hits = [];
    for (const each of this.rows) {
      each.words.textContent = "";
      let rest = each.text;
      while (wanted) {
        const at = rest.toLowerCase().indexOf(wanted);
        if (at < 0) break;
        const mark = document.createElement("mark");
        mark.textContent = rest.slice(at, at + wanted.length);
        each.words.append(rest.slice(0, at), mark);
        this.hits.push(each);
        rest = rest.slice(at + wanted.length);
      }
      each.words.append(rest);
    }
    this.hit = -1;
    this.found.textContent = wanted ? this.words.found.replace("{n}", this.hits.length) : "";
  }

  next() {
    if (!this.hits.length) return;
    this.hit = (this.hit + 1) % this.hits.length;
    const row = this.hits[this.hit].row;
    this.box.scrollTop = row.offsetTop - this.box.offsetTop - this.box.clientHeight / 3;
    this.found.textContent = this.words.found_at.replace("{k}", this.hit + 1).replace("{n}", this.hits.length);
  }
}
