import type { BrowserMessage } from "../protocol/messages";
import type { UNIT_PICTURES } from "../protocol/shared";
import type { Answer } from "./answers";
import type { ReadBlock, SavedTold, SavedUnits } from "./format";

const unitGroup = (picture: (typeof UNIT_PICTURES)[number]) => `unit:${picture}`;

/** The answers to what a view asks about units: those whose pages are in this page. */
export class UnitAnswers {
  constructor(
    private readonly units: SavedUnits,
    private readonly readBlock: ReadBlock,
  ) {}

  to(message: BrowserMessage): Answer[] {
    switch (message.kind) {
      case "units":
        return [this.answer(this.units.overview)];
      case "unit": {
        const page = this.units.pages.find(({ unit }) => unit === message.unit);
        return (page?.told ?? []).map((told) => this.answer(told));
      }
      case "unit_values": {
        const { grid, unit } = message;
        const values = this.units.values.find(
          ({ message: of }) => of.grid === grid && of.unit === unit,
        );
        return values ? [this.answer(values)] : [];
      }
      default:
        return [];
    }
  }

  /** The groups and numbers of the pictures that a message is about. */
  pictures(message: BrowserMessage): [group: string, units: readonly number[]][] {
    if (message.kind === "units_in_sight") return [[unitGroup("neuron"), message.units]];
    if (message.kind !== "unit" || message.unit < 0) return [];
    const page = this.units.pages.find(({ unit }) => unit === message.unit);
    const first = page?.told[0]?.message;
    const relatives = first?.kind === "unit" ? first.relatives : [];
    return [
      [unitGroup("neuron"), [message.unit, ...relatives]],
      [unitGroup("channel"), [message.unit]],
      [unitGroup("negative"), [message.unit]],
    ];
  }

  private answer({ message, block }: SavedTold): Answer {
    return block === null ? { message } : { message, bytes: this.readBlock(block) };
  }
}
