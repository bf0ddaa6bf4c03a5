// The academy's own WebVTT (plain cues, nothing but text) as [{start, end, text}] in ms. The browser's text tracks
// are for the picture: a web view without them, or a picture that does not come, must not take the words away.
const TIMES = /^(?:(\d+):)?(\d+):(\d+)\.(\d{3})\s+-->\s+(?:(\d+):)?(\d+):(\d+)\.(\d{3})/;
const NAMES = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&nbsp;": " ", "&lrm;": "", "&rlm;": "" };

function ms(hours, minutes, seconds, rest) {
  return ((Number(hours || 0) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000 + Number(rest);
}

export function cues(text) {
  const found = [];
  for (const block of text.replace(/\r\n?/g, "\n").split(/\n{2,}/)) {
    const lines = block.split("\n").filter((line) => line !== "");
    const at = lines.findIndex((line) => TIMES.test(line));
    if (at < 0 || at > 1) continue;
    const [, ...parts] = TIMES.exec(lines[at]);
    const said = lines.slice(at + 1).join(" ").replace(/&[a-z]+;/g, (name) => (name in NAMES ? NAMES[name] : name));
    if (said.trim()) found.push({ start: ms(...parts.slice(0, 4)), end: ms(...parts.slice(4)), text: said.trim() });
  }
  return found.sort((a, b) => a.start - b.start);
}

// The cues at an address; [] when they do not come.
export async function load(url) {
  try {
    const found = await fetch(url, { headers: { Accept: "text/vtt" } });
    return found.ok ? cues(await found.text()) : [];
  } catch (error) {
    return [];
  }
}
