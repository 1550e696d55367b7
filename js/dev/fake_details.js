/** What the fake kernel answers to open panels: live pictures, profiles, classes, crops. */

import { LABELS } from "./fake_atlas.js";
import { paintTexture, TEXTURES, TILE, texture, toJpeg, wait } from "./fake_pictures.js";

const SIDE = 112;
const STEPS = 112;
const AT_ONCE = 16;
const CHANNELS = 112;

export class FakeDetails {
  /** Options of the model: pace, instant, livePace (ms a frame), failing (a message), noImages. */
  constructor(model, classes) {
    this.model = model;
    this.classes = classes;
    this.running = new Map();
  }

  answers({ kind }) {
    return kind === "class_values" || kind === "crop_in_image" || /inspect|more_steps/.test(kind);
  }

  async answer(message) {
    const { kind, request } = message;
    const live = this.running.get(request);
    if (kind === "stop_inspect") this.running.delete(request);
    else if (kind === "pause_inspect" && live) live.paused = message.paused;
    else if (kind === "more_steps" && live) {
      live.steps += message.steps;
      if (live.done) await this.run(request, live);
    } else if (kind === "class_values") this.classValues(message);
    else if (kind === "crop_in_image") await this.cropInImage(message);
    else if (/^inspect/.test(kind)) await this.begin(message);
  }

  async begin(message) {
    const { kind, grid, cell, request, seed } = message;
    const own = this.model.textureOf(grid, cell);
    const spread = kind === "inspect_variants" ? message.count : 1;
    const live = { grid, cell, step: 0, steps: STEPS, paused: false, done: false };
    if (kind === "inspect_half") live.layers = [[[own + 41 * message.half, 1]]];
    else live.layers = Array.from({ length: spread }, (_, at) => [[own + 37 * (seed + at), 1]]);
    if (kind === "inspect_mix") {
      const other = this.model.textureOf(message.other_grid, message.other_cell);
      live.layers = [
        [
          [own, 1],
          [other, message.share],
        ],
      ];
    }
    if (kind === "inspect") {
      this.profile(message);
      await this.card(message);
    }
    this.running.set(request, live);
    await this.run(request, live);
  }

  async run(request, live) {
    const { failing, instant, pace, livePace = instant ? 10 : 2 * pace } = this.model.options;
    if (failing) {
      this.model.message({ kind: "inspect_failed", request, message: failing });
      return;
    }
    live.done = false;
    while (this.running.get(request) === live && live.step < live.steps) {
      await wait(livePace);
      if (live.paused) continue;
      live.step = Math.min(live.step + AT_ONCE, live.steps);
      live.done = live.step === live.steps;
      const cosine = 0.84 * (1 - Math.exp(-live.step / 30));
      const cosines = live.layers.map((_, at) => cosine - 0.03 * at);
      const buffer = await this.paint(live);
      this.model.message(
        {
          kind: "frame",
          request,
          grid: live.grid,
          cell: live.cell,
          step: live.step,
          steps: live.steps,
          cosine: cosines.reduce((sum, value) => sum + value, 0) / cosines.length,
          cosines,
          made: `direction + statistics of 8 crops · preset portrait, 192 px, ${live.step} steps`,
          done: live.done,
        },
        [buffer],
      );
    }
  }

  async paint({ layers, step, steps }) {
    const canvas = new OffscreenCanvas(layers.length * SIDE, SIDE);
    const context = canvas.getContext("2d");
    const single = new OffscreenCanvas(SIDE, SIDE);
    const sharpness = 0.25 + 0.75 * Math.min(1, step / steps);
    layers.forEach((pictures, at) => {
      for (const [texture, alpha] of pictures) {
        single.getContext("2d").putImageData(paintTexture(texture, SIDE, sharpness), 0, 0);
        context.globalAlpha = alpha;
        context.drawImage(single, at * SIDE, 0);
      }
    });
    return toJpeg(canvas);
  }

  /** A few channels of 112 stand out; which ones changes slowly over the atlas. */
  profile({ grid, cell }) {
    const where = this.model.textureOf(grid, cell) / 25;
    const numbers = new Float32Array(3 * CHANNELS);
    for (let channel = 0; channel < CHANNELS; channel++) {
      const usual = 0.4 + 0.3 * Math.sin(channel * 2.3);
      const deviation = 0.3 + 0.2 * Math.cos(channel * 1.1);
      const stands = Math.sin(channel * 12.9 + where) ** 5 * 4.2;
      numbers[channel] = usual + deviation * stands;
      numbers[CHANNELS + channel] = usual;
      numbers[2 * CHANNELS + channel] = deviation;
    }
    this.model.message(
      { kind: "profile", revision: this.model.revision, grid, cell, channels: CHANNELS },
      [new DataView(numbers.buffer)],
    );
  }

  classValues({ grid, cell, classes }) {
    const texture = this.model.textureOf(grid, cell);
    const values = classes.map((index) => {
      const value = 0.35 * Math.sin(index * 3.1 + texture);
      return { index, label: this.classes[index], value, low: value - 0.18, high: value + 0.22 };
    });
    this.model.message({
      kind: "class_values",
      revision: this.model.revision,
      grid,
      cell,
      classes: values,
    });
  }

  async cropInImage({ grid, cell, crop }) {
    const canvas = new OffscreenCanvas(400, 300);
    const single = new OffscreenCanvas(300, 300);
    const texture = this.model.textureOf(grid, cell) + 500 + crop;
    single.getContext("2d").putImageData(paintTexture(texture, 300, 0.8), 0, 0);
    canvas.getContext("2d").drawImage(single, 0, 0, 400, 300);
    const left = 0.08 + 0.05 * (crop % 4);
    const { noImages } = this.model.options;
    this.model.message(
      {
        kind: "crop_in_image",
        revision: this.model.revision,
        grid,
        cell,
        crop,
        name: `harbour_${String(crop).padStart(3, "0")}.jpg`,
        crop_box: [left, 0.1, left + 0.6, 0.9],
        seen_box: [left + 0.22, 0.32, left + 0.38, 0.533],
        seen: 60,
        input: 224,
        note: noImages ? "The images of this atlas are not available." : "",
        credit: crop % 2 ? "“Harbour” by A. Photographer, CC-BY-4.0" : "",
      },
      noImages ? [] : [await toJpeg(canvas)],
    );
  }

  async card({ grid, cell }) {
    const { model } = this;
    const index = model.textureOf(grid, cell);
    const crops = 6;
    const canvas = new OffscreenCanvas(crops * TILE, TILE);
    const context = canvas.getContext("2d");
    for (let i = 0; i < crops; i++)
      context.drawImage(texture((index + i * 3) % TEXTURES, "crop"), i * TILE, 0);
    const first = LABELS.indexOf(model.label(grid, cell));
    const pick = (step, count, sign) =>
      Array.from({ length: count }, (_, i) => {
        const value = sign * (1.9 / (1 + 0.55 * i) + ((index * (i + 3)) % 7) * 0.03);
        const half = 0.12 + 0.35 * ((index + i * 5) % 3);
        const number = (first + i * step) % LABELS.length;
        return {
          index: number,
          label: LABELS[number],
          value,
          low: value - half,
          high: value + half,
        };
      });
    const [cosine, rank] = model.fidelity(cell, "final");
    const { ids, counts } = model.grids.find((g) => g.size === grid);
    model.message(
      {
        kind: "card",
        revision: model.revision,
        grid,
        cell,
        count: counts[ids.indexOf(cell)],
        cosine,
        rank,
        state: "final",
        made: "direction + statistics of 8 crops · preset icon, 64 px, 48 steps",
        label: model.labelOf(grid, cell),
        why_not: model.labelOf(grid, cell) ? "" : "several are about as strong",
        look: model.labelOf(grid, cell) ? "" : "grey crops with edges",
        lead: model.options.noClasses ? null : 2.4,
        classes: model.options.noClasses ? null : pick(1, 6, 1),
        against: model.options.noClasses ? null : pick(7, 5, -1),
        crops,
        tile: TILE,
      },
      [await toJpeg(canvas)],
    );
    if (!model.options.judge) return;
    model.message({
      kind: "judged",
      revision: model.revision,
      grid,
      cell,
      judge: model.options.judge,
      rank: 1 + (cell % 3),
      among: 40,
      crop_rank: 1,
      held_out: true,
    });
  }
}
