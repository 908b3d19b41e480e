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
  for (const [sign, text] of lines ?? []) made.append(element("code", sign === "-" ? "line minus" : sign === "+" ? "line plus" : "line", sign === "@" ? text : `${sign} ${text}`));
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

function waiting() {
  const made = element("div", "muted", "…");
  made.setAttribute("role", "cell");
  return [made];
}

const MOST_DRAWN = 5;

/** Rows that are shown at once: browsers draw nothing below some 30 million pixels. */
export const MOST_ROWS = 200_000;

/** Shows rows of any number: only those in sight are in the page. */
export class List {
  constructor(scroll, table) {
    this.table = table;
    this.rows = { count: 0, get: () => undefined };
    this.first = this.count = 0;
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

  /** Shows rows from a place on, so many as a page can be high. */
  show(rows, first = 0) {
    this.rows = rows;
    this.first = first;
    this.count = Math.min(rows.count - first, MOST_ROWS);
    this.current = -1;
    this.virtual.setOptions({ ...this.virtual.options, count: this.count });
    this.virtual.measure();
    this.virtual.scrollToOffset(0);
    this.virtual._willUpdate();
    this.draw();
  }

  step(by) {
    if (!this.count) return;
    this.current = Math.max(0, Math.min(this.count - 1, this.current + by));
    this.virtual.scrollToIndex(this.current, { align: "auto" });
    this.draw();
  }

  draw(left = MOST_DRAWN) {
    if (this.measuring) {
      this.moved = true;
      return;
    }
    this.table.style.height = `${this.virtual.getTotalSize()}px`;
    this.table.setAttribute("aria-rowcount", String(this.rows.count));
    const items = this.virtual.getVirtualItems().filter((item) => item.index < this.count);
    const made = items.map((item) => {
      const row = element("div", item.index === this.current ? "row current" : "row");
      row.setAttribute("role", "row");
      row.setAttribute("aria-rowindex", String(this.first + item.index + 1));
      row.dataset.index = String(item.index);
      row.style.transform = `translateY(${item.start}px)`;
      const known = this.rows.get(this.first + item.index);
      row.append(...(known ? cells(known) : waiting()));
      return row;
    });
    this.table.replaceChildren(...made);
    // Rows are measured while they are in the page; those below one that is higher than it was taken for move.
    this.measuring = true;
    this.moved = false;
    for (const row of made) this.virtual.measureElement(row);
    this.measuring = false;
    if (this.moved && left > 0) this.draw(left - 1);
  }
}
