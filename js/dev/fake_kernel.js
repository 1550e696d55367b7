/**
 * A kernel made of nothing, to look at the view while changing it and to test it without Python.
 * `FakeModel` has the face of anywidget's model; behind it, messages are answered with synthetic
 * pictures. Options: cells (how many at the finest grid), instant, error, closed, delay.
 */

import { FakeCauses } from "./fake_causes.js";
import { FakeDetails } from "./fake_details.js";
import { FakeDiagnoses } from "./fake_diagnoses.js";
import { FakeOverlays } from "./fake_overlays.js";
import { makeRandom, TEXTURES, TILE, texture, toJpeg, wait } from "./fake_pictures.js";

const LABELS = [
  "golden retriever",
  "tabby cat",
  "fox squirrel",
  "bald eagle",
  "daisy",
  "coral reef",
  "seashore",
  "alp",
  "barn",
  "suspension bridge",
  "espresso",
  "candle",
  "sports car",
  "bicycle wheel",
  "<b>bold</b> label",
  "comic book",
  "honeycomb",
  "chain mail",
  "jellyfish",
  "Egyptian cat",
];
/** Classes that win no cell: they only argue somewhere. */
const ALSO = ["African hunting dog", "dogsled", "hot pot", "crane (20)", "crane (24)"];
const CLASSES = [...LABELS, ...ALSO];
/** Samples in a few clouds joined by bridges, binned at every grid. */
function makeGrids({ dense, sizes, seed = 3 }) {
  if (dense) {
    return sizes.map((size) => {
      const ids = Array.from({ length: size * size }, (_, id) => id);
      return { size, ids, counts: ids.map((id) => 5 + ((id * 37) % 40)) };
    });
  }
  const random = makeRandom(seed);
  const normal = () => random() + random() + random() + random() - 2;
  const clouds = Array.from({ length: 7 }, () => [
    0.2 + 0.6 * random(),
    0.2 + 0.6 * random(),
    0.05 + 0.07 * random(),
  ]);
  const points = Array.from({ length: 12000 }, () => {
    const [x, y, s] = clouds[Math.floor(random() * clouds.length)];
    return [x + normal() * s * 1.6, y + normal() * s * 1.6];
  }).filter(([x, y]) => x > 0 && x < 1 && y > 0 && y < 1);
  return sizes.map((size) => {
    const counts = new Map();
    for (const [x, y] of points) {
      const id = Math.floor(y * size) * size + Math.floor(x * size);
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    const kept = [...counts].filter(([, count]) => count > 3).sort((a, b) => a[0] - b[0]);
    return { size, ids: kept.map(([id]) => id), counts: kept.map(([, count]) => count) };
  });
}

/** What x and y mean where two classes are compared. */
function axesOf([kind, first, other]) {
  if (kind !== "comparison") return [];
  const nothing = { low: null, high: null, low_label: "", high_label: "" };
  return [
    {
      label: `influence on ${first} − influence on ${other}`,
      low: 1.34,
      high: -1.34,
      low_label: first,
      high_label: other,
    },
    { ...nothing, label: "similar activations lie close together" },
  ];
}

export class FakeModel {
  constructor(options = {}) {
    this.options = { sizes: [20, 40, 80], dense: false, instant: false, pace: 60, ...options };
    this.listeners = new Map();
    this.sent = [];
    this.saved = [];
    this.revision = 0;
    this.sheet = 0;
    this.unacknowledged = 0;
    this.details = new FakeDetails(this, CLASSES);
    this.causes = new FakeCauses(this, CLASSES);
    this.diagnoses = new FakeDiagnoses(this, CLASSES);
    this.overlays = new FakeOverlays(this, CLASSES);
    this.dead = false;
    this.subject = options.state?.subject ?? [];
    this.state = {
      layer: "blocks.4.2",
      layers: Array.from({ length: 46 }, (_, i) => ({
        name: i === 0 ? "conv_stem" : `blocks.${Math.floor(i / 7)}.${i % 7}`,
        type: i === 0 ? "Conv2d" : "InvertedResidual",
      })),
      selection: [],
      level: 20,
      fixed_level: null,
      subject: [],
      opened: [],
      hovered: -1,
      viewport: [0, 0, 1, 1],
      overlay: "pictures",
      status: this.status("starting"),
      height: 640,
      ...options.state,
    };
  }

  // ------------------------------------------------------------ the face of anywidget's model

  get(name) {
    return this.state[name];
  }

  set(name, value) {
    if (JSON.stringify(this.state[name]) === JSON.stringify(value)) return;
    this.state[name] = value;
    this.emit(`change:${name}`);
    if (name === "subject") void this.showSubject(value);
  }

  save_changes() {
    if (this.dead) throw new Error("the kernel is dead");
    this.saved.push(structuredClone(this.state));
  }

  on(name, listener) {
    if (!this.listeners.has(name)) this.listeners.set(name, new Set());
    this.listeners.get(name).add(listener);
  }

  off(name, listener) {
    this.listeners.get(name)?.delete(listener);
  }

  send(message) {
    if (this.dead) throw new Error("the kernel is dead");
    this.sent.push(message);
    setTimeout(() => this.handle(message), this.options.instant ? 0 : 5);
  }

  emit(name, ...values) {
    for (const listener of [...(this.listeners.get(name) ?? [])]) listener(...values);
  }

  // ------------------------------------------------------------ the kernel

  /** As from Python: sets a trait, which the browser hears. */
  python(name, value) {
    this.set(name, value);
  }

  message(content, buffers = []) {
    if (!this.dead) this.emit("msg:custom", content, buffers);
  }

  die() {
    this.dead = true;
    this.emit("comm_live_update");
  }

  status(stage, more = {}) {
    return {
      stage,
      message: "",
      done: 0,
      total: 0,
      seconds_left: null,
      error: "",
      model: "EfficientNet-Lite0",
      layer: "blocks.4.2",
      samples: 12000,
      images: 18,
      ...more,
    };
  }

  say(stage, more) {
    this.python("status", this.status(stage, more));
  }

  async handle(message) {
    if (message.kind === "ready") {
      // `deaf`: how many of the first are lost, as by a kernel that does not listen yet
      if (this.options.deaf > 0) this.options.deaf--;
      else await this.begin();
    } else if (message.kind === "acknowledge") this.unacknowledged--;
    else if (message.kind === "visible") this.visible(message);
    else if (message.kind === "hover") await this.card(message);
    else if (this.details.answers(message)) await this.details.answer(message);
    else if (this.causes.answers(message)) await this.causes.answer(message);
    else if (this.diagnoses.answers(message)) await this.diagnoses.answer(message);
    else if (this.overlays.answers(message)) await this.overlays.answer(message);
    else if (message.kind === "missing") await this.show(message.grid, message.cells, "final");
    else if (message.kind === "export") {
      await wait(200);
      this.message({
        kind: "exported",
        path: `/home/ada/notebooks/atlas_blocks.4.2_${message.grid}.${message.format}`,
        provenance: `/home/ada/notebooks/atlas_blocks.4.2_${message.grid}.${message.format}.json`,
      });
    } else if (message.kind === "retry") await this.begin();
  }

  async begin() {
    const { instant, error, sizes, dense } = this.options;
    if (error) {
      this.say("error", { error });
      this.message({ kind: "error", message: error, hint: this.options.hint ?? "", fatal: true });
      return;
    }
    this.overlays.sendClasses();
    if (!instant) {
      for (let i = 0; i <= 10; i++) {
        this.say("collecting", { done: i * 400, total: 4000, seconds_left: (10 - i) * 0.4 });
        await wait(this.options.pace);
      }
      this.sendLayout(makeGrids({ sizes, dense, seed: 5 }), false);
      await this.show(sizes[0], this.grids[0].ids, "crop");
      this.say("umap", { seconds_left: 3 });
      await wait(this.options.pace * 12);
    }
    this.sendLayout(makeGrids({ sizes, dense }), true);
    if (this.options.stop === "layout") return;
    const grid = this.options.grid ?? sizes[0];
    const { ids } = this.grids.find((g) => g.size === grid);
    if (instant) {
      const states = this.options.states ?? ["final"];
      const share = Math.ceil(ids.length / states.length);
      for (let i = 0; i < states.length; i++) {
        if (states[i] !== "none")
          await this.show(grid, ids.slice(i * share, (i + 1) * share), states[i]);
      }
      this.sendLabels();
      this.say(this.options.stage ?? "idle", this.options.status);
      return;
    }
    await this.show(grid, ids, "crop");
    this.sendLabels();
    for (const state of ["rough", "final"]) {
      for (let i = 0; i < ids.length; i += 8) {
        this.say("pictures", {
          done: i,
          total: ids.length,
          seconds_left: ((ids.length - i) * this.options.pace) / 8000,
        });
        await this.show(grid, ids.slice(i, i + 8), state);
        await wait(this.options.pace);
      }
    }
    this.say("idle");
  }

  sendLayout(grids, final) {
    this.grids = grids;
    this.revision++;
    this.message({
      kind: "layout",
      revision: this.revision,
      final,
      grids,
      samples: 12000,
      images: 18,
      layer: "blocks.4.2",
      subject: this.subject,
      axes: axesOf(this.subject),
    });
  }

  /** As Python does: the atlas of a class has fewer cells; `slowSubject` lets one see it coming. */
  async showSubject(subject) {
    const { sizes, dense, slowSubject } = this.options;
    if (subject.length > 0) {
      this.say("attribution", { done: 1200, total: 4000, seconds_left: 12 });
      await wait(slowSubject ?? this.options.pace);
      if (this.state.subject !== subject) return;
    }
    this.subject = subject;
    const seed = 3 + subject.join().length;
    this.sendLayout(makeGrids({ sizes, dense, seed }), true);
    await this.show(sizes[0], this.grids[0].ids, "final");
    this.sendLabels();
    this.say("idle");
  }

  sendLabels() {
    for (const { size, ids } of this.grids) {
      this.message({
        kind: "labels",
        revision: this.revision,
        grid: size,
        cells: ids,
        labels: ids.map((id) => this.labelOf(size, id)),
        winners: ids.map((id) => (this.uncertain(size, id) ? null : this.classOf(size, id))),
        seconds: ids.map((id) => (this.shared(size, id) ? this.neighbourOf(size, id) : null)),
      });
    }
  }

  textureOf(grid, cell) {
    const x = ((cell % grid) + 0.5) / grid;
    const y = (Math.floor(cell / grid) + 0.5) / grid;
    return Math.floor((x * 0.55 + y * 0.45) * TEXTURES + ((cell * 13) % 9)) % TEXTURES;
  }

  classOf(grid, cell) {
    return Math.floor(this.textureOf(grid, cell) / (TEXTURES / LABELS.length)) % LABELS.length;
  }

  /** Some cells are shared by two classes. */
  shared(grid, cell) {
    return !this.uncertain(grid, cell) && this.textureOf(grid, cell) % 37 === 5;
  }

  neighbourOf(grid, cell) {
    return (this.classOf(grid, cell) + 1) % LABELS.length;
  }

  labelOf(grid, cell) {
    if (this.uncertain(grid, cell)) return null;
    const label = this.label(grid, cell);
    return this.shared(grid, cell)
      ? `mixed: ${label}, ${LABELS[this.neighbourOf(grid, cell)]}`
      : label;
  }

  label(grid, cell) {
    return LABELS[this.classOf(grid, cell)];
  }

  uncertain(grid, cell) {
    return this.textureOf(grid, cell) % 11 === 0;
  }

  fidelity(cell, state) {
    const spread = ((cell * 7919) % 100) / 100;
    if (state === "crop") return [null, null];
    if (state === "rough") return [0.3 + 0.3 * spread, null];
    return [0.34 + 0.5 * spread, spread > 0.93 ? 3 : 1];
  }

  visible({ grid, cells }) {
    if (!this.options.onDemand) return;
    const state = this.options.instant ? "final" : "rough";
    void this.show(grid, cells, state);
  }

  async show(grid, cells, state) {
    const { revision } = this;
    for (let i = 0; i < cells.length; i += 64) {
      const some = cells.slice(i, i + 64);
      const columns = Math.min(8, some.length);
      const buffer = await this.encode(grid, some, state, columns);
      while (this.unacknowledged > 8) await wait(5);
      this.unacknowledged++;
      const fidelity = some.map((cell) => this.fidelity(cell, state));
      this.message(
        {
          kind: "sheet",
          sheet: this.sheet++,
          revision,
          grid,
          state,
          cells: some,
          cosine: fidelity.map(([cosine]) => cosine),
          rank: fidelity.map(([, rank]) => rank),
          tile: TILE,
          columns,
        },
        [buffer],
      );
    }
  }

  async encode(grid, cells, state, columns) {
    // `sheetBytes`: full ones are all alike and so large, as if each were of 64 real pictures: tens
    // of thousands take seconds
    const { sheetBytes } = this.options;
    const kept = sheetBytes > 0 && cells.length === 64;
    if (kept && this.kept) return this.kept;
    const canvas = new OffscreenCanvas(columns * TILE, Math.ceil(cells.length / columns) * TILE);
    const context = canvas.getContext("2d");
    cells.forEach((cell, at) => {
      const index = this.textureOf(grid, cell);
      const x = (at % columns) * TILE;
      context.drawImage(texture(index, state), x, Math.floor(at / columns) * TILE);
    });
    const buffer = await toJpeg(canvas);
    if (!kept) return buffer;
    const padded = new Uint8Array(Math.max(sheetBytes, buffer.byteLength)); // no decoder minds
    padded.set(new Uint8Array(buffer.buffer));
    this.kept = new DataView(padded.buffer);
    return this.kept;
  }

  async card({ grid, cell }) {
    const index = this.textureOf(grid, cell);
    const crops = 6;
    const canvas = new OffscreenCanvas(crops * TILE, TILE);
    const context = canvas.getContext("2d");
    for (let i = 0; i < crops; i++)
      context.drawImage(texture((index + i * 3) % TEXTURES, "crop"), i * TILE, 0);
    const first = LABELS.indexOf(this.label(grid, cell));
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
    const [cosine, rank] = this.fidelity(cell, "final");
    const { ids, counts } = this.grids.find((g) => g.size === grid);
    this.message(
      {
        kind: "card",
        revision: this.revision,
        grid,
        cell,
        count: counts[ids.indexOf(cell)],
        cosine,
        rank,
        state: "final",
        label: this.labelOf(grid, cell),
        classes: this.options.noClasses ? null : pick(1, 6, 1),
        against: this.options.noClasses ? null : pick(7, 5, -1),
        crops,
        tile: TILE,
      },
      [await toJpeg(canvas)],
    );
  }
}
