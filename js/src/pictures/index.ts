export type { ArrivingSheet, Picture, PictureState } from "./picture";
export { DOUBTFUL_COSINE, isDoubtful, supersedes } from "./picture";
export { type PictureMemory, Pictures } from "./pictures";
