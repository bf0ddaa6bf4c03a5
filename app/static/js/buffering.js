// The picture has run dry: after a moment that is said over it, so that nobody thinks time is lost.
const MOMENT = 400;

export function watch(video, note, text) {
  let timer = 0;
  const rest = () => {
    clearTimeout(timer);
    timer = 0;
    note.textContent = "";
  };
  video.addEventListener("waiting", () => {
    if (video.paused || timer) return;
    timer = setTimeout(() => {
      note.textContent = text;
    }, MOMENT);
  });
  ["playing", "pause", "ended", "error", "emptied"].forEach((name) => video.addEventListener(name, rest));
}
