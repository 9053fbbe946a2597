const make = (tag, options = {}, ...children) => {
  const { text, ...rest } = options;
  const node = Object.assign(document.createElement(tag), rest);
  if (text !== undefined) node.textContent = text;
  node.append(...children);
  return node;
};

export default function (component) {
  const root = component.parentElement.querySelector(".sql");
  if (!root.editor) root.editor = new Editor(root);
  root.editor.update(component);
}

class Editor {
  constructor(root) {
    this.area = root.querySelector("textarea");
    this.ink = root.querySelector(".ink");
    this.lines = root.querySelector(".lines");
    this.list = root.querySelector(".list");
    this.said = root.querySelector(".said");
    this.find = root.querySelector(".find");
    this.tree = root.querySelector(".tree");
    this.open = new Set();
    this.items = [];
    this.seen = this.synced = null;
    this.area.addEventListener("input", () => { this.error = null; this.draw(); this.suggest(false); this.later(); });
    this.area.addEventListener("scroll", () => this.follow());
    this.area.addEventListener("keydown", (event) => this.key(event));
    this.area.addEventListener("click", () => this.close());
    this.area.addEventListener("blur", () => { this.close(); this.sync(); });
    this.list.addEventListener("mousedown", (event) => {
      const row = event.target.closest("[role=option]");
      event.preventDefault();
      if (row) this.accept(Number(row.dataset.place));
    });
    this.find.addEventListener("input", () => this.branches());
  }

  update(component) {
    this.component = component;
    const { data } = component;
    const first = this.seen === null;
    const schema = JSON.stringify(data.tables);
    if (schema !== this.schema) {
      this.schema = schema;
      this.model = { tables: data.tables, keywords: data.keywords, functions: data.functions, words: new Set(data.keywords) };
      this.calls = new Set(data.functions);
      if (first) data.tables.filter((each) => each.open).forEach((each) => this.open.add(each.layer));
      this.branches();
    }
    if (this.seen !== data.nonce) {
      this.seen = data.nonce;
      this.area.value = this.synced = data.text;
    }
    this.error = data.error;
    this.draw();
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.sync(), 600);
  }

  sync() {
    clearTimeout(this.timer);
    if (this.area.value === this.synced) return;
    this.synced = this.area.value;
    this.component.setStateValue("sql", { nonce: this.seen, text: this.synced });
  }

  run() {
    clearTimeout(this.timer);
    this.close();
    this.synced = this.area.value;
    this.component.setTriggerValue("run", { nonce: this.seen, text: this.synced });
  }

  draw() {
    const text = this.area.value;
    const nodes = tokens(text).map((token) => {
      const upper = token.text.toUpperCase();
      const kind = token.kind !== "word" ? token.kind : this.model.words.has(upper) ? "keyword" : this.calls.has(token.text.toLowerCase()) && text[token.at + token.text.length] === "(" ? "function" : "word";
      return kind === "other" || kind === "word" ? document.createTextNode(token.text) : make("span", { className: kind, text: token.text });
    });
    this.ink.replaceChildren(...nodes, document.createTextNode("\n"));
    const wrong = this.error ? this.error.line : 0;
    this.lines.replaceChildren(...text.split("\n").map((_, place) => make("div", { className: place + 1 === wrong ? "wrong" : "", text: String(place + 1) })));
    this.follow();
  }

  follow() {
    this.ink.style.transform = `translate(${-this.area.scrollLeft}px, ${-this.area.scrollTop}px)`;
    this.lines.style.transform = `translateY(${-this.area.scrollTop}px)`;
  }

  key(event) {
    const open = this.items.length > 0;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); this.run(); }
    else if (event.key === " " && event.ctrlKey) { event.preventDefault(); this.suggest(true); }
    else if (!open) return;
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); this.moved = true; this.choose(this.chosen + (event.key === "ArrowDown" ? 1 : -1)); }
    else if (event.key === "PageDown" || event.key === "PageUp") { event.preventDefault(); this.choose(Math.max(0, Math.min(this.items.length - 1, this.chosen + (event.key === "PageDown" ? 8 : -8)))); }
    else if (event.key === "Enter" && !this.moved && this.items[this.chosen].kind === "keyword") this.close(); // a new line is meant
    else if ((event.key === "Enter" || event.key === "Tab") && !event.shiftKey) { event.preventDefault(); this.accept(this.chosen); }
    else if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); this.close(); }
    else if (["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) this.close();
  }

  suggest(asked) {
    const { typed, items } = suggestions(this.area.value, this.area.selectionStart, this.model, asked);
    this.typed = typed;
    this.items = items;
    if (!items.length) { this.close(); if (asked) this.said.textContent = "No suggestions"; return; }
    this.list.replaceChildren(...items.map((item, place) => {
      const row = make("div", { id: `sql-option-${place}`, className: item.kind }, make("i", { text: item.kind[0] }), make("span", { text: item.label }), make("small", { text: item.detail }));
      row.setAttribute("role", "option");
      row.setAttribute("aria-label", `${item.label}, ${item.kind} ${item.detail}`);
      row.dataset.place = place;
      return row;
    }));
    this.list.hidden = false;
    this.area.setAttribute("aria-expanded", "true");
    this.said.textContent = `${items.length} suggestions`;
    this.moved = asked;
    this.place();
    this.choose(0);
  }

  place() {
    const before = this.area.value.slice(0, this.area.selectionStart - this.typed.length);
    const line = before.split("\n").length - 1, column = before.length - before.lastIndexOf("\n") - 1;
    const style = getComputedStyle(this.area), height = parseFloat(style.lineHeight);
    const pen = document.createElement("canvas").getContext("2d");
    pen.font = style.font;
    const width = pen.measureText("0".repeat(100)).width / 100;
    const left = parseFloat(style.paddingLeft) + column * width - this.area.scrollLeft;
    const top = parseFloat(style.paddingTop) + (line + 1) * height - this.area.scrollTop;
    const room = this.area.clientHeight - top;
    this.list.style.left = `${Math.max(0, Math.min(left - 26, this.area.clientWidth - 280))}px`;
    this.list.style.top = room > 90 ? `${top + 2}px` : "auto";
    this.list.style.bottom = room > 90 ? "auto" : `${this.area.clientHeight - top + height + 2}px`;
    this.list.style.maxHeight = `${Math.min(224, Math.max(90, room > 90 ? room + 26 : top - height))}px`;
  }

  choose(place) {
    const rows = [...this.list.children];
    this.chosen = (place + rows.length) % rows.length;
    rows.forEach((row, each) => row.setAttribute("aria-selected", String(each === this.chosen)));
    this.area.setAttribute("aria-activedescendant", rows[this.chosen].id);
    rows[this.chosen].scrollIntoView({ block: "nearest" });
  }

  accept(place) {
    const item = this.items[place];
    this.area.selectionStart -= this.typed.length;
    this.close();
    this.insert(item.insert);
  }

  close() {
    this.items = [];
    this.list.hidden = true;
    this.area.setAttribute("aria-expanded", "false");
    this.area.removeAttribute("aria-activedescendant");
  }

  insert(text) {
    this.area.focus();
    // Keeps the browser's own undo; where it is gone the text still gets in.
    if (!document.execCommand("insertText", false, text)) {
      this.area.setRangeText(text, this.area.selectionStart, this.area.selectionEnd, "end");
      this.draw();
      this.later();
    }
    this.close();
  }

  use(table) {
    const text = this.area.value;
    this.insert(text.trim() ? this.spaced(table.sql) : `SELECT *\nFROM ${table.sql}\nLIMIT 100`);
  }

  spaced(name) {
    const before = this.area.value.slice(0, this.area.selectionStart);
    return before && !/[\s(.,]$/.test(before) ? ` ${name}` : name;
  }

  branches() {
    const wanted = this.find.value.trim().toLowerCase();
    const found = [];
    let layer = "", hits = 0;
    for (const table of this.model.tables) {
      const own = table.name.toLowerCase().includes(wanted);
      const columns = table.columns.filter(([name]) => own || name.toLowerCase().includes(wanted));
      if (wanted && !own && !columns.length) continue;
      if (table.layer !== layer) found.push(make("div", { className: `layer ${table.layer}`, text: (layer = table.layer) }));
      if (++hits > 300) { found.push(make("p", { text: "More tables: search." })); break; }
      found.push(this.branch(table, wanted && !own ? columns : table.columns, Boolean(wanted) && !own));
    }
    if (!found.length) found.push(make("p", { text: wanted ? "Nothing has this name." : "No tables yet." }));
    this.tree.replaceChildren(...found);
  }

  branch(table, columns, opened) {
    const own = table.name.slice(table.name.indexOf(".") + 1);
    const toggle = make("button", { type: "button", className: "toggle" });
    const name = make("button", { type: "button", className: "name", text: own, title: table.error || `${table.name}, ${table.rows}: insert its name` });
    const head = make("div", { className: "table" }, toggle, name, make("small", { text: table.error ? "unreadable" : table.rows }));
    const inside = make("div", { className: "columns" });
    const node = make("div", {}, head, inside);
    const show = (is) => {
      toggle.setAttribute("aria-expanded", String(is));
      toggle.setAttribute("aria-label", `Columns of ${table.name}`);
      inside.hidden = !is;
      if (!is || inside.childElementCount) return;
      inside.append(...columns.map(([label, sql, type]) => {
        const row = make("button", { type: "button", className: label.startsWith("_") ? "own" : "", title: `${label} ${type}: insert its name` }, make("span", { text: label }), make("small", { text: type }));
        row.onclick = () => this.insert(this.spaced(sql));
        return row;
      }));
      if (table.more && !opened) inside.append(make("p", { text: `and ${table.more} more columns` }));
    };
    toggle.onclick = () => { const is = !this.open.has(table.name); is ? this.open.add(table.name) : this.open.delete(table.name); show(is); };
    name.onclick = () => this.use(table);
    show(opened || this.open.has(table.name));
    return node;
  }
}
