/** What the fake kernel answers to overlays and to the search. */

import { LABELS } from "./fake_atlas.js";
import { TILE, texture, toJpeg, wait } from "./fake_pictures.js";

const KINDS = [
  ["cat|true cat", ["tabby cat", "Egyptian cat"]],
  ["canine|canid", ["golden retriever", "African hunting dog"]],
  ["bird", ["bald eagle"]],
  ["animal|beast", ["golden retriever", "tabby cat", "bald eagle", "jellyfish", "Egyptian cat"]],
  ["thing|object", LABELS.slice(0, 15)],
];

export class FakeOverlays {
  /** Options of the model: noClasses, slowValues (cells at a time, with a pause of pace between). */
  constructor(model, classes) {
    this.model = model;
    this.classes = classes;
    this.asked = new Map();
  }

  answers({ kind }) {
    return ["influence", "strongest", "real_crops"].includes(kind);
  }

  async answer(message) {
    if (message.kind === "influence") await this.influence(message);
    else if (message.kind === "strongest") this.strongest(message);
    else await this.realCrops(message);
  }

  sendClasses() {
    const { noClasses } = this.model.options;
    this.model.message({
      kind: "classes",
      names: noClasses ? [] : this.classes,
      assumed: !noClasses && Boolean(this.model.options.assumed),
      reason: noClasses ? "The model gives no scores (n, classes)." : "",
      kinds: noClasses ? [] : KINDS.map(([words]) => words),
      members: noClasses
        ? []
        : KINDS.map(([, names]) => names.map((name) => this.classes.indexOf(name)).join(" ")),
    });
  }

  /** What a cell adds to a class's logit, with its interval: waves across the atlas. */
  gain(grid, cell, index) {
    const x = ((cell % grid) + 0.5) / grid;
    const y = (Math.floor(cell / grid) + 0.5) / grid;
    const wins = !this.model.uncertain(grid, cell) && this.model.classOf(grid, cell) === index;
    const wave = Math.sin(5.1 * x + 0.9 * index) * Math.cos(4.3 * y - 0.5 * index);
    const value = (wins ? 1.3 : 0.85 * wave) + 0.12 * Math.sin(cell * 12.9898);
    const half = 0.1 + 0.3 * Math.abs(Math.sin(cell * 78.233));
    return { value, low: value - half, high: value + half };
  }

  async influence({ grid, class: index, cells }) {
    const step = this.model.options.slowValues ?? 1024;
    this.asked.set(grid, index);
    for (let i = 0; i < cells.length; i += step) {
      if (this.model.options.slowValues) await wait(this.model.options.pace);
      if (this.asked.get(grid) !== index) return;
      const some = cells.slice(i, i + step);
      const gains = some.map((cell) => this.gain(grid, cell, index));
      this.model.message({
        kind: "influence",
        revision: this.model.revision,
        grid,
        class: index,
        cells: some,
        values: gains.map((gain) => gain.value),
        low: gains.map((gain) => gain.low),
        high: gains.map((gain) => gain.high),
      });
    }
  }

  strongest({ grid, classes }) {
    const { ids } = this.model.grids.find((g) => g.size === grid);
    for (const index of classes) {
      const found = ids
        .map((cell) => ({ cell, ...this.gain(grid, cell, index) }))
        .filter((gain) => gain.low > 0.25)
        .sort((a, b) => b.value - a.value);
      this.model.message({
        kind: "strongest",
        revision: this.model.revision,
        grid,
        class: index,
        cells: found.map((gain) => gain.cell),
        values: found.map((gain) => gain.value),
        known: ids.length,
        total: ids.length,
      });
    }
  }

  async realCrops({ grid, cells }) {
    const columns = Math.min(8, cells.length);
    const canvas = new OffscreenCanvas(columns * TILE, Math.ceil(cells.length / columns) * TILE);
    const context = canvas.getContext("2d");
    cells.forEach((cell, at) => {
      const picture = texture(this.model.textureOf(grid, cell), "crop");
      context.drawImage(picture, (at % columns) * TILE, Math.floor(at / columns) * TILE);
    });
    this.model.message(
      { kind: "real_crops", revision: this.model.revision, grid, cells, tile: TILE, columns },
      [await toJpeg(canvas)],
    );
  }
}
