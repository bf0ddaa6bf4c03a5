// Chooses how a lesson arrives: HLS by the browser itself, HLS through hls.js, or the file as it was uploaded.
// `attach(video, stream)` → { choose(quality), kind }; stream = { hls, original, audio_only, library }, each an
// address or null. `stream.poster` is shown where there is no picture. Whatever fails falls back to the original, at the same place; when nothing is left, the
// element says `error`, as it does for a file.
const HLS_TYPE = "application/vnd.apple.mpegurl";
const SMALL = 480; // "data saver": nothing taller than this

let library = null;

// The library is a classic script that leaves `Hls` behind; it is loaded once, and only where it is needed.
function load(url) {
  if (!library) {
    library = new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = url;
      script.addEventListener("load", () => (window.Hls ? resolve(window.Hls) : reject(new Error("no Hls"))));
      script.addEventListener("error", () => reject(new Error("not loaded")));
      document.head.append(script);
    });
  }
  return library;
}

// Chromium answers "maybe" too, but gives no say in the quality: only where there is nothing else, and on Safari.
function native(video) {
  return video.canPlayType(HLS_TYPE) !== "" && (/^Apple/.test(navigator.vendor) || !window.MediaSource);
}

class Stream {
  constructor(video, stream) {
    this.video = video;
    this.stream = stream;
    this.hls = null;
    this.kind = "";
    this.quality = "auto";
    this.healed = false;
    this.round = 0;
    // First of all listeners: a failure that is made good is nobody else's business.
    video.addEventListener("error", (event) => this.failed(event), true);
    if (stream.poster) video.poster = stream.poster;
  }

  // Put a source in; place, speed and whether it runs stay.
  play(url, kind, hls = null) {
    const { video } = this;
    const at = video.currentTime;
    const rate = video.playbackRate;
    const running = !video.paused && !video.ended;
    const there = !hls && !this.hls && video.getAttribute("src") === url && !video.error;
    if (this.hls && this.hls !== hls) this.hls.destroy();
    this.hls = hls;
    this.kind = kind;
    if (there) return;
    video.addEventListener("loadedmetadata", () => {
      if (at > 0) video.currentTime = at;
      video.playbackRate = rate;
      if (running) video.play().catch(() => {});
    }, { once: true });
    if (hls) {
      hls.loadSource(url);
      hls.attachMedia(video);
    } else {
      video.src = url;
    }
  }

  async start(url) {
    this.round += 1;
    const { round } = this;
    if (native(this.video)) {
      this.play(url, "native");
      return;
    }
    const address = this.video.dataset.hls || this.stream.library;
    if (!address || !window.MediaSource) {
      this.fallBack();
      return;
    }
    try {
      const Hls = await load(address);
      if (round !== this.round) return; // another choice came first
      if (!Hls.isSupported()) throw new Error("not supported");
      this.play(url, "hls.js", this.made(Hls));
    } catch (error) {
      if (round === this.round) this.fallBack();
    }
  }

  // No worker: one would need a blob: script, which the pages' policy forbids.
  made(Hls) {
    const hls = new Hls({ enableWorker: false, capLevelToPlayerSize: true, maxBufferLength: 30, backBufferLength: 60 });
    hls.on(Hls.Events.MANIFEST_PARSED, () => this.cap());
    hls.on(Hls.Events.ERROR, (name, data) => {
      if (!data.fatal || hls !== this.hls) return;
      if (data.type === Hls.ErrorTypes.MEDIA_ERROR && !this.healed) {
        this.healed = true;
        hls.recoverMediaError();
      } else {
        this.fallBack();
      }
    });
    return hls;
  }

  cap() {
    if (!this.hls) return;
    const low = this.hls.levels.filter((level) => !level.height || level.height <= SMALL).length;
    this.hls.autoLevelCapping = this.quality === "saver" && low ? low - 1 : -1;
  }

  // The browser's own words about a source: made good where something is left to play.
  failed(event) {
    if (!event.isTrusted || !this.video.error) return;
    if (this.kind === "" || this.kind === "hls.js") {
      event.stopImmediatePropagation(); // nothing is chosen yet; or hls.js reports it too, and heals what it can
    } else if (this.kind === "native" && this.stream.original) {
      event.stopImmediatePropagation();
      this.fallBack();
    }
  }

  fallBack() {
    this.round += 1;
    const { original } = this.stream;
    if (original && this.kind !== "original") {
      this.play(original, "original");
      return;
    }
    if (this.hls) this.hls.destroy();
    this.hls = null;
    this.kind = "";
    this.video.dispatchEvent(new Event("error"));
  }

  // quality: "auto", "saver" (small picture) or "sound" (no picture). Resolves when the source is chosen.
  async choose(quality) {
    const before = this.quality;
    const { hls, original, audio_only: sound } = this.stream;
    this.quality = quality;
    this.healed = false;
    if (quality === "sound" && sound) return this.start(sound);
    if (this.kind === "hls.js" && this.hls && before !== "sound") return this.cap();
    if (hls) return this.start(hls);
    if (original) return this.play(original, "original");
    return this.fallBack();
  }
}

/** Give `video` its material. The answer: { kind, choose(quality) }. */
export function attach(video, stream) {
  const made = new Stream(video, stream || {});
  made.choose("auto");
  return made;
}
