// Rows as dsv/renderers/_report/rows.py packs them: base64 of gzip of JSON, each row a list in a fixed order.

export const KINDS = ["added", "removed", "changed"];

async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

export async function read(document) {
  const found = [];
  for (const element of document.querySelectorAll("script[data-rows]")) {
    const part = element.dataset.rows;
    for (const [kind, before, after, key, edits, classes, splits, migrations, images] of await unpacked(element.textContent)) {
      found.push({ part, kind: KINDS[kind], before, after, key, edits, classes, splits, migrations, images });
    }
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

export function matching(rows, asked) {
  const tests = Object.entries(asked).filter(([, value]) => value);
  return rows.filter((row) => tests.every(([name, value]) => TESTS[name](row, value)));
}
