import { drawAll } from "./charts.js";
import { List } from "./list.js";
import { KINDS, matching, NO_MIGRATION, read } from "./rows.js";

const MOST_OPTIONS = 500;
const NAMES = ["part", "kind", "class", "split", "field", "migration"];
const byId = (id) => document.getElementById(id);
const meta = JSON.parse(byId("meta").textContent);

function offer(name, values, label = (value) => value) {
  const select = byId(`filter-${name}`);
  const found = [...new Set(values)];
  const all = new Option("all", "");
  select.replaceChildren(all, ...found.slice(0, MOST_OPTIONS).map((value) => new Option(label(value), value)));
  select.parentElement.hidden = found.length < 2 && name !== "migration";
}

function counted(rows, values) {
  const counts = new Map();
  for (const row of rows) for (const value of values(row)) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((one, other) => other[1] - one[1] || (one[0] < other[0] ? -1 : 1)).map(([value]) => value);
}

function offerAll(rows) {
  offer("part", rows.map((row) => row.part), (part) => meta.parts[Number(part)]);
  offer("kind", KINDS.filter((kind) => rows.some((row) => row.kind === kind)));
  offer("class", counted(rows, (row) => row.classes));
  offer("split", counted(rows, (row) => row.splits));
  offer("field", counted(rows, (row) => row.edits.map((edit) => edit[0])));
  offer("migration", [...counted(rows, (row) => row.migrations), NO_MIGRATION]);
  byId("filter-migration").parentElement.hidden = !rows.some((row) => row.migrations.length);
}

function explore(rows) {
  const list = new List(byId("list"), byId("table"));
  let group = "";
  const asked = () => ({ search: byId("search").value, group, ...Object.fromEntries(NAMES.map((name) => [name, byId(`filter-${name}`).value])) });
  const show = () => {
    const found = matching(rows, asked());
    byId("status").textContent = `${found.length.toLocaleString("en")} of ${rows.length.toLocaleString("en")} rows${meta.left ? " that are in this file" : ""}`;
    list.show(found);
  };
  const ask = (wanted) => {
    byId("search").value = "";
    group = wanted.group ?? "";
    for (const name of NAMES) {
      const select = byId(`filter-${name}`);
      const value = wanted[name] ?? "";
      if (value && ![...select.options].some((option) => option.value === value)) select.append(new Option(value, value));
      select.value = value;
    }
    show();
  };
  for (const name of NAMES) byId(`filter-${name}`).addEventListener("change", show);
  byId("search").addEventListener("input", show);
  document.querySelector(".filters").addEventListener("submit", (event) => event.preventDefault());
  byId("reset").addEventListener("click", (event) => {
    event.preventDefault();
    ask({});
  });
  for (const button of document.querySelectorAll("button.show")) {
    const wanted = button.dataset.finding === undefined ? { part: button.dataset.part, group: button.dataset.group } : meta.filters[Number(button.dataset.finding)];
    if (!wanted) continue;
    button.hidden = false;
    button.addEventListener("click", () => {
      ask(wanted);
      byId("rows").scrollIntoView();
      byId("list").focus({ preventScroll: true });
    });
  }
  document.addEventListener("keydown", (event) => {
    const typing = ["INPUT", "SELECT", "TEXTAREA"].includes(document.activeElement?.tagName);
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      document.activeElement?.blur();
      ask({});
    } else if (!typing && event.key === "/") {
      event.preventDefault();
      byId("search").focus();
    } else if (!typing && (event.key === "j" || event.key === "k")) {
      list.step(event.key === "j" ? 1 : -1);
    }
  });
  show();
}

async function start() {
  drawAll(meta.charts);
  const rows = await read(document);
  if (rows.length) {
    offerAll(rows);
    byId("explorer").hidden = false;
    byId("static").hidden = true;
    explore(rows);
  }
  document.body.dataset.ready = "true";
}

start();
