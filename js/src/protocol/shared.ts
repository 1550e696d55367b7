/** Written by `make messages` out of the Python package: do not edit. */

/** The stages of a status. */
export const STAGES = [
  "starting",
  "collecting",
  "layout",
  "attribution",
  "umap",
  "pictures",
  "idle",
  "error",
  "closed",
] as const;

/** The states of a picture, the least first. */
export const PICTURE_STATES = ["crop", "rough", "final"] as const;

/** The number of classes that each kind of subject names. */
export const SUBJECT_KINDS = { class: 1, winning: 1, comparison: 2 } as const;

/** The overlays that need no class. */
export const OVERLAYS = ["pictures", "crops", "density", "top class", "fidelity", "doubt"] as const;

/** The beginning of an influence overlay's text. */
export const INFLUENCE = "influence: ";

/** The beginning of a unit overlay's text. */
export const UNIT = "unit: ";

/** The kinds of pictures of a unit. */
export const UNIT_PICTURES = ["neuron", "channel", "negative"] as const;

/** The long computations of the view of units. */
export const UNIT_WORKS = [
  "scan",
  "tuning",
  "scrambled",
  "turned",
  "wiring",
  "classes",
  "twin",
] as const;

/** The long computations of the view of one image. */
export const IMAGE_WORKS = ["curves", "caricatures", "dreams"] as const;

/** The most layers that one image is read in. */
export const MAX_LAYERS = 5;

/** The views of a widget, the one that it opens with first. */
export const MODES = ["atlas", "graph", "units", "image", "compare"] as const;

/** The most cells that a message may name. */
export const MAX_CELLS = 25600;

/** The most characters of a text in a message. */
export const MAX_TEXT = 200;

/** The most numbers in a field of `integers`. */
export const MAX_INTEGERS = 64;

/** The most characters of a note's name. */
export const MAX_NAME = 80;

/** The most characters of a note's text. */
export const MAX_NOTE_TEXT = 2000;

/** The side of a picture as it is sent, in pixels. */
export const TILE = 64;

/** The most pictures in one message. */
export const MAX_TILES = 64;

/** The most images whose thumbnails are sent at once. */
export const MAX_THUMBNAILS = 24;

/** The number of a sample's nearest neighbours that are compared. */
export const NEIGHBORS = 15;
