export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".ledger");
  const make = (tag, cls, text) => {
    const node = document.createElement(tag);
    if (cls) node.className = cls;
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const whole = data.parts.reduce((sum, part) => sum + part.rows, 0) || 1;
  const head = make("div", "head");
  if (data.title) head.append(make("strong", "", data.title));
  head.append(make("span", data.balanced ? "verdict" : "verdict off", data.balanced ? "✓ adds up" : "✗ does not add up"));
  const bar = make("div", "bar");
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", data.sentence);
  const legend = make("ul", "legend");
  legend.append(make("li", "", data.came));
  for (const part of data.parts) {
    const share = part.rows / whole;
    const pick = () => setTriggerValue("picked", part.name);
    const piece = make("button", part.name, share > 0.12 ? `${part.name} ${part.label}` : share > 0.05 ? part.label : "");
    piece.type = "button";
    piece.style.flex = `${Math.max(share, 0.004)} 1 0`;
    piece.title = `${part.name}: ${part.label} (${(share * 100).toFixed(1)}%)`;
    piece.setAttribute("aria-label", piece.title);
    piece.onclick = pick;
    bar.append(piece);
    const item = make("li", "", part === data.parts[0] ? "= " : "+ ");
    const link = make("button");
    link.type = "button";
    link.append(make("i", part.name), make("span", "", `${part.label} ${part.name}`));
    link.onclick = pick;
    item.append(link);
    legend.append(item);
  }
  root.replaceChildren(head, bar, legend);
}
