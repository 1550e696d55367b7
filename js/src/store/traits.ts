/** Reads what Python put into traits; whatever is missing or odd becomes a harmless default. */

import type { Box } from "../geometry/geometry";
import type { STAGES } from "../protocol/shared";
import { formatCount, formatSeconds, plural } from "../util/numbers";

export type Stage = (typeof STAGES)[number];

export interface Status {
  stage: Stage;
  message: string;
  done: number;
  total: number;
  secondsLeft: number | null;
  /** What would take less time, where much is left, each in a few words. */
  shorter: readonly string[];
  error: string;
  model: string;
  layer: string;
  samples: number;
  images: number;
}

export interface LayerName {
  name: string;
  type: string;
  /** One of those that are listed first. */
  block: boolean;
  /** Of its output for one image; null while that is not known. */
  shape: readonly number[] | null;
}

type Loose = Record<string, unknown>;
const asObject = (value: unknown): Loose =>
  typeof value === "object" && value !== null ? (value as Loose) : {};
const asText = (value: unknown): string => (typeof value === "string" ? value : "");
const asCount = (value: unknown): number =>
  typeof value === "number" && Number.isFinite(value) ? Math.max(0, value) : 0;

export function readStatus(value: unknown): Status {
  const status = asObject(value);
  const left = status.seconds_left;
  return {
    stage: (asText(status.stage) || "starting") as Stage,
    message: asText(status.message),
    done: asCount(status.done),
    total: asCount(status.total),
    secondsLeft: typeof left === "number" && Number.isFinite(left) ? left : null,
    shorter: Array.isArray(status.shorter) ? status.shorter.map(asText).filter(Boolean) : [],
    error: asText(status.error),
    model: asText(status.model),
    layer: asText(status.layer),
    samples: asCount(status.samples),
    images: asCount(status.images),
  };
}

export function readLayers(value: unknown): LayerName[] {
  if (!Array.isArray(value)) return [];
  return value
    .map((item) =>
      typeof item === "string"
        ? { name: item, type: "", block: true, shape: null }
        : {
            name: asText(asObject(item).name),
            type: asText(asObject(item).type),
            block: asObject(item).block !== false,
            shape: readShape(asObject(item).shape),
          },
    )
    .filter((layer) => layer.name !== "");
}

function readShape(value: unknown): number[] | null {
  if (!Array.isArray(value) || value.length === 0) return null;
  return value.every((side) => Number.isInteger(side) && side > 0) ? value : null;
}

export function readSelection(value: unknown): number[] {
  if (!Array.isArray(value)) return [];
  return value.filter((cell): cell is number => Number.isInteger(cell) && cell >= 0);
}

export function readInteger(value: unknown, fallback: number): number {
  return typeof value === "number" && Number.isFinite(value) ? Math.round(value) : fallback;
}

/** The number of a unit; null for none. */
export function readUnit(value: unknown): number | null {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 ? value : null;
}

export function readBox(value: unknown): Box | null {
  if (!Array.isArray(value) || value.length !== 4) return null;
  const box = value.map(Number);
  if (!box.every(Number.isFinite) || box[2] <= box[0] || box[3] <= box[1]) return null;
  return box as Box;
}

const STAGE_WORDS: Record<Stage, string> = {
  starting: "Starting",
  collecting: "Collecting activations",
  layout: "First layout",
  attribution: "Computing what samples argue for",
  umap: "Arranging by similarity (UMAP)",
  pictures: "Pictures",
  idle: "",
  error: "Stopped by an error",
  closed: "Closed",
};

/** The status line in words: what, how far, how long still; at rest, what there is. */
export function describeStatus(
  status: Status,
  shown: { cells: number; samples: number; images: number } | null,
): string {
  if (status.stage === "idle") {
    if (!shown) return status.message || "Nothing to show yet";
    const samples = shown.samples || status.samples;
    const images = shown.images || status.images;
    return (
      `${plural(shown.cells, "cell")} · ${plural(samples, "sample")} from ` +
      plural(images, "image")
    );
  }
  const what = status.message || STAGE_WORDS[status.stage] || status.stage;
  const parts = [what];
  const says = /\d+\s*(of|\/)\s*\d+/.test(what); // the kernel's own words may hold the count
  if (status.total > 0 && !says) {
    parts[0] += ` ${formatCount(status.done)} of ${formatCount(status.total)}`;
  }
  if (status.secondsLeft !== null && status.secondsLeft > 0) {
    parts.push(`${formatSeconds(status.secondsLeft)} left`);
  }
  return parts.join(" · ");
}
