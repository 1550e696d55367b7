import type { ArrivingSheet, PictureState, Pictures } from "../pictures";
import type { BrowserMessage, KernelMessageOf } from "../protocol/messages";
import { keyIn, type PictureGroup } from "../protocol/picture_key";
import { PICTURE_STATES } from "../protocol/shared";

type Sheet = { message: KernelMessageOf<"sheet">; bytes: Uint8Array };

/** Sheets of a layout that is not here yet; what is beyond these is asked for again anyway. */
const MAX_EARLY = 256;

/** Takes in sheets of pictures and acknowledges each of them, once. */
export class Sheets {
  private early: Sheet[] = [];

  constructor(
    private readonly pictures: Pictures,
    private readonly send: (message: BrowserMessage) => void,
  ) {}

  /** `revision` is that of the layout which is here. */
  receive(
    message: KernelMessageOf<"sheet">,
    bytes: Uint8Array | undefined,
    revision: number,
  ): void {
    const acknowledge = () => this.send({ kind: "acknowledge", sheet: message.sheet });
    const valid = bytes && (PICTURE_STATES as readonly string[]).includes(message.state);
    if (!valid || message.revision < revision) {
      acknowledge();
    } else if (message.revision > revision) {
      // Overtook its layout. Acknowledged, or the kernel would wait for us while we wait for it.
      if (this.early.length < MAX_EARLY) this.early.push({ message, bytes });
      acknowledge();
    } else {
      void this.take({ message, bytes }).finally(acknowledge);
    }
  }

  /** The layout of a revision is here: so are its early sheets. */
  layoutCame(revision: number): void {
    const early = this.early.filter((sheet) => sheet.message.revision >= revision);
    this.early = early.filter((sheet) => sheet.message.revision > revision);
    for (const sheet of early) if (sheet.message.revision === revision) void this.take(sheet);
  }

  private take({ message, bytes }: Sheet): Promise<void> {
    return this.pictures
      .receive(readSheet(message), bytes)
      .catch(() => console.warn(`[atlas_widget] sheet ${message.sheet} could not be decoded`));
  }
}

/** A message's pictures by their keys: the wire names a group and numbers in it. */
function readSheet(message: KernelMessageOf<"sheet">): ArrivingSheet {
  const { sheet: id, numbers, cosine, rank, tile, columns } = message;
  const state = message.state as PictureState;
  const group = message.group as PictureGroup;
  const keys = numbers.map((number) => keyIn(group, number));
  return { id, group, keys, state, cosine, rank, tile, columns };
}
