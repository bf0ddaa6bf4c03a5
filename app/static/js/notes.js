// Notes at places of the lesson: written, changed and deleted beside the picture. Without this the same forms are
// sent the ordinary way. What could not be saved stays where it was typed.
import { clock } from "./coverage.js";

export class Notes {
  // told: {position() in ms, go(ms), open(), say(text), signIn()}
  constructor(box, data, told) {
    Object.assign(this, { box, data, told, words: data.words.notes });
    this.form = box.querySelector("[data-new]");
    this.list = box.querySelector("[data-list]");
    this.error = box.querySelector("[data-error]");
    this.count = document.querySelector("[data-note-count]");
    this.at = this.form.elements.at;
    this.text = this.form.elements.text;
    this.place = 0;
    this.text.addEventListener("input", () => this.mark());
    this.text.addEventListener("focus", () => this.mark());
    this.form.addEventListener("submit", (event) => this.add(event));
    this.list.addEventListener("click", (event) => this.click(event));
    this.list.addEventListener("submit", (event) => this.remove(event));
    box.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !event.target.form) return;
      event.target.form.querySelector("[type=submit]").click();
    });
  }

  // The place of a note is where the lesson stood when its first letter was typed.
  mark() {
    if (this.text.value.length > 1 && this.at.value) return;
    this.place = Math.round(this.told.position());
    this.at.value = clock(this.place);
  }

  begin() {
    this.told.open();
    this.text.focus();
  }

  async add(event) {
    event.preventDefault();
    const typed = this.at.value.trim();
    const at = typed === clock(this.place) ? this.place : this.read(typed);
    const done = await this.send(this.form.action, { text: this.text.value, at_ms: at }, this.words.saved);
    if (!done) return;
    this.text.value = "";
    this.at.value = "";
    this.text.focus();
  }

  // As it was typed: the academy says what is wrong with it.
  read(typed) {
    const parts = typed.split(/[:：]/).map(Number);
    const seconds = parts.reduce((sum, part) => sum * 60 + part, 0);
    return Number.isFinite(seconds) ? Math.round(seconds * 1000) : -1;
  }

  click(event) {
    const note = event.target.closest("[data-note]");
    if (!note) return;
    if (event.target.closest("[data-go]")) {
      event.preventDefault();
      this.told.go(Number(note.dataset.at));
    } else if (event.target.closest("[data-change]")) {
      event.preventDefault();
      this.edit(note, event.target.closest("[data-change]").href);
    }
  }

  edit(note, url) {
    const shown = note.querySelector("[data-text]");
    if (shown.hidden) return;
    const form = this.box.querySelector("[data-edit]").content.firstElementChild.cloneNode(true);
    const { text } = form.elements;
    const close = () => {
      form.remove();
      shown.hidden = false;
      note.querySelector("[data-change]").focus();
    };
    text.value = shown.textContent;
    shown.hidden = true;
    note.append(form);
    text.focus();
    form.querySelector("[data-cancel]").addEventListener("click", close);
    form.addEventListener("keydown", (event) => {
      if (event.key === "Escape") close();
    });
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      event.stopPropagation();
      const done = await this.send(url, { text: text.value, at_ms: null }, this.words.changed);
      const again = done && document.getElementById(note.id);
      if (again) again.querySelector("[data-change]").focus();
    });
  }

  // No question first: what was deleted can be written back.
  async remove(event) {
    event.preventDefault();
    const note = event.target.closest("[data-note]");
    const gone = { text: note.querySelector("[data-text]").textContent, at_ms: Number(note.dataset.at) };
    if (!(await this.send(event.target.action, {}, this.words.removed))) return;
    const undo = document.createElement("button");
    undo.type = "button";
    undo.className = "link";
    undo.textContent = this.words.undo;
    undo.addEventListener("click", () => this.send(this.form.action, gone, this.words.saved));
    this.error.className = "small muted note-said";
    this.error.textContent = `${this.words.removed} `;
    this.error.append(undo);
    this.error.hidden = false;
    undo.focus();
  }

  // What is saved must not come back as a draft (drafts.js).
  settled() {
    try {
      sessionStorage.removeItem("duxue.draft");
    } catch (error) {
      // Then there is none.
    }
  }

  wrong(text) {
    this.error.className = "error note-said";
    this.error.textContent = text;
    this.error.hidden = !text;
    if (text) this.told.say(text);
  }

  // True when the academy has it.
  async send(url, body, said) {
    try {
      const sent = await fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": this.data.csrf },
        body: JSON.stringify(body),
      });
      if (sent.status === 401 || sent.redirected) {
        this.told.signIn(); // what was typed is kept by drafts.js, and stands here again
        return false;
      }
      const answer = await sent.json();
      if (sent.ok) this.settled();
      this.wrong(sent.ok ? "" : answer.text || this.words.lost);
      if (!sent.ok) return false;
      this.list.innerHTML = answer.html; // our own server's template
      this.count.textContent = answer.count || "";
      this.box.querySelector("[data-none]").hidden = answer.count > 0;
      this.told.say(said);
      return true;
    } catch (error) {
      this.wrong(this.words.lost);
      return false;
    }
  }
}
