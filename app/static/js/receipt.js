// What a page that reports shows of it: the bar and its sums, the parts that do not count, whether all is recorded,
// and what happened to the viewing. Used by the player and by the reader of documents.
import { sorted } from "./beats.js";
import { clock, draw, gaps, moveHead, total, united, without } from "./coverage.js";
import { recall, remember } from "./kept.js";
import { Parts, spoken } from "./parts.js";

const MOST_REASONS = 60;
const FINAL = ["disabled", "left_class", "withdrawn"]; // opening anew would change nothing
const NOTICES = { info: "", pending: " notice-pending", refused: " notice-refused", counted: " notice-counted" };

export class Receipt {
  // data: as in the page (words, length_ms, coverage, pending, credit_url, zone, now_ms, checks);
  // acts: {play(spans), answer(), position() in ms, unsent() ranges, skips: whether holes are listed}.
  constructor(data, acts) {
    this.data = data;
    this.words = data.words;
    this.acts = acts;
    this.layers = { counted: united(data.coverage), pending: united(data.pending), refused: [] };
    // What the academy said on loading about what waits; when, only this device may remember.
    this.held = (data.held || []).map(({ range, reason }) => ({ start: range[0], end: range[1], reason }));
    this.reasons = []; // {kind, start, end, reason, at}, newest last
    this.whole = total(this.layers.counted) >= data.length_ms;
    this.box = document.getElementById("coverage");
    this.note = document.getElementById("player-note");
    this.saved = document.getElementById("saved");
    this.live = document.getElementById("player-say");
    this.all = document.getElementById("play-missing");
    this.parts = new Parts(document.getElementById("segments"), data, acts);
    this.away = false;
    this.over = false; // the notice says that the viewing has ended: nothing less takes its place
    this.key = `why.${document.body.dataset.who}.${data.media_version}`;
    if (this.all) this.all.addEventListener("click", () => acts.play(this.missing()));
    this.remembered();
  }

  // The academy's time: a device's own may be years wrong.
  now() {
    return this.data.now_ms ? Math.round(this.data.now_ms + performance.now()) : 0;
  }

  // Why parts did not count is shown after a reload too.
  async remembered() {
    const known = await recall(this.key);
    if (!Array.isArray(known)) return;
    this.reasons = known.concat(this.reasons);
    const refused = known.filter((each) => each.kind === "refused").map(({ start, end }) => [start, end]);
    this.layers.refused = this.layers.refused.concat(refused);
    this.show();
  }

  // A change of state, for those who do not see it.
  announce(text) {
    this.live.textContent = "";
    setTimeout(() => {
      this.live.textContent = text; // anew, so that the same words are said again
    }, 50);
  }

  // A line in place. kind: info, counted, pending, refused; no text: nothing to say any more.
  say(kind, text, ...buttons) {
    this.note.textContent = "";
    this.note.hidden = !text;
    this.note.className = `notice${NOTICES[kind] || ""}`;
    this.away = false;
    this.over = false;
    if (!text) return;
    const line = document.createElement("p");
    line.textContent = text;
    this.note.append(line, ...buttons);
  }

  button(text, act) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-main";
    button.textContent = text;
    button.addEventListener("click", act);
    return button;
  }

  // What the opening, or an answered question, says now counts and waits; ranges or undefined.
  replace(counted, pending) {
    if (counted) this.layers.counted = united(counted);
    if (pending) this.layers.pending = united(pending);
    this.show();
  }

  // The gaps, in order, without what is played and only not acknowledged yet.
  missing() {
    return without(gaps(this.layers), united(this.acts.unsent()));
  }

  show() {
    const { layers, data, words } = this;
    layers.refused = without(united(layers.refused), layers.counted);
    const sums = { counted: total(layers.counted), pending: total(layers.pending), refused: total(layers.refused) };
    const unseen = Math.max(0, data.length_ms - sums.counted - sums.pending - sums.refused);
    const said = words.coverage.replace("{counted}", clock(sums.counted)).replace("{length}", clock(data.length_ms))
      .replace("{pending}", clock(sums.pending)).replace("{refused}", clock(sums.refused));
    draw(this.box, data.length_ms, layers, this.acts.position(), said);
    for (const [kind, ms] of Object.entries({ ...sums, unseen })) {
      document.getElementById(`tally-${kind}`).textContent = clock(ms);
    }
    this.parts.show(this.found());
    this.offer();
    if (!this.whole && sums.counted >= data.length_ms) {
      this.whole = true;
      this.announce(words.complete);
    }
  }

  moved() {
    moveHead(this.box, this.data.length_ms, this.acts.position());
  }

  found() {
    const { layers } = this;
    const over = (start, end) => (each) => each.start < end && each.end > start;
    const why = (kind) => ([start, end]) => {
      const held = kind === "pending" ? this.held.find(over(start, end)) : null;
      const known = this.reasons.filter((each) => each.kind === kind && (!held || held.reason === each.reason))
        .filter(over(start, end)).pop();
      return { kind, start, end, reason: (held || known || { reason: "" }).reason, at: known ? known.at : 0 };
    };
    const skipped = this.acts.skips ? without(gaps(layers), layers.refused) : [];
    return layers.refused.map(why("refused")).concat(layers.pending.map(why("pending")), skipped.map(why("skipped")));
  }

  offer() {
    if (!this.all) return;
    const count = this.found().filter((each) => each.kind !== "pending").length; // as the list has them
    this.all.hidden = count < 2;
    const text = this.words.parts.play_all.replace("{n}", count)
      .replace("{length}", spoken(total(gaps(this.layers)), this.words.length));
    if (count > 1) this.all.querySelector("span").textContent = text;
  }

  // For a Reporter: what became of the ranges that were sent.
  answered(answer, sent) {
    const { counted, pending, refused } = sorted(answer, sent);
    const { layers } = this;
    layers.counted = united(layers.counted.concat(counted));
    layers.refused = layers.refused.concat(refused);
    layers.pending = without(united(layers.pending.concat(pending)), layers.counted);
    this.explain(answer);
    this.show();
    const last = sent[sent.length - 1];
    if (last) this.recorded(Math.min(this.data.length_ms, last[1]));
    if (this.away) {
      this.say("info", "");
      this.announce(this.words.back_online);
    }
    if (answer.mark) this.credit();
  }

  explain(answer) {
    const at = this.now();
    const keep = (kind, reasonOf) => ({ range: [start, end], reason }) => {
      if (end > start && start >= 0) this.reasons.push({ kind, start, end, reason: reasonOf(reason), at });
    };
    // Where the viewing had ended, that is the reason which a person can understand.
    const late = (reason) => (reason === "faster_than_time" && answer.reason ? answer.reason : reason);
    const before = this.reasons.length;
    answer.refused.forEach(keep("refused", late));
    answer.pending.forEach(keep("pending", (reason) => reason));
    if (this.reasons.length === before) return;
    this.reasons = this.reasons.slice(-MOST_REASONS);
    remember(this.key, this.reasons);
  }

  recorded(ms) {
    this.saved.textContent = this.words.saved.replace("{at}", clock(ms));
    this.saved.className = "tag tag-counted";
  }

  // For a Reporter: so much is not acknowledged.
  waiting(ms, failing) {
    if (!failing || !ms) return;
    this.saved.textContent = this.words.kept.replace("{kept}", clock(ms));
    this.saved.className = "tag tag-pending";
    if (this.over) return;
    const text = this.words.away.replace("{kept}", clock(ms));
    if (this.away) this.note.firstChild.textContent = text;
    else this.say("pending", text);
    this.away = true;
  }

  // For a Reporter: the viewing is over. `again` is offered where opening anew can help.
  ended(reason, again) {
    const { words } = this;
    const buttons = FINAL.includes(reason) ? [] : [this.button(words.continue_here, again)];
    this.say("refused", words.ended[reason] || words.ended.other, ...buttons);
    this.over = true;
  }

  async credit() {
    try {
      const found = await fetch(this.data.credit_url, { headers: { Accept: "text/html" } });
      if (!found.ok || found.redirected) return;
      document.getElementById("credit").innerHTML = await found.text(); // our own server's template
    } catch (error) {
      // The statement shows it in any case.
    }
  }
}
