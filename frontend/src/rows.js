// Rows as dsv/renderers/_report/rows.py packs them: base64 of gzip of JSON, each row a list in a fixed order.

export const KINDS = ["added", "removed", "changed"];

async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

function named([kind, before, after, key, edits, classes, splits, migrations, images], part) {
  return { part, kind: KINDS[kind], before, after, key, edits, classes, splits, migrations, images };
}

async function read(document) {
  const found = [];
  for (const element of document.querySelectorAll("script[data-rows]")) {
    for (const row of await unpacked(element.textContent)) found.push(named(row, element.dataset.rows));
    element.remove();
  }
  return found;
}

function words(row) {
  row.words ??= [...row.key.flat(), ...row.edits.flatMap((edit) => [edit[0], edit[1], edit[2], ...(edit[4] ?? []).flat()])]
    .filter((word) => word !== null)
    .join("\n")
    .toLowerCase();
  return row.words;
}

export const NO_MIGRATION = "(none)";

const TESTS = {
  part: (row, value) => row.part === value,
  kind: (row, value) => row.kind === value,
  class: (row, value) => row.classes.includes(value),
  split: (row, value) => row.splits.includes(value),
  field: (row, value) => row.edits.some((edit) => edit[0] === value),
  migration: (row, value) => (value === NO_MIGRATION ? row.migrations.length === 0 : row.migrations.includes(value)),
  group: (row, value) => row.edits.some((edit) => String(edit[3]) === value),
  search: (row, value) => words(row).includes(value.toLowerCase()),
};

function matching(rows, asked) {
  const tests = Object.entries(asked).filter(([, value]) => value);
  return rows.filter((row) => tests.every(([name, value]) => TESTS[name](row, value)));
}

function counted(rows, values) {
  const counts = new Map();
  for (const row of rows) for (const value of values(row)) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((one, other) => other[1] - one[1] || (one[0] < other[0] ? -1 : 1)).map(([value]) => value);
}

// What a page shows rows from: how many there are, the values to filter by, and `find`, which gives how many rows are
// asked for and any of them by its place. A row that is on its way is undefined, and `come` is called when it is there.

/** The rows that are in the file. */
export async function inFile(document) {
  const rows = await read(document);
  return {
    total: rows.length,
    offers: {
      part: counted(rows, (row) => [row.part]).sort((one, other) => Number(one) - Number(other)),
      kind: KINDS.filter((kind) => rows.some((row) => row.kind === kind)),
      class: counted(rows, (row) => row.classes),
      split: counted(rows, (row) => row.splits),
      field: counted(rows, (row) => row.edits.map((edit) => edit[0])),
      migration: counted(rows, (row) => (row.migrations.length ? row.migrations : [NO_MIGRATION])),
    },
    async find(asked) {
      const found = matching(rows, asked);
      return { count: found.length, get: (place) => found[place] };
    },
  };
}

const PAGE = 200;

/** The rows that the server of the page has. */
export function fromServer(offers) {
  return {
    total: Object.values(offers.totals).reduce((sum, rows) => sum + rows, 0),
    offers,
    async find(asked, come) {
      const pages = new Map();
      const words = Object.entries(asked).filter(([, value]) => value);
      const load = async (number) => {
        pages.set(number, []);
        const query = new URLSearchParams([...words, ["offset", number * PAGE], ["limit", PAGE]]);
        const answer = await fetch(`rows?${query}`);
        if (!answer.ok) throw new Error(await answer.text());
        const { count, rows } = await answer.json();
        pages.set(number, rows.map(([part, row]) => named(row, part)));
        return count;
      };
      const count = await load(0);
      return {
        count,
        get(place) {
          const number = Math.floor(place / PAGE);
          if (!pages.has(number)) load(number).then(come, (error) => { pages.delete(number); come(error); });
          return pages.get(number)?.[place % PAGE];
        },
      };
    },
  };
}
