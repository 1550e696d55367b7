// Bundles the view, styles included, into one ES module, which travels inside the Python package, and
// into one script each for saved pages and for checks by humans, in which a file can import nothing.
// `--watch` rebuilds on every change; with ANYWIDGET_HMR=1 the notebook then reloads it by itself.

import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { build, context } from "esbuild";

const watch = process.argv.includes("--watch");
const out = "../atlas_widget/static";

/** @type {import("esbuild").BuildOptions} */
const options = {
  outdir: out,
  bundle: true,
  target: "es2022",
  minify: !watch,
  sourcemap: watch ? "inline" : false,
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  logLevel: "info",
  loader: { ".css": "text" }, // it goes into the shadow tree, not into the page
};

/** @type {import("esbuild").BuildOptions[]} */
const bundles = [
  { ...options, entryPoints: { widget: "src/index.ts" }, format: "esm" },
  { ...options, entryPoints: { page: "src/page.ts" }, format: "iife" },
  { ...options, entryPoints: { check: "src/check.ts" }, format: "iife" },
];

if (watch) {
  for (const bundle of bundles) await (await context(bundle)).watch();
} else {
  for (const bundle of bundles) {
    await build(bundle);
    const [name] = Object.keys(bundle.entryPoints);
    const bytes = await readFile(`${out}/${name}.js`);
    console.log(`  ${name}.js  ${(gzipSync(bytes).length / 1024).toFixed(1)} kB gzipped`);
  }
}
