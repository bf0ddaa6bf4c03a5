// The transcript beside the picture: follows it, can be searched, and a click goes there. Lines that count already
// say so at their edge.
import { clock } from "./coverage.js";

const HANDS_OFF = 6000; // whoever has just scrolled is looking for something

export class Transcript {
  // seek(ms)
  constructor(box, search, found, words, seek) {
    Object.assign(this, { box, search, found, words, seek, rows: [], now: null, hits: [], hit: -1, scrolled: -HANDS_OFF });
    search.addEventListener("input", () => this.find());
    search.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      this.next(event.shiftKey ? -1 : 1);
    });
    for (const name of ["wheel", "touchmove", "keydown"]) {
      box.addEventListener(name, () => {
        this.scrolled = performance.now();
      }, { passive: true });
    }
  }

  show(cues) {
    this.box.textContent = "";
    this.now = null;
    this.rows = cues.map((cue) => {
      const row = document.createElement("p");
      const time = document.createElement("a");
      const words = document.createElement("span");
      time.className = "num";
      time.href = `#t=${Math.floor(cue.start / 1000)}`;
      time.textContent = clock(cue.start);
      time.addEventListener("click", (event) => {
        event.preventDefault();
        this.seek(cue.start);
      });
      row.append(time, words);
      this.box.append(row);
      return { row, words, ...cue };
    });
    this.find();
  }

  // The line at this place, or the last one before it.
  line(ms) {
    let low = 0;
    let high = this.rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.rows[middle].start <= ms) low = middle + 1;
      else high = middle;
    }
    return this.rows[low - 1] || null;
  }

  follow(ms) {
    const now = this.line(ms);
    if (now === this.now) return;
    if (this.now) {
      this.now.row.classList.remove("is-now");
      this.now.row.removeAttribute("aria-current");
    }
    this.now = now;
    if (!now) return;
    now.row.classList.add("is-now");
    now.row.setAttribute("aria-current", "true");
    if (performance.now() - this.scrolled > HANDS_OFF) this.bring(now.row);
  }

  bring(row) {
    const { box } = this;
    if (box.scrollHeight > box.clientHeight) box.scrollTop = row.offsetTop - box.clientHeight / 3;
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
        this.hits.push({ row: each.row, mark });
        rest = rest.slice(at + wanted.length);
      }
      each.words.append(rest);
    }
    this.hit = -1;
    this.found.textContent = wanted ? this.words.found.replace("{n}", this.hits.length) : "";
  }

  next(step) {
    const count = this.hits.length;
    if (!count) return;
    if (this.hit >= 0) this.hits[this.hit].mark.classList.remove("is-hit");
    this.hit = this.hit < 0 && step < 0 ? count - 1 : (this.hit + step + count) % count;
    this.hits[this.hit].mark.classList.add("is-hit");
    this.scrolled = performance.now();
    this.bring(this.hits[this.hit].row);
    this.found.textContent = this.words.found_at.replace("{k}", this.hit + 1).replace("{n}", count);
  }
}
