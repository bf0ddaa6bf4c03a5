// Full screen, by whatever the device knows: the standard, Safari's own words for it, on a phone the picture
// alone, and in web views that know none of it a player that fills the window.
function element() {
  return document.fullscreenElement || document.webkitFullscreenElement || null;
}

export class Full {
  constructor(root, video, said) {
    Object.assign(this, { root, video, said });
    this.filling = false;
    for (const name of ["fullscreenchange", "webkitfullscreenchange"]) {
      document.addEventListener(name, () => this.mark(element() === root));
    }
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.filling) this.fill(false);
    });
  }

  mark(on) {
    this.root.classList.toggle("is-full", on);
    this.root.querySelector('[data-do="full"]').setAttribute("aria-pressed", String(on));
  }

  fill(on) {
    this.filling = on;
    document.documentElement.classList.toggle("is-filled", on);
    this.mark(on);
    if (on) this.said();
  }

  toggle() {
    if (this.filling) this.fill(false);
    else if (element()) (document.exitFullscreen || document.webkitExitFullscreen).call(document);
    else this.enter();
  }

  async enter() {
    const { root, video } = this;
    try {
      const known = root.requestFullscreen || root.webkitRequestFullscreen;
      if (known && document.fullscreenEnabled !== false) {
        await known.call(root);
        return;
      }
      if (video.webkitEnterFullscreen && video.webkitSupportsFullscreen !== false) {
        video.webkitEnterFullscreen();
        return;
      }
    } catch (error) {
      // The web view knows the word and does not do it.
    }
    this.fill(true);
  }
}
