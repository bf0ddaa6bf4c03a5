// The parts of a lesson that do not count yet: which, since when, why, and what to do about each.
import { clock } from "./coverage.js";

const SHOWN = 4; // a long list folds
const LEAST = 1; // shorter holes than this (ms) nobody can see

// "38 seconds", "2 min 10 s"; never less than it is.
export function spoken(ms, words) {
  const all = Math.max(1, Math.ceil(ms / 1000));
  const minutes = Math.floor(all / 60);
  const seconds = all % 60;
  if (!minutes) return seconds === 1 ? words.second : words.seconds.replace("{s}", seconds);
  return (seconds ? words.both : words.minutes).replace("{m}", minutes).replace("{s}", seconds);
}

function make(name, className, text) {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

export class Parts {
  // acts: {play(spans), answer()}
  constructor(list, data, acts) {
    Object.assign(this, { list, words: data.words, acts, drawn: "", open: false });
    this.when = new Intl.DateTimeFormat(document.documentElement.lang, {
      timeZone: data.zone, month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
    });
  }

  // parts: [{kind: "refused" | "pending" | "skipped", start, end, reason, at}], ms; `at` in ms since 1970, by the
  // academy's clock, or 0 when it is not known.
  show(parts) {
    const found = parts.filter((each) => each.end - each.start >= LEAST).sort((a, b) => a.start - b.start);
    const drawn = JSON.stringify([found, this.open]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const focused = this.list.contains(document.activeElement) ? document.activeElement.dataset.key : "";
    this.list.textContent = "";
    const shown = this.open ? found : found.slice(0, SHOWN);
    shown.forEach((part) => this.list.append(this.item(part)));
    if (found.length > SHOWN) this.list.append(this.fold(parts, found.length));
    if (focused) this.focus(focused);
  }

  focus(key) {
    const buttons = Array.from(this.list.querySelectorAll("button"));
    const again = buttons.find((each) => each.dataset.key === key) || buttons[0];
    if (again) again.focus();
  }

  fold(parts, count) {
    const item = make("li", "fold");
    const text = this.open ? this.words.parts.fewer : this.words.parts.all.replace("{n}", count);
    const button = make("button", "btn btn-text", text);
    button.type = "button";
    button.dataset.key = "fold";
    button.setAttribute("aria-expanded", String(this.open));
    button.addEventListener("click", () => {
      this.open = !this.open;
      this.show(parts);
    });
    item.append(button);
    return item;
  }

  item(part) {
    const words = this.words.parts;
    const item = make("li", "");
    const tag = make("span", `tag tag-${part.kind}`);
    const swatch = make("span", `swatch swatch-${part.kind}`);
    swatch.setAttribute("aria-hidden", "true");
    tag.append(swatch, words[part.kind]);
    const length = spoken(part.end - part.start, this.words.length);
    const range = words.range.replace("{from}", clock(part.start)).replace("{to}", clock(part.end)).replace("{length}", length);
    item.append(tag, make("p", "num", range), make("p", "why-text", this.why(part)), this.button(part, length));
    return item;
  }

  why(part) {
    const { reasons, parts } = this.words;
    if (part.kind === "skipped") return parts.passed;
    const why = reasons[part.reason] || (part.kind === "pending" ? reasons.network_away : reasons.other);
    return part.at ? parts.when.replace("{when}", this.when.format(part.at)).replace("{why}", why) : why;
  }

  button(part, length) {
    const asks = part.kind === "pending";
    const button = make("button", asks ? "btn" : "btn btn-soft");
    button.type = "button";
    button.dataset.key = `${part.start}-${part.end}`;
    if (asks) button.append(part.reason === "presence_check" ? this.words.parts.answer : this.words.parts.confirm);
    else button.append(icon("play"), this.words.parts.play.replace("{length}", length));
    button.addEventListener("click", () => (asks ? this.acts.answer() : this.acts.play([[part.start, part.end]])));
    return button;
  }
}
