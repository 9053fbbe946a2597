const ROW = 28;
const EXTRA = 12;

export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".beside");
  const make = (tag, cls, text) => {
    const node = document.createElement(tag);
    if (cls) node.className = cls;
    if (text !== undefined && text !== null) node.textContent = text;
    return node;
  };
  const old = [...root.querySelectorAll(".scroll")].map((pane) => [pane.scrollTop, pane.scrollLeft]);
  const same = root.dataset.about === data.about;
  root.dataset.about = data.about;
  root.style.setProperty("--rows", `${data.height}px`);

  function head(pane) {
    const row = make("tr");
    row.append(make("th", "number", ""));
    if (pane.fates) row.append(make("th", "fate", "what happens"));
    for (const column of pane.columns) {
      const cell = make("th", `${column.right ? "right " : ""}${column.mark || ""}`);
      const name = make("div", "name", column.name);
      name.title = column.name;
      const about = make("div", "about");
      about.append(make("span", "", column.type));
      if (column.note) about.append(make("span", "note", column.note));
      const bar = make("div", "fill");
      bar.title = `${column.filled} of ${column.of} rows have a value`;
      const part = make("i");
      part.style.width = `${column.of ? (100 * column.filled) / column.of : 100}%`;
      bar.append(part);
      cell.append(name, about, bar);
      row.append(cell);
    }
    const block = make("thead");
    block.append(row);
    return block;
  }

  function fill(cell, value) { // blanks at the ends can be seen
    const [, before, middle, after] = /^(\s*)(.*?)(\s*)$/s.exec(value);
    if (before) cell.append(make("i", "blank", "\u00b7".repeat(before.length)));
    cell.append(middle);
    if (after) cell.append(make("i", "blank", "\u00b7".repeat(after.length)));
  }

  function line(pane, index) {
    const entry = pane.rows[index];
    const row = make("tr", entry.gone ? "gone" : entry.fate ? "found" : "");
    row.append(make("td", "number", String(entry.n)));
    if (pane.fates) {
      const fate = make("td", "fate");
      if (entry.fate) {
        fate.append(make("b", entry.fate, entry.fate), make("span", "", entry.why));
        fate.title = entry.why;
      }
      row.append(fate);
    }
    entry.cells.forEach((value, at) => {
      const column = pane.columns[at];
      const cell = make("td", column.right ? "right" : "");
      fill(cell, value === null ? "null" : value);
      if (value === null) cell.classList.add("none");
      const was = entry.was && entry.was[at];
      if (was !== undefined) {
        cell.classList.add("changed");
        cell.title = `was: ${was === null ? "null" : was}`;
      } else if (value !== null && value.length > 18) cell.title = value;
      if (entry.at && entry.at.includes(at)) cell.classList.add("pointed");
      row.append(cell);
    });
    return row;
  }

  const panes = data.panes.map((pane) => {
    const box = make("section", "pane");
    const title = make("div", "title");
    title.append(make("strong", "", pane.title), make("span", "", pane.sentence));
    const scroll = make("div", "scroll");
    scroll.tabIndex = 0;
    scroll.setAttribute("role", "region");
    scroll.setAttribute("aria-label", `${pane.title}: ${pane.sentence}`);
    const table = make("table");
    const body = make("tbody");
    table.append(head(pane), body);
    scroll.append(table);
    if (!pane.rows.length) scroll.append(make("p", "empty", pane.empty));
    box.append(title, scroll);
    let from = -1;
    const draw = () => {
      const first = Math.max(0, Math.floor(scroll.scrollTop / ROW) - EXTRA);
      if (first === from) return;
      from = first;
      const last = Math.min(pane.rows.length, first + Math.ceil(data.height / ROW) + 2 * EXTRA);
      const above = make("tr");
      above.style.height = `${first * ROW}px`;
      const below = make("tr");
      below.style.height = `${(pane.rows.length - last) * ROW}px`;
      const lines = [];
      for (let i = first; i < last; i++) lines.push(line(pane, i));
      body.replaceChildren(above, ...lines, below);
    };
    draw();
    return { box, scroll, draw };
  });

  let leading = null;
  panes.forEach((pane, number) => {
    const follow = () => {
      if (Math.abs(pane.scroll.scrollTop - (pane.drawn ?? -999)) >= ROW) {
        pane.drawn = pane.scroll.scrollTop;
        pane.draw();
      }
      if (!data.together || (leading !== null && leading !== number)) return;
      leading = number;
      panes.forEach((other, place) => {
        if (place === number) return;
        other.scroll.scrollTop = pane.scroll.scrollTop;
        if (data.sideways) other.scroll.scrollLeft = pane.scroll.scrollLeft;
      });
      window.clearTimeout(root.still);
      root.still = window.setTimeout(() => (leading = null), 80);
    };
    pane.scroll.onscroll = follow;
  });
  root.replaceChildren(...panes.map((pane) => pane.box));
  if (same) panes.forEach((pane, number) => {
    const [top, left] = old[number] || [0, 0];
    pane.scroll.scrollTop = top;
    pane.scroll.scrollLeft = left;
  });
}
