// The pages of a text or document: turning, finding, enlarging, reading as text. Knows nothing of time.
const SIZES = { document: [50, 75, 100, 125, 150, 200, 300], article: [100, 115, 130, 150, 175, 200] }; // percent
const SPLIT = /([\u2e80-\uffff])\s+(?=[\u2e80-\uffff])/g; // a line that ends within Chinese text is no gap
const AROUND = 18; // letters shown on either side of what was found

export class Leaves {
  // told: {turned(number)}, after another page has been opened
  constructor(root, data, told) {
    Object.assign(this, { root, data, told, number: 0, asText: false, texts: null });
    this.sizes = SIZES[root.dataset.kind];
    this.size = this.sizes.indexOf(100);
    this.sections = Array.from(root.querySelectorAll("[data-page]"));
    this.items = Array.from(document.querySelectorAll("[data-leaf]"));
    this.select = root.querySelector("[data-pages]");
    this.view = root.querySelector("[data-view]");
    this.search = document.getElementById("page-search");
    this.found = document.getElementById("page-found");
    root.addEventListener("click", (event) => this.pressed(event));
    document.addEventListener("keydown", (event) => this.key(event));
    this.select.addEventListener("change", () => this.open(Number(this.select.value)));
    window.addEventListener("hashchange", () => this.open(this.wanted()));
    this.search.addEventListener("input", () => this.find());
    for (const picture of this.pictures()) picture.addEventListener("error", () => this.lost(picture));
    if (data.texts_url) this.load();
  }

  pictures() {
    return Array.from(this.root.querySelectorAll("img[data-src]"));
  }

  // The page that the address names, else the one to go on with.
  wanted() {
    const named = /^#page-(\d{1,4})$/.exec(location.hash);
    const number = named ? Number(named[1]) : this.number || this.data.start;
    return Math.min(Math.max(1, number), this.sections.length);
  }

  open(number, first = false) {
    if (number === this.number || number < 1 || number > this.sections.length) return;
    this.number = number;
    this.sections.forEach((section, index) => { section.hidden = index + 1 !== number; });
    this.fetch(number);
    this.fetch(number + 1);
    this.select.value = String(number);
    for (const item of this.items) {
      const here = Number(item.dataset.leaf) === number;
      item.classList.toggle("is-now", here);
      const link = item.querySelector("a");
      if (here) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    for (const [name, end] of [["previous", 1], ["next", this.sections.length]]) {
      for (const each of this.root.querySelectorAll(`[data-do=${name}]`)) {
        if (number === end) each.setAttribute("aria-disabled", "true");
        else each.removeAttribute("aria-disabled");
      }
    }
    if (!first) {
      history.replaceState(null, "", `#page-${number}`);
      this.view.scrollTop = 0;
      this.toTop();
    }
    this.told.turned(number);
  }

  toTop() {
    const bar = document.querySelector(".player-top");
    const above = this.root.getBoundingClientRect().top - (bar ? bar.offsetHeight : 0);
    if (above < 0) window.scrollBy(0, above);
  }

  // Pictures come when they are needed, and the one after them.
  fetch(number) {
    const section = this.sections[number - 1];
    const picture = section && section.querySelector("img[data-src]");
    if (picture && !picture.src) picture.src = picture.dataset.src;
  }

  lost(picture) {
    const line = document.createElement("p");
    line.className = "notice notice-refused";
    line.textContent = this.data.words.cannot_show;
    if (!picture.previousElementSibling) picture.before(line);
  }

  pressed(event) {
    const control = event.target.closest("[data-do]");
    if (!control || control.getAttribute("aria-disabled") === "true") return;
    const acts = {
      previous: () => this.open(this.number - 1),
      next: () => this.open(this.number + 1),
      smaller: () => this.resize(-1),
      larger: () => this.resize(1),
      text: () => this.readText(),
    };
    acts[control.dataset.do]();
  }

  // Arrow keys turn pages, except where they mean something else already.
  key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.defaultPrevented) return;
    if (event.target.closest("input, select, textarea, [contenteditable]")) return;
    if (this.view.scrollWidth > this.view.clientWidth + 1 && this.view.contains(event.target)) return; // it scrolls
    event.preventDefault();
    this.open(this.number + step);
  }

  resize(step) {
    this.size = Math.min(Math.max(0, this.size + step), this.sizes.length - 1);
    const percent = this.sizes[this.size];
    for (const picture of this.pictures()) picture.style.width = `${percent}%`;
    for (const text of this.root.querySelectorAll(".article, .leaf-text")) text.style.fontSize = `${Math.max(100, percent)}%`;
    this.root.querySelector("[data-zoom]").textContent = this.data.words.zoom.replace("{n}", percent);
    for (const [name, end] of [["smaller", 0], ["larger", this.sizes.length - 1]]) {
      this.root.querySelector(`[data-do=${name}]`).setAttribute("aria-disabled", String(this.size === end));
    }
  }

  readText() {
    this.asText = !this.asText;
    this.root.querySelector("[data-do=text]").setAttribute("aria-pressed", String(this.asText));
    this.root.classList.toggle("is-text", this.asText);
    for (const text of this.root.querySelectorAll("[data-text]")) text.classList.toggle("sr", !this.asText);
  }

  // The texts on the pages: for screen readers, for searching, and to be read instead of the pictures.
  async load() {
    try {
      const found = await fetch(this.data.texts_url, { headers: { Accept: "application/json" } });
      if (!found.ok || found.redirected) return;
      this.texts = (await found.json()).texts;
    } catch (error) {
      return; // the pictures serve meanwhile; the next opening asks again
    }
    this.sections.forEach((section, index) => {
      const text = this.texts[index] || "";
      section.querySelector("[data-text]").textContent = text || this.data.words.no_text;
    });
    if (this.search.value) this.find();
  }

  textOf(number) {
    return this.texts ? this.texts[number - 1] || "" : this.sections[number - 1].textContent;
  }

  // Pages that hold what is looked for, each with the words around it; an empty field shows them all.
  find() {
    const wanted = this.search.value.trim().toLowerCase();
    let hits = 0;
    for (const item of this.items) {
      const text = wanted ? this.textOf(Number(item.dataset.leaf)).replace(SPLIT, "$1").replace(/\s+/g, " ").trim() : "";
      const at = wanted ? text.toLowerCase().indexOf(wanted) : 0;
      const hit = item.querySelector("[data-hit]");
      item.hidden = at < 0;
      hit.hidden = !wanted || at < 0;
      if (wanted && at >= 0) {
        hits += 1;
        hit.textContent = `\u2026${text.slice(Math.max(0, at - AROUND), at + wanted.length + AROUND)}\u2026`;
      }
    }
    const { words } = this.data;
    this.found.textContent = !wanted ? "" : hits ? words.found.replace("{n}", hits) : words.none_found;
  }

  // What has become of every page: `stateOf(range)` says done, begun, pending or todo.
  mark(stateOf) {
    this.data.ranges.forEach((range, index) => {
      const item = this.items[index];
      const state = stateOf(range);
      item.querySelector(".leaf-state").className = `leaf-state is-${state}`;
      item.querySelector("[data-state]").textContent = ` ${this.data.words.states[state]}`;
    });
  }
}
