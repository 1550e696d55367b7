/** One picture, and the sheet that it came in. */

import { gridOf, groupOf, type PictureGroup, type PictureKey } from "../protocol/picture_key";
import { PICTURE_STATES } from "../protocol/shared";

export type PictureState = (typeof PICTURE_STATES)[number];

/** Below this cosine a finished picture is called doubtful. */
export const DOUBTFUL_COSINE = 0.4;
/** Ranks tell something only where neighbouring cells differ: on the coarse grids. */
const RANKED_GRID = 20;

/** Pictures that arrived together, in the tiles of one image. */
export interface ArrivingSheet {
  /** The kernel's number: of two pictures in the same state that with the higher one is newer. */
  id: number;
  group: PictureGroup;
  keys: readonly PictureKey[];
  state: PictureState;
  cosine: readonly (number | null)[];
  rank: readonly (number | null)[];
  /** The side of a picture in pixels. */
  tile: number;
  columns: number;
}

/** One of them that is kept. Its compressed bytes and its decoded copies are kept elsewhere. */
export interface Sheet {
  /** Its name here: the kernel's own may come twice. */
  serial: number;
  id: number;
  group: PictureGroup;
  state: PictureState;
  columns: number;
  /** The side of a picture in pixels, as sent. */
  tile: number;
  /** The pictures that are still shown from it. */
  keys: Set<PictureKey>;
}

/** The place of a thumbnail. */
export interface Thumb {
  canvas: OffscreenCanvas;
  x: number;
  y: number;
}

export interface Picture {
  key: PictureKey;
  state: PictureState;
  cosine: number | null;
  rank: number | null;
  arrived: number;
  /** The picture of before, kept only while this one fades in over it. */
  before: Picture | null;
  sheet: Sheet;
  /** Its place in the sheet. */
  index: number;
  /** Its thumbnail, which stays. */
  thumb: Thumb;
}

export function isDoubtful(picture: {
  key: PictureKey;
  state: string;
  cosine: number | null;
  rank: number | null;
}): boolean {
  if (picture.state !== "final") return false;
  if (picture.cosine !== null && picture.cosine < DOUBTFUL_COSINE) return true;
  return picture.rank !== null && picture.rank > 1 && isRanked(picture.key);
}

function isRanked(key: PictureKey): boolean {
  const grid = gridOf(groupOf(key));
  return grid === null || grid <= RANKED_GRID;
}

/** True if an arriving picture replaces the one that is there: never back to a lesser state. */
export function supersedes(
  arriving: { state: PictureState; sheet: number },
  present: { state: PictureState; sheet: number },
): boolean {
  const step = PICTURE_STATES.indexOf(arriving.state) - PICTURE_STATES.indexOf(present.state);
  return step > 0 || (step === 0 && arriving.sheet > present.sheet);
}

/** The number of a group's pictures in each state. */
export class Tally {
  crop = 0;
  rough = 0;
  final = 0;
  doubtful = 0;

  add(picture: Picture, by: 1 | -1): void {
    this[picture.state] += by;
    if (isDoubtful(picture)) this.doubtful += by;
  }
}
