import type { BrowserMessage, KernelMessage } from "../protocol/messages";
import { MAX_TILES } from "../protocol/shared";
import { SavedClasses } from "./classes";
import type { CropSheets } from "./crops";
import type { SavedGrid, SavedPage } from "./format";

/** A message of the kernel's, and the bytes that come with it. */
export interface Answer {
  message: KernelMessage;
  bytes?: Uint8Array<ArrayBuffer>;
}

/** Real crops on a card. */
const CARD_CROPS = 8;
const MAX_COLUMNS = 8;

interface Known {
  grid: SavedGrid;
  places: ReadonlyMap<number, number>;
  classes: SavedClasses;
}

/** The answers that a saved page has to what a view asks; none to what needs a kernel. */
export class Answers {
  private readonly grids = new Map<number, Known>();

  constructor(
    private readonly page: SavedPage,
    private readonly crops: CropSheets | null,
  ) {
    const ids = new Map(page.layout.grids.map((grid) => [grid.size, grid.ids]));
    for (const grid of page.grids) {
      const places = new Map((ids.get(grid.size) ?? []).map((cell, place) => [cell, place]));
      const classes = new SavedClasses(grid, page.classes.names);
      this.grids.set(grid.size, { grid, places, classes });
    }
  }

  /** All that a display has to know first, besides its pictures. */
  begin(): KernelMessage[] {
    const { layout, classes, regions, notes, grids } = this.page;
    const named = [regions, notes].filter((message) => message !== null);
    return [classes, layout, ...named, ...grids.map(({ labels }) => labels)];
  }

  async to(message: BrowserMessage): Promise<Answer[]> {
    switch (message.kind) {
      case "hover":
      case "inspect":
        return this.card(message.grid, message.cell);
      case "class_values":
        return this.classValues(message.grid, message.cell, message.classes);
      case "influence":
        return this.influence(message.grid, message.class, message.cells);
      case "strongest":
        return message.classes.flatMap((index) => this.strongest(message.grid, index));
      case "diagnoses": {
        const diagnoses = this.grids.get(message.grid)?.grid.diagnoses;
        return diagnoses ? [{ message: diagnoses }] : [];
      }
      case "real_crops":
        return this.realCrops(message.grid, message.cells);
      default:
        return [];
    }
  }

  private get revision(): number {
    return this.page.layout.revision;
  }

  private async card(size: number, cell: number): Promise<Answer[]> {
    const known = this.grids.get(size);
    const place = known?.places.get(cell);
    if (!known || place === undefined) return [];
    const { grid, classes } = known;
    const crops = this.crops?.of(size, place).slice(0, CARD_CROPS) ?? [];
    const state = grid.states[place];
    const message: KernelMessage = {
      kind: "card",
      revision: this.revision,
      grid: size,
      cell,
      count: this.page.layout.grids.find((each) => each.size === size)?.counts[place] ?? 0,
      cosine: grid.cosine[place],
      rank: grid.rank[place],
      state: state ?? "crop",
      made: state ? (this.page.made[grid.made[place]] ?? "") : "",
      label: grid.labels.labels[place] ?? null,
      why_not: grid.why_not[place] ?? "",
      look: "",
      lead: this.page.lead,
      classes: classes.pro(place),
      against: classes.contra(place),
      crops: crops.length,
      tile: this.crops?.tile ?? 0,
    };
    if (!this.crops || crops.length === 0) return [{ message }];
    return [{ message, bytes: await this.crops.together(crops, crops.length) }];
  }

  private classValues(size: number, cell: number, wanted: readonly number[]): Answer[] {
    const known = this.grids.get(size);
    const place = known?.places.get(cell);
    if (!known || place === undefined) return [];
    const found = wanted.map((index) => known.classes.of(place, index));
    const classes = found.filter((value) => value !== null);
    const { revision } = this;
    return [{ message: { kind: "class_values", revision, grid: size, cell, classes } }];
  }

  private influence(size: number, index: number, cells: number[]): Answer[] {
    const known = this.grids.get(size);
    if (!known || cells.length === 0) return [];
    const found = cells.map((cell) => known.classes.of(known.places.get(cell) ?? -1, index));
    const message: KernelMessage = {
      kind: "influence",
      revision: this.revision,
      grid: size,
      class: index,
      cells,
      values: found.map((value) => value?.value ?? null),
      low: found.map((value) => value?.low ?? null),
      high: found.map((value) => value?.high ?? null),
    };
    return [{ message }];
  }

  private strongest(size: number, index: number): Answer[] {
    const known = this.grids.get(size);
    if (!known) return [];
    const ids = [...known.places.keys()];
    const found = known.classes.arguingFor(index);
    const message: KernelMessage = {
      kind: "strongest",
      revision: this.revision,
      grid: size,
      class: index,
      cells: found.map(({ place }) => ids[place]),
      values: found.map(({ value }) => value),
      known: known.classes.known,
      total: ids.length,
    };
    return [{ message }];
  }

  private async realCrops(size: number, cells: readonly number[]): Promise<Answer[]> {
    const { crops } = this;
    const known = this.grids.get(size);
    if (!crops || !known) return [];
    const nearest = (cell: number) => crops.of(size, known.places.get(cell) ?? -1)[0];
    const some = cells.filter((cell) => nearest(cell) !== undefined).slice(0, MAX_TILES);
    if (some.length === 0) return [];
    const columns = Math.min(MAX_COLUMNS, some.length);
    const bytes = await crops.together(some.map(nearest), columns);
    const { revision } = this;
    const { tile } = crops;
    return [
      { message: { kind: "real_crops", revision, grid: size, cells: some, tile, columns }, bytes },
    ];
  }
}
