// Bundles the view, styles included, into one ES module, which travels inside the Python package.
// `--watch` rebuilds on every change; with ANYWIDGET_HMR=1 the notebook then reloads it by itself.

import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { build, context } from "esbuild";

const watch = process.argv.includes("--watch");
const out = "../atlas_widget/static";

/** @type {import("esbuild").BuildOptions} */
const options = {
  entryPoints: { widget: "src/index.ts" },
  outdir: out,
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: !watch,
  sourcemap: watch ? "inline" : false,
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  logLevel: "info",
  loader: { ".css": "text" }, // it goes into the shadow tree, not into the page
};

if (watch) {
  await (await context(options)).watch();
} else {
  await build(options);
  const bytes = await readFile(`${out}/widget.js`);
  console.log(`  widget.js  ${(gzipSync(bytes).length / 1024).toFixed(1)} kB gzipped`);
}
