/** What the fake kernel answers about the samples behind a mean: every third cell is a mixture. */

import { TEXTURES, TILE, texture, toJpeg } from "./fake_pictures.js";

const CROPS = 6;
const BINS = 15;

export class FakeDiagnoses {
  constructor(model, classes) {
    this.model = model;
    this.classes = classes;
  }

  answers({ kind }) {
    return ["diagnoses", "diagnosis", "split"].includes(kind);
  }

  async answer(message) {
    if (message.kind === "diagnoses") this.ofGrid(message);
    else if (message.kind === "diagnosis") this.ofCell(message);
    else await this.halves(message);
  }

  judge(grid, cell) {
    const wave = Math.sin(this.model.textureOf(grid, cell) * 0.7);
    const mixture = cell % 3 === 0;
    return {
      agreement: 0.42 + 0.25 * wave - (mixture ? 0.12 : 0),
      emptiness: 0.8 - 0.2 * wave + (mixture ? 0.25 : 0),
      kept: 0.4 + 0.3 * Math.cos(cell * 0.3),
      mixture,
    };
  }

  ofGrid({ grid }) {
    const { ids } = this.model.grids.find((g) => g.size === grid);
    const judged = ids.map((cell) => this.judge(grid, cell));
    this.model.message({
      kind: "diagnoses",
      revision: this.model.revision,
      grid,
      cells: ids,
      agreement: judged.map((it) => it.agreement),
      emptiness: judged.map((it) => it.emptiness),
      kept: judged.map((it) => it.kept),
      mixtures: ids.filter((_, at) => judged[at].mixture),
    });
  }

  ofCell({ grid, cell }) {
    const { agreement, emptiness, kept, mixture } = this.judge(grid, cell);
    const hill = (at, middle, width) => Math.exp(-(((at - middle) / width) ** 2));
    const spread = Array.from({ length: BINS }, (_, at) =>
      Math.round(
        mixture
          ? 14 * hill(at, 3, 1.6) + 9 * hill(at, 11, 1.7)
          : 17 * hill(at, 7, 3.2) + 1.4 * Math.sin(at * 3),
      ),
    ).map((count) => Math.max(0, count));
    this.model.message({
      kind: "diagnosis",
      revision: this.model.revision,
      grid,
      cell,
      count: spread.reduce((sum, count) => sum + count, 0),
      images: 11,
      agreement,
      resultant: Math.sqrt(agreement),
      nearest: 0.9 - 0.2 * emptiness,
      emptiness,
      chance: mixture ? 0.0004 : 0.46,
      mixture,
      kept,
      spread,
    });
  }

  async halves({ grid, cell }) {
    const own = this.model.textureOf(grid, cell);
    const canvas = new OffscreenCanvas(2 * CROPS * TILE, TILE);
    const context = canvas.getContext("2d");
    for (let at = 0; at < 2 * CROPS; at++) {
      const index = (own + (at < CROPS ? 0 : 41) + 3 * at) % TEXTURES;
      context.drawImage(texture(index, "crop"), at * TILE, 0);
    }
    const mixture = this.judge(grid, cell).mixture;
    this.model.message(
      {
        kind: "halves",
        revision: this.model.revision,
        grid,
        cell,
        counts: [61, 38],
        images: [9, 6],
        resultants: [0.81, 0.76],
        cosine: mixture ? 0.38 : 0.82,
        apart: mixture ? 5.2 : 3.1,
        chance: mixture ? 0.0004 : 0.46,
        clear: mixture,
        crops: [CROPS, CROPS],
        tile: TILE,
      },
      [await toJpeg(canvas)],
    );
    for (const half of [0, 1]) {
      const first = this.model.classOf(grid, cell) + 3 * half;
      const classes = Array.from({ length: 5 }, (_, at) => {
        const index = (first + at) % this.classes.length;
        const value = 1.8 / (1 + 0.7 * at);
        const label = this.classes[index];
        return { index, label, value, low: value - 0.3, high: value + 0.3 };
      });
      this.model.message({
        kind: "half_classes",
        revision: this.model.revision,
        grid,
        cell,
        half,
        label: classes[0].label,
        why_not: "",
        lead: 2.4,
        classes,
      });
    }
  }
}
