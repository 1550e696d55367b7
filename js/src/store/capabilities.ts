/** The abilities of what stands behind a view: a kernel has all, a saved page few. */
export const CAPABILITIES = [
  /** Make pictures while one waits: live pictures, variants, mixtures. */
  "live",
  /** Run the model: causal tests, patches, cues, controls, halves of cells. */
  "experiments",
  /** Switch to another layer, or to the atlas of a class. */
  "layers",
  /** Place a photo of the user's on the map. */
  "photo",
  /** Show real crops. */
  "crops",
  /** Tell how far the means of cells are to be trusted. */
  "doubt",
  /** Show the whole image that a crop is of. */
  "images",
  /** Show any unit; a page has those whose pages were opened. */
  "units",
  /** Keep notes; others can only be read. */
  "notes",
  /** Write figures, and take lines of Python. */
  "python",
] as const;

export type Capability = (typeof CAPABILITIES)[number];

/** The capabilities that a list names. A kernel sends no list: it can do everything. */
export function readCapabilities(value: unknown): ReadonlySet<Capability> {
  if (!Array.isArray(value)) return new Set(CAPABILITIES);
  return new Set(CAPABILITIES.filter((name) => value.includes(name)));
}
