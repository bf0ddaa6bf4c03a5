// A mark of the class says whose it is when somebody points at it, and opens that learner. Who is where is asked for
// when it is first needed; without scripts the table says the same.
const REACH = 14; // px on the screen

function within(box, x, y) {
  return x >= box.left && x <= box.right && y >= box.top && y <= box.bottom;
}

class Marks {
  constructor(frame) {
    this.frame = frame;
    this.tip = document.createElement("a");
    this.tip.className = "mark-tip";
    this.tip.hidden = true;
    this.tip.tabIndex = -1; // whoever has no pointer has the table
    frame.append(this.tip);
    frame.addEventListener("pointermove", (event) => this.point(event));
    frame.addEventListener("pointerdown", (event) => this.point(event));
    frame.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse") this.tip.hidden = true;
    });
    // A finger has no hovering: its first tap says who it is, a tap on the name opens it.
    frame.addEventListener("click", (event) => {
      if (this.mouse && !this.tip.hidden && event.target !== this.tip) location.assign(this.tip.href);
    });
  }

  async load() {
    if (!this.asked) {
      const wanted = fetch(this.frame.dataset.marks, { headers: { Accept: "application/json" } });
      this.asked = wanted.then((answer) => (answer.ok ? answer.json() : { marks: [] }));
    }
    try {
      return (await this.asked).marks;
    } catch (error) {
      this.asked = null; // offline: the next pointing asks again
      return [];
    }
  }

  async point(event) {
    if (event.target === this.tip) return;
    this.mouse = event.pointerType === "mouse";
    const { clientX, clientY } = event;
    const marks = await this.load();
    const drawing = Array.from(this.frame.querySelectorAll("svg")).find((each) => each.clientWidth > 0);
    if (!drawing) return;
    const box = drawing.getBoundingClientRect();
    const scale = box.width / drawing.viewBox.baseVal.width;
    const narrow = drawing.classList.contains("narrow-only") ? 2 : 0;
    let best = null;
    let nearest = REACH * REACH;
    if (within(box, clientX, clientY)) {
      for (const mark of marks) {
        const x = box.left + mark[narrow] * scale - clientX;
        const y = box.top + mark[narrow + 1] * scale - clientY;
        if (x * x + y * y < nearest) [best, nearest] = [mark, x * x + y * y];
      }
    }
    this.show(best, narrow, scale, box);
  }

  show(mark, narrow, scale, box) {
    this.tip.hidden = !mark;
    this.frame.classList.toggle("is-pointed", Boolean(mark));
    if (!mark) return;
    const [name, text, key] = mark.slice(4);
    const strong = document.createElement("b");
    strong.textContent = name;
    this.tip.replaceChildren(strong, text);
    this.tip.href = this.frame.dataset.learners + key;
    const outer = this.frame.getBoundingClientRect();
    const half = this.tip.offsetWidth / 2;
    const x = box.left - outer.left + mark[narrow] * scale;
    this.tip.style.left = `${Math.min(Math.max(x, half), outer.width - half)}px`;
    this.tip.style.top = `${box.top - outer.top + mark[narrow + 1] * scale}px`;
  }
}

for (const frame of document.querySelectorAll("[data-marks]")) new Marks(frame);
for (const hint of document.querySelectorAll("[data-marks-hint]")) hint.hidden = false;
