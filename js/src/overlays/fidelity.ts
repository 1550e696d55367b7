import { DOUBTFUL_COSINE, isDoubtful } from "../pictures";
import type { PictureKey } from "../protocol/picture_key";
import { formatDecimal } from "../util/numbers";
import { MAKO, pixelOf } from "./colour";
import type { Overlay } from "./overlay";

const MADE_FROM =
  "A cell’s card says what its picture was made from, and whether a second network (judge=) finds the cell in it.";

/** The facts about a cell's picture. */
export interface PictureFacts {
  key: PictureKey;
  state: string;
  cosine: number | null;
  rank: number | null;
}

/** An overlay of the cosine between the layer's answer to each picture and its direction. */
export function fidelityOverlay(pictureOf: (cell: number) => PictureFacts | undefined): Overlay {
  return {
    colour: (cell) => {
      const cosine = pictureOf(cell)?.cosine ?? null;
      return cosine === null ? 0 : pixelOf(MAKO.at(cosine));
    },
    words: (cell) => {
      const cosine = pictureOf(cell)?.cosine ?? null;
      return cosine === null ? null : `cosine ${formatDecimal(cosine)}`;
    },
    framed: (cell) => {
      const picture = pictureOf(cell);
      return picture !== undefined && isDoubtful(picture);
    },
    legend: {
      title: "Fidelity of the pictures",
      about:
        "The cosine between a cell’s mean activation and what the layer answers when it is shown " +
        "the cell’s picture again. Cells without a picture of their own have no colour.",
      scale: {
        gradient: MAKO.gradient,
        ticks: [0, 0.25, 0.5, 0.75, 1].map((at) => ({ at, text: String(at) })),
      },
      controls: true,
      notes: [
        {
          colour: "var(--aw-doubtful)",
          framed: true,
          text: `doubtful: below ${DOUBTFUL_COSINE}, or nearer to another cell`,
        },
        { colour: "transparent", text: MADE_FROM },
      ],
    },
  };
}
