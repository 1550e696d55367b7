/** What the fake kernel answers about causes: a direction changed, patches, cues. */

import {
  makeRandom,
  paintTexture,
  TEXTURES,
  TILE,
  texture,
  toJpeg,
  wait,
} from "./fake_pictures.js";

const IMAGES = 30;
const SIDE = 224;
const KINDS =
  /^(causal_test|source_images|patch_picture|try_patch|patch_test|cue_classes|find_cues|check_pictures|stop_task)$/;

export class FakeCauses {
  /** Options of the model: taskPace (ms a step of a task), tryPace (ms an answer takes),
   * failingTasks (a message), noCues. */
  constructor(model, classes) {
    this.model = model;
    this.classes = classes;
    this.stopped = new Set();
  }

  answers({ kind }) {
    return KINDS.test(kind);
  }

  async answer(message) {
    const { kind, request } = message;
    const { failingTasks, tryPace = 5 } = this.model.options;
    if (kind === "stop_task") this.stopped.add(request);
    else if (kind === "source_images") await this.images(message);
    else if (kind === "patch_picture") await this.picture(message);
    else if (kind === "cue_classes")
      this.model.message({
        kind: "cue_classes",
        request,
        classes: [4, 8, 1],
        samples: [1200, 640, 96],
        told_by: "as their labels say",
      });
    else if (failingTasks)
      this.model.message({ kind: "task_failed", request, message: failingTasks });
    else if (kind === "try_patch") {
      await wait(tryPace);
      this.patched(message);
    } else if (await this.works(request)) {
      if (kind === "causal_test") this.changed(message);
      else if (kind === "patch_test") this.tested(message);
      else if (kind === "check_pictures") this.checked(message);
      else await this.cues(message);
    }
  }

  checked({ request }) {
    const rows = [
      ["pictures", 0.7, 0.96, 0.58],
      ["noise images", 0.12, 0.04, 0.04],
      ["untrained network's pictures", 0.16, 0.04, 0.08],
      ["untrained, to itself", 0.81, 0.33, 0.08],
      ["statistics alone", 0.24, 0.38, 0.33],
      ["nearest crop", 0.62, 0.92, 0.71],
    ];
    const { judge = null } = this.model.options;
    this.model.message({
      kind: "pictures_checked",
      request,
      cells: 24,
      names: rows.map(([name]) => name),
      cosine: rows.map(([, cosine]) => cosine),
      low: rows.map(([, cosine]) => cosine - 0.08),
      high: rows.map(([, cosine]) => cosine + 0.08),
      own: rows.map(([, , own]) => own),
      found: rows.map(([, , , found]) => (judge === null ? null : found)),
      judge,
      passed: true,
      verdict:
        "The pictures are better than noise, than an untrained network and than the statistics of " +
        "crops alone.",
    });
  }

  /** Takes its time; false if it was stopped. */
  async works(request) {
    const { taskPace = 10 } = this.model.options;
    for (let done = 0; done <= 32; done += 8) {
      if (this.stopped.has(request)) return false;
      this.model.message({ kind: "task_progress", request, done, total: 32 });
      await wait(taskPace);
    }
    return !this.stopped.has(request);
  }

  changed({ request, cells, change, amount, where, classes }) {
    const random = makeRandom(cells[0] + 5);
    const normal = () => random() + random() + random() - 1.5;
    const names = (classes.length > 0 ? classes : [0, 3, 5, 8, 11]).map((at) => this.classes[at]);
    const factor = change === "remove" ? -1 : amount;
    const predicted = [];
    const actual = [];
    for (let crop = 0; crop < 32; crop++) {
      names.forEach((_, at) => {
        const value = factor * (1.1 - 0.5 * at + 0.5 * normal());
        predicted.push(value);
        actual.push(0.72 * value + 0.18 * normal());
      });
    }
    const what = change === "remove" ? "direction removed" : `${amount} × direction`;
    this.model.message({
      kind: "causal_test",
      request,
      what: `${what} ${where === "sample" ? "at one position" : where}`,
      pictures: 32,
      names,
      predicted,
      actual,
      correlation: 0.93,
      low: 0.88,
      high: 0.96,
      slope: 0.72,
    });
  }

  async images({ first, count }) {
    const end = Math.min(first + count, IMAGES);
    const images = Array.from({ length: Math.max(0, end - first) }, (_, at) => first + at);
    const canvas = new OffscreenCanvas(8 * TILE, Math.max(1, Math.ceil(images.length / 8)) * TILE);
    const context = canvas.getContext("2d");
    images.forEach((image, at) => {
      const picture = texture((image * 31) % TEXTURES, "crop");
      context.drawImage(picture, (at % 8) * TILE, Math.floor(at / 8) * TILE);
    });
    this.model.message(
      {
        kind: "source_images",
        first,
        total: IMAGES,
        images,
        names: images.map((image) => `harbour_${image}.jpg`),
        tile: TILE,
        columns: 8,
      },
      [await toJpeg(canvas)],
    );
  }

  async picture({ image }) {
    const canvas = new OffscreenCanvas(SIDE, SIDE);
    const pixels = paintTexture(((image * 31) % TEXTURES) + 500, SIDE, 0.7);
    canvas.getContext("2d").putImageData(pixels, 0, 0);
    const name = `harbour_${image}.jpg`;
    this.model.message({ kind: "patch_picture", image, name, side: SIDE }, [await toJpeg(canvas)]);
  }

  /** The nearer to the lower right corner and the larger, the more of the wanted class. */
  patched({ request, image, corners, class: wanted, ...ask }) {
    const [x, y] = corners ? [1 - ask.size / 2, 1 - ask.size / 2] : [ask.x, ask.y];
    const own = image % this.classes.length;
    const target = wanted < 0 ? (own + 1) % this.classes.length : wanted;
    const share = Math.min(0.98, (x + y) * ask.size * 1.2);
    const rows = [
      [own, 0.81, 0.85 * (1 - share)],
      [target, 0.02, share],
      [(own + 4) % this.classes.length, 0.06, 0.06 * (1 - share)],
      [(own + 9) % this.classes.length, 0.03, 0.03 * (1 - share)],
    ].filter(([index], at, all) => all.findIndex(([other]) => other === index) === at);
    rows.sort((a, b) => b[2] - a[2]);
    this.model.message({
      kind: "patch_classes",
      request,
      image,
      x,
      y,
      classes: rows.map(([index]) => index),
      names: rows.map(([index]) => this.classes[index]),
      before: rows.map(([, before]) => before),
      after: rows.map(([, , after]) => after),
      scores: rows.map(([, before, after]) => 4 * (after - before)),
    });
  }

  tested({ request, class: target }) {
    const flips = [8, 0, 2, 13, 1, 3];
    this.model.message({
      kind: "patch_tested",
      request,
      name: this.classes[target],
      images: 26,
      conditions: ["patch", "noise", "random cells", "patch", "noise", "random cells"],
      protocols: ["corner", "corner", "corner", "best corner", "best corner", "best corner"],
      counts: flips.map(() => 26),
      flips,
      low: flips.map((count) => Math.max(0, count / 26 - 0.1)),
      high: flips.map((count) => Math.min(1, count / 26 + 0.16)),
      left_out: [`4 taken for '${this.classes[target]}' already`],
      confirmed: true,
    });
  }

  async cues({ request, grid, first, second }) {
    const { ids } = this.model.grids.find(({ size }) => size === grid);
    const count = this.model.options.noCues ? 0 : 4;
    const cells = Array.from({ length: count }, (_, at) => ids[(37 + 61 * at) % ids.length]);
    const canvas = new OffscreenCanvas(6 * TILE, Math.max(1, count) * TILE);
    const context = canvas.getContext("2d");
    cells.forEach((cell, row) => {
      for (let at = 0; at < 6; at++) {
        const index = (this.model.textureOf(grid, cell) + 3 * at) % TEXTURES;
        context.drawImage(texture(index, "crop"), at * TILE, row * TILE);
      }
    });
    const pair = [this.classes[first], this.classes[second]];
    this.model.message(
      {
        kind: "cues",
        request,
        grid,
        candidates: 3 * count,
        samples: 1240,
        cells,
        argue_for: cells.map((_, at) => pair[at % 2]),
        seen_in: cells.map((_, at) => pair[(at + 1) % 2]),
        counts: cells.map((_, at) => 31 - 9 * at),
        influence: cells.map((_, at) => 1.8 - 0.4 * at),
        predicted: cells.map((_, at) => (at < 3 ? 2.1 - 0.6 * at : null)),
        measured: cells.map((_, at) => (at < 3 ? 1.7 - 0.7 * at : null)),
        images: cells.map((_, at) => (at < 3 ? 24 : 0)),
        flips: cells.map((_, at) => (at < 3 ? 0.58 - 0.25 * at : null)),
        noise: cells.map((_, at) => (at < 3 ? 0.04 : null)),
        confirmed: cells.map((_, at) => (at === 0 ? 1 : 0)),
        notices: [
          "The images do not say which class they are of, so what the model takes each for stands in for it.",
        ],
        tile: TILE,
        columns: 6,
      },
      count > 0 ? [await toJpeg(canvas)] : [],
    );
  }
}
