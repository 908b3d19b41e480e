import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from "@tanstack/virtual-core";

const SIGNS = { added: "+", removed: "−", changed: "~" };

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function value(kind, text) {
  const made = element(kind);
  made.append(element("code", "", text));
  return made;
}

function edit([name, before, after, , lines]) {
  const made = element("div", "edit");
  made.append(element("code", "name", name));
  for (const [sign, text] of lines ?? []) made.append(element("code", sign === "-" ? "line minus" : sign === "+" ? "line plus" : "line", `${sign} ${text}`));
  if (!lines) {
    if (before !== null) made.append(value("del", before));
    if (before !== null && after !== null) made.append(element("span", "muted", "→"));
    if (after !== null) made.append(value("ins", after));
  }
  return made;
}

function cells(row) {
  const head = element("div");
  head.setAttribute("role", "cell");
  head.append(element("span", `sign ${row.kind}`, `${SIGNS[row.kind]} `), element("span", "unseen", `${row.kind} `));
  const place = row.kind === "removed" ? row.before : row.after;
  head.append(element("code", "", row.key.length ? row.key.map(([name, text]) => `${name}=${text}`).join(" ") : `row ${place}`));
  if (row.migrations.length) head.append(element("div", "muted", `by ${row.migrations.join(", ")}`));
  const body = element("div");
  body.setAttribute("role", "cell");
  body.append(...row.edits.map(edit));
  const images = row.images.filter((image) => image?.startsWith("data:image/"));
  if (images.length) {
    const strip = element("div", "images");
    for (const image of images) {
      const made = element("img");
      made.src = image;
      made.alt = "";
      strip.append(made);
    }
    body.append(strip);
  }
  return [head, body];
}

/** Shows rows of any number: only those in sight are in the page. */
export class List {
  constructor(scroll, table) {
    this.table = table;
    this.rows = [];
    this.current = -1;
    this.virtual = new Virtualizer({
      count: 0,
      getScrollElement: () => scroll,
      estimateSize: () => 48,
      overscan: 10,
      scrollToFn: elementScroll,
      observeElementRect,
      observeElementOffset,
      measureElement: (made) => made.getBoundingClientRect().height,
      onChange: () => this.draw(),
    });
    this.virtual._didMount();
    this.virtual._willUpdate();
  }

  show(rows) {
    this.rows = rows;
    this.current = -1;
    this.virtual.setOptions({ ...this.virtual.options, count: rows.length });
    this.virtual.measure();
    this.virtual.scrollToOffset(0);
    this.virtual._willUpdate();
    this.draw();
  }

  step(by) {
    if (!this.rows.length) return;
    this.current = Math.max(0, Math.min(this.rows.length - 1, this.current + by));
    this.virtual.scrollToIndex(this.current, { align: "auto" });
    this.draw();
  }

  draw() {
    this.table.style.height = `${this.virtual.getTotalSize()}px`;
    this.table.setAttribute("aria-rowcount", String(this.rows.length));
    const items = this.virtual.getVirtualItems().filter((item) => item.index < this.rows.length);
    const made = items.map((item) => {
      const row = element("div", item.index === this.current ? "row current" : "row");
      row.setAttribute("role", "row");
      row.setAttribute("aria-rowindex", String(item.index + 1));
      row.dataset.index = String(item.index);
      row.style.transform = `translateY(${item.start}px)`;
      row.append(...cells(this.rows[item.index]));
      return row;
    });
    this.table.replaceChildren(...made);
    if (!this.measuring) {
      this.measuring = true;
      for (const row of made) this.virtual.measureElement(row);
      this.measuring = false;
    }
  }
}
