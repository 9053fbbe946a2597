const NS = "http://www.w3.org/2000/svg";
const LEFT = 8, RIGHT = 10, TOP = 8, LINE = 18, GLYPH = 6.6;
export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".series");
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  const svg = document.createElementNS(NS, "svg");
  svg.setAttribute("role", data.pick ? "group" : "img");
  svg.setAttribute("aria-label", data.alt);
  root.replaceChildren(svg, tip);
  const add = (tag, attributes, text) => {
    const node = document.createElementNS(NS, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    if (text !== undefined) node.textContent = text;
    svg.append(node);
    return node;
  };
  const clip = (text, most) => (text.length <= most ? text : `${text.slice(0, Math.max(most - 1, 1))}…`);

  function live(node, at, x, y) {
    const point = data.points[at];
    node.setAttribute("class", data.pick ? "point pick" : "point");
    node.setAttribute("aria-label", point.told.join(". "));
    const show = () => {
      tip.replaceChildren(...point.told.map(each => Object.assign(document.createElement("div"), { textContent: each })));
      tip.hidden = false;
      tip.style.left = `${Math.max(0, Math.min(x - tip.offsetWidth / 2, root.clientWidth - tip.offsetWidth))}px`;
      tip.style.top = `${y > tip.offsetHeight + 14 ? y - tip.offsetHeight - 10 : y + 14}px`;
    };
    node.onmouseenter = node.onfocus = show;
    node.onmouseleave = node.onblur = () => { tip.hidden = true; };
    if (!data.pick) return;
    const pick = () => setTriggerValue("picked", at);
    node.setAttribute("tabindex", "0");
    node.setAttribute("role", "button");
    node.onclick = pick;
    node.onkeydown = event => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); pick(); } };
  }

  function across(width) { // one horizontal bar a point, its name at the left, its value at its end
    const names = Math.min(0.45 * width, 12 + GLYPH * Math.max(...data.points.map(each => each.label.length)));
    const values = 14 + GLYPH * Math.max(...data.points.map(each => each.text.length));
    const most = Math.max(...data.points.map(each => each.value), 1e-9);
    const row = (data.height - TOP) / data.points.length;
    data.points.forEach((point, at) => {
      const y = TOP + at * row, length = Math.max((width - names - values) * point.value / most, 1);
      add("text", { x: names - 8, y: y + row / 2, class: "name end" }, clip(point.label, names / GLYPH));
      add("text", { x: names + length + 6, y: y + row / 2, class: "name" }, point.text);
      live(add("rect", { x: names, y: y + row * 0.12, width: length, height: row * 0.76, rx: 2, fill: point.colour }), at, names + length / 2, y);
    });
  }

  function along(width) {
    const [low, high] = data.span, count = data.points.length;
    const axis = data.levels.length ? 10 + GLYPH * Math.max(...data.levels.map(each => each[1].length)) : 0;
    const foot = data.places.length ? LINE + 4 : 4;
    const head = data.points.some(each => each.text) ? LINE : 0;
    const left = LEFT + axis, right = width - RIGHT, top = TOP + head, bottom = data.height - foot;
    const slot = (right - left) / data.room;
    const px = at => left + (at + data.room - count + 0.5) * slot;
    const py = value => bottom - (bottom - top) * (Math.min(Math.max(value, low), high) - low) / (high - low || 1);
    for (const [value, text] of data.levels) {
      add("line", { x1: left, x2: right, y1: py(value), y2: py(value), class: "grid" });
      add("text", { x: left - 6, y: py(value), class: "name end" }, text);
    }
    let free = -1;
    for (const [at, text] of data.places) {
      const half = GLYPH * text.length / 2, x = Math.min(Math.max(px(at), half), width - half);
      if (x - half < free) continue; // names never run into each other
      free = x + half + 8;
      add("text", { x, y: bottom + LINE - 4, class: "name middle" }, text);
    }
    const runs = points => points.map(([x, y]) => `${x},${y}`).join(" ");
    const band = data.points.map((each, at) => [at, each.band]).filter(([, each]) => each);
    if (band.length) {
      const ends = [...band.map(([at, each]) => [px(at), py(each[2])]), ...band.reverse().map(([at, each]) => [px(at), py(each[0])])];
      add("polygon", { points: runs(ends), fill: data.shade, class: "band" });
      add("polyline", { points: runs(band.map(([at, each]) => [px(at), py(each[1])])), stroke: data.shade, class: "expected" });
    }
    if (data.kind === "bars") {
      const wide = Math.min(slot * 0.76, 90);
      data.points.forEach((point, at) => {
        const y = py(point.value);
        if (point.text) add("text", { x: px(at), y: y - 9, class: "name middle" }, clip(point.text, slot / GLYPH));
        const bar = { x: px(at) - wide / 2, y: Math.min(y, bottom - 1), width: wide, height: Math.max(bottom - y, 1), rx: 2, fill: point.colour };
        live(add("rect", bar), at, px(at), y);
      });
      return;
    }
    const path = [];
    data.points.forEach((point, at) => {
      if (data.kind === "steps" && at) path.push([px(at), path[path.length - 1][1]]);
      path.push([px(at), py(point.value)]);
    });
    add("polyline", { points: runs(path), stroke: data.stroke, class: "line" });
    data.points.forEach((point, at) => {
      const x = px(at), y = py(point.value), size = point.size / 2, turned = point.mark === "diamond";
      const seen = turned
        ? { x: x - size, y: y - size, width: 2 * size, height: 2 * size, transform: `rotate(45 ${x} ${y})`, fill: point.colour }
        : { cx: x, cy: y, r: size, fill: point.colour };
      add(turned ? "rect" : "circle", seen);
      live(add("circle", { cx: x, cy: y, r: Math.max(size, Math.min(slot / 2, 11)), fill: "transparent" }), at, x, y);
    });
  }

  function draw() {
    const width = root.clientWidth;
    if (!width) return;
    svg.replaceChildren();
    svg.setAttribute("width", width);
    svg.setAttribute("height", data.height);
    if (data.kind === "across") across(width);
    else along(width);
  }
  const watcher = new ResizeObserver(draw);
  watcher.observe(root);
  draw();
  return () => watcher.disconnect();
}
