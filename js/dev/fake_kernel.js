/**
 * A kernel made of nothing, to look at the view while changing it and to test it without Python.
 * `FakeModel` has the face of anywidget's model; behind it, messages are answered with synthetic
 * pictures. Options: cells (how many at the finest grid), instant, error, closed, delay.
 */

import { axesOf, CLASSES, FakeAtlas, makeGrids } from "./fake_atlas.js";
import { FakeCauses } from "./fake_causes.js";
import { FakeDetails } from "./fake_details.js";
import { FakeDiagnoses } from "./fake_diagnoses.js";
import { FakeOverlays } from "./fake_overlays.js";
import { FakePhoto } from "./fake_photo.js";
import { TILE, texture, toJpeg, wait } from "./fake_pictures.js";

export class FakeModel extends FakeAtlas {
  constructor(options = {}) {
    super();
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
    this.photo = new FakePhoto(this);
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

  send(message, _callbacks, buffers = []) {
    if (this.dead) throw new Error("the kernel is dead");
    this.sent.push(message);
    setTimeout(() => this.handle(message, buffers), this.options.instant ? 0 : 5);
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

  async handle(message, buffers) {
    if (message.kind === "ready") {
      // `deaf`: how many of the first are lost, as by a kernel that does not listen yet
      if (this.options.deaf > 0) this.options.deaf--;
      else await this.begin();
    } else if (message.kind === "acknowledge") this.unacknowledged--;
    else if (message.kind === "visible") this.visible(message);
    else if (message.kind === "hover") await this.details.card(message);
    else if (this.details.answers(message)) await this.details.answer(message);
    else if (this.causes.answers(message)) await this.causes.answer(message);
    else if (this.diagnoses.answers(message)) await this.diagnoses.answer(message);
    else if (this.overlays.answers(message)) await this.overlays.answer(message);
    else if (this.photo.answers(message)) this.photo.answer(message, buffers);
    else if (message.kind === "missing") await this.sendAgain(message);
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
        leading: ids.map((id) => this.classOf(size, id)),
        seconds: ids.map((id) => (this.shared(size, id) ? this.neighbourOf(size, id) : null)),
      });
    }
  }

  visible({ grid, cells }) {
    if (!this.options.onDemand) return;
    const state = this.options.instant ? "final" : "rough";
    void this.show(grid, cells, state);
  }

  /** Pictures of cells that the view lacks. */
  async sendAgain({ group, numbers }) {
    const [kind, grid] = group.split(":");
    if (kind === "cell" && numbers.length > 0) await this.show(Number(grid), numbers, "final");
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
          group: `cell:${grid}`,
          state,
          numbers: some,
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
}
