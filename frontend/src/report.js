import { drawAll } from "./charts.js";
import { List, MOST_ROWS } from "./list.js";
import { fromServer, inFile, NO_MIGRATION } from "./rows.js";

const MOST_OPTIONS = 500;
const PAUSE = 150;
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

function offerAll(offers) {
  const labels = { part: (part) => meta.parts[Number(part)] };
  for (const name of NAMES) offer(name, offers[name], labels[name]);
  const some = offers.migration.some((value) => value !== NO_MIGRATION);
  if (some) offer("migration", [...new Set([...offers.migration, NO_MIGRATION])]);
  byId("filter-migration").parentElement.hidden = !some;
}

function explore(source) {
  const list = new List(byId("list"), byId("table"));
  let group = "";
  let latest = 0;
  let found = { count: 0 };
  let first = 0;
  const asked = () => ({ search: byId("search").value, group, ...Object.fromEntries(NAMES.map((name) => [name, byId(`filter-${name}`).value])) });
  const number = (value) => value.toLocaleString("en");
  const draw = () => {
    const paged = found.count > MOST_ROWS;
    byId("pager").hidden = !paged;
    byId("window").textContent = `${number(first + 1)} to ${number(Math.min(first + MOST_ROWS, found.count))}`;
    byId("earlier").disabled = first === 0;
    byId("later").disabled = first + MOST_ROWS >= found.count;
    list.show(found, first);
  };
  const failed = (error) => {
    byId("status").textContent = `The rows cannot be had: ${error.message}. Is dsv still running?`;
  };
  const show = async () => {
    const mine = ++latest;
    try {
      const answer = await source.find(asked(), (error) => (error ? failed(error) : mine === latest && list.draw()));
      if (mine !== latest) return;
      found = answer;
    } catch (error) {
      if (mine === latest) failed(error);
      return;
    }
    byId("status").textContent = `${number(found.count)} of ${number(source.total)} rows${meta.left && !meta.served ? " that are in this file" : ""}`;
    first = 0;
    draw();
  };
  let pause;
  const typed = () => {
    clearTimeout(pause);
    if (meta.served) pause = setTimeout(show, PAUSE);
    else show();
  };
  byId("earlier").addEventListener("click", () => {
    first = Math.max(0, first - MOST_ROWS);
    draw();
  });
  byId("later").addEventListener("click", () => {
    first += MOST_ROWS;
    draw();
  });
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
  byId("search").addEventListener("input", typed);
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
  return show();
}

async function start() {
  drawAll(meta.charts);
  const source = meta.served ? fromServer(meta.served) : await inFile(document);
  if (source.total) {
    offerAll(source.offers);
    byId("explorer").hidden = false;
    byId("static").hidden = true;
    await explore(source);
  }
  document.body.dataset.ready = "true";
}

start();
