const MARKS = { good: "✓", attention: "!", bad: "✗", neutral: "–" };
export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".lineage");
  const make = (tag, cls, text) => {
    const node = document.createElement(tag);
    if (cls) node.className = cls;
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("aria-hidden", "true");
  const lanes = make("div", "lanes");
  const cards = new Map();
  for (const lane of data.lanes) {
    const column = make("div", `lane ${lane.name}`);
    const title = make("h4");
    title.append(make("i"), make("span", "", `${lane.name} · ${lane.nodes.length}`));
    column.append(title);
    for (const node of lane.nodes) {
      const card = make("button", lane.name === "sources" ? "node source" : "node");
      card.type = "button";
      card.title = [node.title, node.why].filter(Boolean).join("\n");
      card.append(make("b", "", node.title), make("span", `mark ${node.health}`, MARKS[node.health] || ""), make("small", "", node.detail));
      card.setAttribute("aria-label", `${lane.name} ${node.title}, ${node.detail}. ${node.why || ""}`);
      card.onclick = () => setTriggerValue("picked", node.id);
      card.onmouseenter = card.onfocus = () => light(node.id);
      card.onmouseleave = card.onblur = () => light(null);
      cards.set(node.id, card);
      column.append(card);
    }
    lanes.append(column);
  }
  root.replaceChildren(svg, lanes);
  const paths = [];
  for (const [from, to] of data.edges) {
    if (!cards.has(from) || !cards.has(to)) continue;
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    svg.append(path);
    paths.push({ from, to, path });
  }
  function draw() {
    svg.setAttribute("width", lanes.offsetWidth);
    svg.setAttribute("height", lanes.offsetHeight);
    const base = lanes.getBoundingClientRect();
    for (const { from, to, path } of paths) {
      const a = cards.get(from).getBoundingClientRect();
      const b = cards.get(to).getBoundingClientRect();
      const x1 = a.right - base.left, y1 = a.top + a.height / 2 - base.top;
      if (Math.abs(a.left - b.left) < 1) { // in the same lane: an arc at its right
        const y3 = b.top + b.height / 2 - base.top, out = 18;
        path.setAttribute("d", `M${x1},${y1} C${x1 + out},${y1} ${x1 + out},${y3} ${x1},${y3}`);
        continue;
      }
      const x2 = b.left - base.left, y2 = b.top + b.height / 2 - base.top;
      const bend = Math.max((x2 - x1) / 2, 26);
      path.setAttribute("d", `M${x1},${y1} C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}`);
    }
  }
  function reach(start, ahead) {
    const seen = new Set([start]);
    const queue = [start];
    while (queue.length) {
      const here = queue.pop();
      for (const { from, to } of paths) {
        const next = ahead && from === here ? to : !ahead && to === here ? from : null;
        if (next !== null && !seen.has(next)) { seen.add(next); queue.push(next); }
      }
    }
    return seen;
  }
  function light(id) {
    const lit = id === null ? new Set() : new Set([...reach(id, true), ...reach(id, false)]);
    for (const [name, card] of cards) card.classList.toggle("lit", lit.has(name));
    for (const { from, to, path } of paths) path.classList.toggle("lit", lit.has(from) && lit.has(to));
  }
  const watcher = new ResizeObserver(draw);
  watcher.observe(lanes);
  draw();
  return () => watcher.disconnect();
}
