/** What is known of the picture of one cell. */

export type PictureState = "crop" | "rough" | "final";
export const STATES: readonly PictureState[] = ["crop", "rough", "final"];

/** Below this cosine a finished picture is called doubtful. */
export const DOUBTFUL_COSINE = 0.4;
/** Ranks tell something only where neighbouring cells differ: on the coarse grids. */
const RANKED_GRID = 20;

/** One message of pictures. Its compressed bytes and its decoded copies are kept elsewhere. */
export interface Sheet {
  /** Its name here: the kernel's own may come twice. */
  key: number;
  id: number;
  grid: number;
  state: PictureState;
  columns: number;
  /** The side of a picture in pixels, as sent. */
  tile: number;
  /** The cells that still show it. */
  cells: Set<number>;
}

export interface Picture {
  grid: number;
  cell: number;
  state: PictureState;
  cosine: number | null;
  rank: number | null;
  arrived: number;
  /** What was there before, kept only while this one fades in over it. */
  before: Picture | null;
  sheet: Sheet;
  /** Its place in the sheet. */
  index: number;
}

export function isDoubtful(picture: {
  state: string;
  grid: number;
  cosine: number | null;
  rank: number | null;
}): boolean {
  if (picture.state !== "final") return false;
  if (picture.cosine !== null && picture.cosine < DOUBTFUL_COSINE) return true;
  return picture.grid <= RANKED_GRID && picture.rank !== null && picture.rank > 1;
}

/** Whether a picture that arrives replaces the one that is there: never back to a lesser state. */
export function supersedes(
  arriving: { state: PictureState; sheet: number },
  present: { state: PictureState; sheet: number },
): boolean {
  const step = STATES.indexOf(arriving.state) - STATES.indexOf(present.state);
  return step > 0 || (step === 0 && arriving.sheet > present.sheet);
}

/** How many pictures of a grid are in which state. */
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
