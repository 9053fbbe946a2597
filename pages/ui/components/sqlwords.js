// Reading SQL well enough to colour it and to guess what comes next. No part of it runs anything.
const TOKEN = /(--[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|('(?:[^']|'')*(?:'|$))|("(?:[^"]|"")*(?:"|$))|(\d+(?:\.\d+)?)|([A-Za-z_]\w*)|(\s+|.)/gy;
const CLASSES = ["comment", "string", "quoted", "number", "word", "other"];

function tokens(text) {
  const found = [];
  TOKEN.lastIndex = 0;
  for (let match; (match = TOKEN.exec(text)) && match[0]; ) {
    found.push({ kind: CLASSES[match.slice(1).findIndex((part) => part !== undefined)], text: match[0], at: match.index });
  }
  return found;
}

const same = (one, other) => one.toLowerCase() === other.toLowerCase();
const bare = (name) => (name.startsWith('"') ? name.replace(/^"|"$/g, "").replace(/""/g, '"') : name);

// Tables the statement names, each with what it may be called in it.
function mentioned(text, model) {
  const parts = tokens(text).filter((each) => each.kind !== "comment" && each.text.trim());
  const found = [];
  for (let i = 0; i + 2 < parts.length; i++) {
    if (parts[i + 1].text !== "." || !["word", "quoted"].includes(parts[i].kind)) continue;
    const full = `${bare(parts[i].text)}.${bare(parts[i + 2].text)}`;
    const table = model.tables.find((each) => same(each.name, full));
    if (!table) continue;
    let after = parts[i + 3];
    if (after && same(after.text, "as")) after = parts[i + 4];
    const alias = after && ["word", "quoted"].includes(after.kind) && !model.words.has(after.text.toUpperCase()) ? bare(after.text) : "";
    found.push({ table, names: [bare(parts[i + 2].text), alias].filter(Boolean) });
  }
  return found;
}

// What could stand at the caret: the letters typed so far, and the suggestions in order.
function suggestions(text, caret, model, asked) {
  const before = tokens(text.slice(0, caret));
  const last = before[before.length - 1];
  const open = last && ((last.kind === "comment" && !(last.text.startsWith("/*") && last.text.endsWith("*/") && last.text.length > 3)) ||
    (last.kind === "string" && (last.text.length < 2 || !last.text.endsWith("'"))) || last.kind === "number");
  if (open) return { typed: "", items: [] };
  const typed = last && last.kind === "word" ? last.text : "";
  const rest = typed ? before.slice(0, -1) : before;
  const dotted = rest.length > 0 && rest[rest.length - 1].text === ".";
  const uses = mentioned(text, model);
  let items = [];
  if (dotted) {
    const owner = rest.length > 1 ? bare(rest[rest.length - 2].text) : "";
    items = model.tables.filter((each) => same(each.layer, owner))
      .map((each) => ({ insert: each.sql.slice(each.sql.indexOf(".") + 1), label: each.name.slice(each.name.indexOf(".") + 1), kind: "table", detail: each.rows }));
    for (const use of uses) if (use.names.some((name) => same(name, owner))) items.push(...columnsOf(use.table));
  } else {
    if (!typed && !asked) return { typed, items: [] };
    const earlier = rest.filter((each) => each.text.trim() && each.kind !== "comment");
    const previous = earlier.length ? earlier[earlier.length - 1] : { kind: "other", text: "" };
    const word = previous.text.toUpperCase();
    if (word === "AS") return { typed, items: [] };
    const ended = previous.text === ")" || ["quoted", "string", "number"].includes(previous.kind) || (previous.kind === "word" && !model.words.has(word));
    const words = model.keywords.map((each) => ({ insert: typed && typed === typed.toLowerCase() ? each.toLowerCase() : each, label: each, kind: "keyword", detail: "" }));
    const tables = model.tables.map((each) => ({ insert: each.sql, label: each.name, kind: "table", detail: each.rows }));
    const columns = uses.flatMap((use) => columnsOf(use.table));
    const calls = model.functions.map((name) => ({ insert: `${name}(`, label: name, kind: "function", detail: "( )" }));
    // Behind a finished operand only a keyword goes on, or a name that nobody can guess.
    items = ended ? words : word === "FROM" || word === "JOIN" ? [...tables, ...words] : [...columns, ...words, ...calls, ...tables];
  }
  const wanted = typed.toLowerCase();
  const starts = [], holds = [], seen = new Set();
  for (const item of items) {
    const label = item.label.toLowerCase(), own = label.slice(label.indexOf(".") + 1), once = `${item.kind} ${label}`;
    if (seen.has(once)) continue;
    if (label.startsWith(wanted) || (item.kind === "table" && own.startsWith(wanted))) starts.push(item);
    else if (wanted.length > 1 && item.kind !== "keyword" && label.includes(wanted)) holds.push(item);
    else continue;
    seen.add(once);
  }
  const found = [...starts, ...holds].slice(0, 60);
  return { typed, items: found.length === 1 && !asked && found[0].label.toLowerCase() === wanted ? [] : found };
}

function columnsOf(table) {
  return table.columns.map(([name, sql, type]) => ({ insert: sql, label: name, kind: "column", detail: type }));
}
