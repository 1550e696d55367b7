export type { Picture, PictureState } from "./picture";
export { DOUBTFUL_COSINE, isDoubtful, STATES, supersedes } from "./picture";
export { type PictureMemory, Pictures } from "./pictures";
