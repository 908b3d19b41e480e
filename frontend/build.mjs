// Bundles what runs in the report into one script, and the licences of what is in it into one text.
import { build } from "esbuild";
import { readFileSync, writeFileSync } from "node:fs";

const TARGET = new URL("../dsv/renderers/_report/", import.meta.url);
const result = await build({
  entryPoints: [new URL("src/report.js", import.meta.url).pathname],
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  charset: "ascii",
  legalComments: "none",
  write: false,
  metafile: true,
});
// Nothing in the page may name an address; libraries do so in messages only.
const text = result.outputFiles[0].text.replaceAll("</script", "<\\/script").replace(/https?:\/\//g, "");
writeFileSync(new URL("report.js", TARGET), text);
const packages = new Set(Object.keys(result.metafile.inputs).flatMap((path) => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1] ?? []));
const licences = [...packages].sort().map((name) => {
  const folder = new URL(`node_modules/${name}/`, import.meta.url);
  const about = JSON.parse(readFileSync(new URL("package.json", folder)));
  const file = ["LICENSE", "LICENSE.md"].map((found) => new URL(found, folder)).find((url) => {
    try {
      return readFileSync(url);
    } catch {
      return false;
    }
  });
  return `${about.name} ${about.version} (${about.license})\n\n${file ? readFileSync(file, "utf8").trim() : about.license}\n`;
});
writeFileSync(new URL("report.LICENSES.txt", TARGET), `report.js contains these works.\n\n${licences.join("\n\n")}`);
