/** What benchmarks/frames.py calls in the page. */
import type { Camera } from "../../src/geometry/geometry";
import type { PlainKind } from "../../src/store/overlay_choice";
import { type Step, stepAt } from "./journey";
import { type Frame, nextFrame, record } from "./meter";
import { PlainRenderer } from "./peer";
import { Widget } from "./widget";

const WIDTH = 1200;
const HEIGHT = 800;
/** How long the view is panned while pictures arrive (s). */
const BURST_SECONDS = 4;

let sheets: ArrayBuffer[] = [];
let widget: Widget | null = null;
let peer: PlainRenderer | null = null;

const frames = async (count: number) => {
  for (let i = 0; i < count; i++) await nextFrame();
};

async function load(count: number): Promise<void> {
  sheets = await Promise.all(
    Array.from({ length: count }, async (_, at) => (await fetch(`sheet_${at}.jpg`)).arrayBuffer()),
  );
}

/** Opens the widget on a dense atlas; returns the seconds until all its pictures were there. */
async function openWidget(sizes: number[], level: number | null): Promise<number> {
  const began = performance.now();
  widget = await Widget.open(sizes, sheets, WIDTH, HEIGHT);
  const seconds = (performance.now() - began) / 1000;
  await widget.showLevel(level);
  return seconds;
}

/** Lays an overlay over the pictures, or none ("pictures"). */
async function overlay(kind: PlainKind): Promise<void> {
  widget!.store.overlay.value = { kind };
  await frames(30);
}

async function openPlain(grid: number): Promise<void> {
  peer = await PlainRenderer.open(grid, sheets, WIDTH, HEIGHT);
}

/** Takes the whole way once. */
function ride(): Promise<Frame[]> {
  const it = widget ?? peer!;
  let before = 0;
  const way = (seconds: number, take: (step: Step) => void, grid: number, home: Camera) => {
    const step = stepAt(seconds, before, grid, home);
    before = seconds;
    if (step) take(step);
    return step?.leg ?? null;
  };
  return record((seconds) => way(seconds, (step) => it.take(step), it.grid, it.home));
}

function memory() {
  const { sent, again } = widget!.model;
  return { ...widget!.store.pictures.memory, sent, again };
}

/** Hovers over one cell after the other; milliseconds from each event until its card is painted. */
async function hover(times: number): Promise<number[]> {
  const it = widget!;
  it.release();
  await frames(40);
  const { x, y } = it.middle;
  const found: number[] = [];
  let last = it.card;
  for (let i = 0; i < times; i++) {
    const angle = i * 2.4;
    const radius = 60 + ((i * 29) % 200);
    const began = performance.now();
    it.hover(x + radius * Math.cos(angle), y + radius * Math.sin(angle));
    // A browser hands moves of the pointer to the page right before a frame: the work of both
    // counts, the time until that frame begins does not.
    const handled = performance.now() - began;
    const { work } = await nextFrame();
    if (it.card && it.card !== last) found.push(handled + work);
    last = it.card;
    await frames(8);
  }
  it.leave();
  return found;
}

/** Pans while this many pictures arrive in place of others; all frames, and how soon they came. */
async function burst(icons: number) {
  const it = widget!;
  const { k } = it.home;
  it.take({ leg: "", k, move: 0 });
  await frames(40);
  const first = Math.floor((it.grid ** 2 - icons) / 2);
  const cells = Array.from({ length: icons }, (_, at) => first + at);
  const start = 0.3;
  let fed = false;
  let arrived: number | null = null;
  const all = await record((seconds) => {
    if (!fed && seconds > start) {
      fed = true;
      it.model.feed(it.grid, cells, "final");
    }
    if (fed && it.model.quiet) arrived ??= seconds - start;
    if (seconds > BURST_SECONDS) return null;
    it.take({ leg: "burst", k, move: seconds % 1 < 0.5 ? 5 : -5 });
    return "burst";
  });
  it.release();
  return { frames: all, arrived };
}

Object.assign(window, {
  bench: { load, openWidget, overlay, openPlain, ride, memory, hover, burst },
});
