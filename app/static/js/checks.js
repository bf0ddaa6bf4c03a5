// Presence checks under the picture: asked without countdown, answered now or later, by any key or pointer.
// Without this module the same forms are sent the ordinary way.

export class Checks {
  // told: {changed(counted, pending, credited), again(ms)?}: `again` when a part has to be watched once more from there
  constructor(box, data, told) {
    Object.assign(this, { box, data, told, url: `/lessons/${data.lesson}/checks`, busy: false, again: false });
    this.said = document.createElement("div");
    this.said.className = "check-said";
    this.said.setAttribute("role", "status");
    this.said.tabIndex = -1;
    this.box.before(this.said);
    this.box.addEventListener("submit", (event) => this.submit(event));
    this.box.addEventListener("input", () => this.wrong(null, ""));
  }

  // What waits now. An answer that is being chosen stays as it is.
  async refresh() {
    if (this.busy) {
      this.again = true;
      return;
    }
    this.busy = true;
    try {
      const found = await fetch(this.url, { headers: { Accept: "text/html" } });
      if (found.ok && !found.redirected) this.show(await found.text());
    } catch (error) {
      // Away: what waits, waits; it is asked for again with the next answer.
    }
    this.busy = false;
    if (this.again) {
      this.again = false;
      this.refresh();
    }
  }

  // A question that stands there already stays the same element, whatever comes meanwhile: its choice, its focus, its
  // error, and a finger that is just pressing.
  show(html) {
    const known = new Set(this.keys());
    const within = this.box.contains(document.activeElement);
    const piece = document.createElement("template");
    piece.innerHTML = html; // our own server's template
    const now = Array.from(piece.content.children);
    const wanted = new Set(now.map((each) => this.identity(each)));
    const kept = new Map();
    for (const each of Array.from(this.box.children)) {
      if (wanted.has(this.identity(each))) kept.set(this.identity(each), each);
      else each.remove();
    }
    let at = this.box.firstElementChild;
    for (const each of now) {
      const same = kept.get(this.identity(each));
      if (same) {
        same.querySelector("[data-range]").textContent = each.querySelector("[data-range]").textContent;
        at = same.nextElementSibling; // it stays where it stands, even if another began earlier meanwhile
      } else this.box.insertBefore(each, at);
    }
    const fresh = this.keys().filter((key) => !known.has(key)).length;
    if (fresh) this.say(this.data.words.asked);
    if (within && !this.box.contains(document.activeElement)) {
      if (!now.length && this.said.classList.contains("sr")) this.say(""); // nothing stands below any more
      this.said.focus();
    }
  }

  keys() {
    return Array.from(this.box.querySelectorAll("[data-check]"), (each) => each.dataset.check);
  }

  // What is asked: an answer to it, or a change of its question, makes it another.
  identity(section) {
    const form = section.querySelector("form");
    const { question, asked } = form.elements;
    const shown = form.querySelector("fieldset"); // without what is said to be wrong
    return [section.dataset.check, question && question.value, asked && asked.value, shown && shown.textContent].join("/");
  }

  async submit(event) {
    event.preventDefault();
    const form = event.target;
    const chosen = Array.from(form.querySelectorAll("input[name=chosen]:checked"), (input) => input.value);
    const { question, asked } = form.elements;
    if (question && !chosen.length) {
      this.wrong(form, this.data.words.choose);
      return;
    }
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      const sent = await fetch(this.url, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": this.data.csrf },
        body: JSON.stringify({ check: form.elements.check.value, question: question ? question.value : "", asked: asked ? asked.value : "", chosen }),
      });
      if (sent.status === 401 || sent.redirected) {
        location.assign(this.data.sign_in_url);
        return;
      }
      const answer = await sent.json();
      if (sent.ok) await this.answered(answer);
      else this.wrong(form, answer.text || this.data.words.not_sent);
    } catch (error) {
      this.wrong(form, this.data.words.not_sent);
    }
    button.disabled = false;
    if (document.activeElement === document.body) button.focus(); // it lost the focus when it was disabled
  }

  async answered(answer) {
    sessionStorage.removeItem("duxue.draft"); // it was sent: nothing to put back after signing in
    this.told.changed(answer.coverage, answer.pending, answer.credited);
    if (answer.result === "lapsed" && answer.ranges.length && this.told.again) this.told.again(answer.ranges[0][0]);
    this.say(answer.text, answer.result, answer.explanation);
    await this.refresh();
    this.said.focus();
  }

  // A new question is seen by itself: only those who do not see it are told.
  say(text, result, explanation) {
    this.said.textContent = "";
    this.said.className = result ? "check-said" : "check-said sr";
    if (!text) return;
    if (result) this.said.classList.add("notice", result === "counted" ? "notice-counted" : "notice-pending");
    for (const each of [text, explanation].filter(Boolean)) {
      const line = document.createElement("p");
      line.textContent = each;
      this.said.append(line);
    }
  }

  wrong(form, text) {
    for (const each of this.box.querySelectorAll("form")) this.mark(each, each === form ? text : "");
  }

  mark(form, text) {
    const error = form.querySelector("[data-error]");
    if (!error) return;
    error.hidden = !text;
    if (text) error.querySelector("span").textContent = text;
  }
}
