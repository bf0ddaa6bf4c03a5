/* A file field that uploads resumably (tus). Without the client (window.tus) the plain field serves.
   The form's hidden `upload` field carries the key of the finished upload. */

const PIECE = 8 * 1024 * 1024;
const RETRIES = [0, 1000, 3000, 5000, 10000, 20000, 30000, 60000];

const megabytes = (bytes) => Math.max(bytes / 1e6, 0.1).toFixed(bytes < 1e7 ? 1 : 0);

function fill(text, holes) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in holes ? holes[name] : whole));
}

/* One line of the list: name, state, progress, words. */
class Line {
  constructor(list, file) {
    this.item = document.createElement("li");
    this.item.className = "job";
    const name = document.createElement("p");
    name.className = "name";
    const bold = document.createElement("b");
    bold.textContent = file.name;
    name.append(bold);
    this.bar = document.createElement("progress");
    this.bar.className = "progress";
    this.bar.max = file.size;
    this.bar.value = 0;
    this.bar.setAttribute("aria-label", file.name);
    this.meta = document.createElement("p");
    this.meta.className = "meta";
    this.item.append(name, document.createElement("span"), this.bar, this.meta);
    list.replaceChildren(this.item);
  }

  say(text) {
    if (this.meta.textContent !== text) this.meta.textContent = text;
  }

  at(bytes) {
    this.bar.value = bytes;
  }

  end() {
    this.bar.remove();
  }
}

class Uploader {
  constructor(root) {
    this.root = root;
    this.form = root.closest("form");
    this.field = root.querySelector("input[type=file]");
    this.key = root.querySelector("input[type=hidden]");
    this.list = root.querySelector("[data-jobs]");
    this.words = JSON.parse(root.dataset.words);
    this.most = Number(root.dataset.mostMb);
    this.busy = null;
    this.wanted = null;
    this.field.addEventListener("change", () => this.take(this.field.files[0]));
    this.form.addEventListener("submit", (event) => this.submit(event));
    this.listenToDrops(root.querySelector("[data-drop]"));
  }

  listenToDrops(zone) {
    for (const kind of ["dragenter", "dragover"]) {
      zone.addEventListener(kind, (event) => {
        event.preventDefault();
        zone.classList.add("is-over");
      });
    }
    for (const kind of ["dragleave", "drop"]) zone.addEventListener(kind, () => zone.classList.remove("is-over"));
    zone.addEventListener("drop", (event) => {
      event.preventDefault();
      if (event.dataTransfer.files.length) this.take(event.dataTransfer.files[0]);
    });
  }

  async take(file) {
    if (this.busy) await this.busy.abort();
    this.busy = null;
    this.key.value = "";
    if (!file) return;
    this.line = new Line(this.list, file);
    this.began = { at: performance.now(), bytes: null };
    if (file.size > this.most * 1e6) {
      this.fail(fill(this.words.large, { total: megabytes(file.size), most: this.most }));
      return;
    }
    const upload = new window.tus.Upload(file, this.options(file));
    this.busy = upload;
    const before = await upload.findPreviousUploads();
    if (this.busy !== upload) return; // another file was chosen meanwhile
    if (before.length) upload.resumeFromPreviousUpload(before[0]);
    upload.start();
  }

  options(file) {
    return {
      endpoint: this.root.dataset.endpoint,
      chunkSize: PIECE,
      retryDelays: RETRIES,
      removeFingerprintOnSuccess: true,
      headers: { "X-CSRFToken": this.root.dataset.token },
      metadata: { filename: file.name },
      onShouldRetry: (error) => this.again(error),
      onProgress: (done, total) => this.progress(done, total),
      onError: (error) => this.broken(error),
      onSuccess: () => this.done(file),
    };
  }

  /* The line broke, or somebody else holds the file for a moment: go on. A refusal stays one. */
  again(error) {
    const status = error.originalResponse ? error.originalResponse.getStatus() : 0;
    const goes = status === 0 || status === 409 || status === 423 || status === 429 || status >= 500;
    if (goes && status !== 507) this.line.say(this.words.waiting);
    return goes && status !== 507;
  }

  progress(done, total) {
    if (this.began.bytes === null) this.began.bytes = done;
    this.line.at(done);
    const seconds = (performance.now() - this.began.at) / 1000;
    const speed = (done - this.began.bytes) / seconds;
    const left = speed > 0 ? (total - done) / speed : 0;
    const time =
      left >= 90 ? fill(this.words.minutes, { n: Math.round(left / 60) }) : fill(this.words.seconds, { n: Math.ceil(left) });
    this.line.say(fill(this.words.sending, { done: megabytes(done), total: megabytes(total), left: time }));
  }

  broken(error) {
    this.busy = null;
    const answer = error.originalResponse;
    const ours = answer && answer.getHeader("Tus-Resumable");
    if (ours) this.fail(fill(this.words.failed, { why: answer.getBody() }));
    else if (answer && answer.getStatus() < 500) this.fail(this.words.signed_out); // the sign-in page answered
    else this.fail(this.words.stopped);
  }

  fail(text) {
    this.line.end();
    this.line.say(text);
    this.wanted = null;
    this.field.value = "";
  }

  done(file) {
    this.key.value = this.busy.url.split("/").pop();
    this.busy = null;
    this.field.value = ""; // or the form would send the bytes a second time
    this.line.end();
    this.line.say(fill(this.words.ready, { name: file.name, total: megabytes(file.size) }));
    if (this.wanted) this.form.requestSubmit ? this.form.requestSubmit(this.wanted) : this.form.submit();
  }

  submit(event) {
    if (this.busy) {
      event.preventDefault();
      this.wanted = event.submitter || this.form.querySelector("button[type=submit]");
      this.line.say(this.words.after);
    } else if (this.key.value && this.line) {
      this.line.say(this.words.saving);
    }
  }
}

if (window.tus && window.tus.isSupported) {
  for (const root of document.querySelectorAll("[data-upload]")) new Uploader(root);
}
