// Bundles the view into one ES module, which travels inside the Python package. The style sheet is
// part of it: it goes into the widget's shadow tree, not into the page.
// `--watch` rebuilds on every change; with ANYWIDGET_HMR=1 the notebook then reloads it by itself.

import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { build, context } from "esbuild";

const watch = process.argv.includes("--watch");
const out = "../atlas_widget/static";

/** A style sheet, bundled with what it imports, is a text to the module that imports it. */
const styleSheets = {
  name: "style-sheets",
  setup(builder) {
    builder.onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { outputFiles, metafile } = await build({
        entryPoints: [path],
        bundle: true,
        minify: !watch,
        write: false,
        metafile: true,
      });
      const watchFiles = Object.keys(metafile.inputs);
      return { contents: outputFiles[0].text, loader: "text", watchFiles };
    });
  },
};

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
  plugins: [styleSheets],
};

if (watch) {
  await (await context(options)).watch();
} else {
  await build(options);
  const bytes = await readFile(`${out}/widget.js`);
  console.log(`  widget.js  ${(gzipSync(bytes).length / 1024).toFixed(1)} kB gzipped`);
}
