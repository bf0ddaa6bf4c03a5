// The coverage bar, redrawn in place over the scale that the server drew.
const SVG = "http://www.w3.org/2000/svg";

export function clock(ms) {
  const whole = Math.floor(ms / 1000);
  const seconds = String(whole % 60).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes}:${seconds}` : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${seconds}`;
}

// Sorted, disjoint spans out of ranges in any order.
export function united(ranges) {
  const spans = [];
  for (const [start, end] of ranges.slice().sort((a, b) => a[0] - b[0])) {
    const last = spans[spans.length - 1];
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else if (end > start) spans.push([start, end]);
  }
  return spans;
}

// The spans without any of the others.
export function without(spans, others) {
  let left = spans;
  for (const [low, high] of others) {
    left = left.flatMap(([start, end]) => [[start, Math.min(end, low)], [Math.max(start, high), end]])
      .filter(([start, end]) => start < end);
  }
  return left;
}

export function total(spans) {
  return spans.reduce((sum, [start, end]) => sum + end - start, 0);
}

// What was passed over: the holes before the furthest place that was played, refused parts among them.
export function gaps(layers) {
  const seen = united(layers.counted.concat(layers.pending));
  const furthest = Math.max(0, ...seen.concat(layers.refused).map(([, end]) => end));
  return without([[0, furthest]], seen);
}

function add(svg, before, name, attributes) {
  const node = document.createElementNS(SVG, name);
  for (const key of Object.keys(attributes)) node.setAttribute(key, attributes[key]);
  svg.insertBefore(node, before);
}

function drawInto(svg, length, layers, head) {
  const width = svg.viewBox.baseVal.width;
  for (const old of svg.querySelectorAll(".counted, .pending, .refused, .refused-x, .head")) old.remove();
  const scale = svg.querySelector(".tick");
  for (const kind of ["counted", "pending", "refused"]) {
    for (const [start, end] of layers[kind]) {
      const x = (start / length) * width;
      const wide = Math.max(1.5, ((end - start) / length) * width);
      const fill = kind === "pending" ? { fill: "url(#hatch)" } : {};
      add(svg, scale, "rect", { class: kind, x, y: 6, width: wide, height: 20, ...fill });
      if (kind === "refused") {
        add(svg, scale, "path", { class: "refused-x", d: `M${x} 26l${wide} -20M${x} 6l${wide} 20M${x + wide / 2} 5v-5` });
      }
    }
  }
  add(svg, null, "path", { class: "head", d: headAt(width, length, head), stroke: "currentColor" });
}

function headAt(width, length, head) {
  const x = (Math.min(length, Math.max(0, head)) / length) * width;
  return `M${x} 6l-4 -6h8zM${x} 6v20`;
}

// The play head alone: cheap enough for every second.
export function moveHead(box, length, head) {
  for (const svg of box.querySelectorAll("svg.coverage-bar")) {
    const path = svg.querySelector(".head");
    if (path) path.setAttribute("d", headAt(svg.viewBox.baseVal.width, length, head));
  }
}

// layers: {counted, pending, refused}, each a list of [start_ms, end_ms].
export function draw(box, length, layers, head, said) {
  for (const svg of box.querySelectorAll("svg.coverage-bar")) {
    drawInto(svg, length, layers, head);
    if (said) svg.setAttribute("aria-label", said);
  }
}
