import type { Camera, Size } from "../geometry/geometry";
import type { Grid } from "../geometry/grids";
import type { Colors } from "../page/theme";
import type { Pictures } from "../pictures";
import type { Tint } from "./tint";

/** All that one frame depends on. */
export interface Scene {
  /** The grid in view and all grids, coarsest first: a coarser one stands in for what is missing. */
  grid: Grid;
  grids: readonly Grid[];
  pictures: Pictures;
  /** An overlay's colours above the pictures, and how much of them shows. */
  tint: { tint: Tint; strength: number } | null;
  camera: Camera;
  size: Size;
  /** Device pixels per CSS pixel. */
  ratio: number;
  colors: Colors;
  /** While the camera moves, cells are not snapped to whole pixels. */
  moving: boolean;
  /** Nothing has changed for a while: this frame may take longer and look better. */
  settled: boolean;
  /** Milliseconds; 0 where motion is unwanted. */
  fade: number;
  now: number;
  label(cell: number): string | null;
}

/** Draws the pictures. Canvas 2D now; WebGL may follow behind the same interface. */
export interface Renderer {
  /** True if the last frame was drawn quickly: a settled one would look better. */
  readonly couldBeBetter: boolean;
  /** Before there is an atlas. */
  blank(color: string): void;
  /** Draws a frame; true if another one is needed to finish what is being built or faded. */
  draw(scene: Scene): boolean;
  /** These cells look different now. */
  picturesChanged(grid: number, cells: readonly number[]): void;
  /** Fades from what is on the screen to what the next scene shows. */
  crossfade(camera: Camera): void;
  /** All cells look different now: other colours. What is there stays until they are drawn. */
  repaint(): void;
  /** Everything drawn so far is void: another layout. */
  reset(): void;
  /** Hears how long the page was busy with a frame (ms). */
  frameTook(milliseconds: number): void;
}
