import type { AnyModel } from "@anywidget/types";
import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { Causes } from "../causes/causes";
import { Diagnoses } from "../diagnosis/diagnoses";
import type { Grid } from "../geometry/grids";
import type { Place } from "../geometry/place";
import type { Pictures } from "../pictures";
import type { BrowserMessage, KernelMessageOf } from "../protocol/messages";
import { type KernelKind, type Part, Parts } from "../protocol/parts";
import { cellKey, type PictureKey } from "../protocol/picture_key";
import { PictureSupply } from "../supply/supply";
import { Beside } from "../units/beside";
import { OpenUnit } from "../units/open_unit";
import { type Order, readOrder } from "../units/overview";
import { Units } from "../units/units";
import { announceReady } from "./announcing";
import { Banners } from "./banners";
import { bindSelections } from "./bound_selections";
import { bindTrait } from "./bound_trait";
import { type Capability, readCapabilities } from "./capabilities";
import { Cards } from "./cards";
import { Classes } from "./classes";
import { Details } from "./details";
import { Influences } from "./influences";
import { Judgements } from "./judgements";
import { KernelTraits } from "./kernel_traits";
import { type Layout, readLayout } from "./layout";
import { Link } from "./link";
import { Notes } from "./notes";
import type { OverlayChoice } from "./overlay_choice";
import { bindOverlay } from "./overlay_trait";
import { Photo } from "./photo";
import { RealCrops } from "./real_crops";
import { Regions } from "./regions";
import { Remembered } from "./remembered";
import type { Selection, Selections } from "./selections";
import { Strongest } from "./strongest";
import { readSelection, readUnit, type Status } from "./traits";
import { allViews } from "./view_registry";

export type Change =
  | { kind: "layout" }
  | { kind: "pictures"; keys: readonly PictureKey[] }
  | { kind: "crops"; keys: readonly PictureKey[] };

/**
 * The browser's knowledge of one model, shared by all its views. It listens from `initialize` on:
 * messages that come before the first display arrive here too.
 */
export class Store {
  readonly layout = signal<Layout | null>(null);
  readonly connected: Signal<boolean>;
  readonly traits: KernelTraits;
  readonly selections: Selections;
  /** The overlay of all views; setting it sets the trait. */
  readonly overlay: Signal<OverlayChoice>;
  readonly remembered: Remembered;

  private readonly parts = new Parts();
  private readonly link: Link;
  readonly send = (message: BrowserMessage, buffers?: Uint8Array<ArrayBuffer>[]): void =>
    this.link.send(message, buffers);

  readonly supply: PictureSupply;
  readonly realCrops: RealCrops;
  readonly cards = this.parts.add(new Cards());
  readonly details = this.parts.add(new Details(this.send));
  readonly diagnoses = this.parts.add(new Diagnoses(this.send));
  readonly classes = this.parts.add(new Classes());
  readonly causes = this.parts.add(new Causes(this.send));
  readonly influences = this.parts.add(new Influences(this.send));
  readonly strongest = this.parts.add(new Strongest(this.send));
  readonly judgements = this.parts.add(new Judgements());
  readonly photo = this.parts.add(new Photo(this.send));
  readonly regions = this.parts.add(new Regions());
  readonly notes = this.parts.add(new Notes(this.send));
  readonly units: Units;
  readonly openUnit: OpenUnit;
  readonly beside: Beside;
  /** The unit whose page is open; setting it sets the trait. */
  readonly unit: Signal<number | null>;
  /** The id of the note that was gone to; a saved page has it in its address. */
  readonly note: Signal<string>;
  /** The order in which units are listed; setting it sets the trait. */
  readonly unitOrder: Signal<Order>;
  readonly banners = this.parts.add(new Banners());
  /** The state of each registered view, by the view's name. */
  readonly viewStates: ReadonlyMap<string, Part>;

  private readonly capabilities: ReadonlySet<Capability>;
  /** A unit of the layer that is being opened. */
  private unitToOpen: { layer: string; unit: number } | null = null;
  private readonly unbind: readonly (() => void)[];
  private readonly listeners = new Set<(change: Change) => void>();
  private readonly endAnnouncing: () => void;

  constructor(model: AnyModel) {
    this.link = new Link(model);
    this.connected = this.link.connected;
    this.capabilities = readCapabilities(this.link.get("capabilities"));
    const { parts, send, connected } = this;
    parts.add({
      handles: { layout: (message) => this.receiveLayout(message) },
      ofAnyRevision: true,
    });
    this.supply = parts.add(
      new PictureSupply(connected, send, (keys) => this.emit({ kind: "pictures", keys })),
    );
    this.units = parts.add(new Units(send, connected));
    this.openUnit = parts.add(new OpenUnit(send, connected));
    this.beside = parts.add(new Beside(send, connected));
    this.realCrops = parts.add(new RealCrops(send, (keys) => this.emit({ kind: "crops", keys })));
    this.viewStates = new Map(
      allViews().map((view) => [view.name, parts.add(view.makeState({ connected, send }))]),
    );
    this.traits = new KernelTraits(this.link, (status) => this.banners.followStatus(status));
    this.remembered = new Remembered(this.link);
    this.selections = bindSelections(this.link);
    const overlay = bindOverlay(this.link, this.classes.names);
    this.overlay = overlay.choice;
    const unit = bindTrait(this.link, "unit", readUnit);
    this.unit = unit.value;
    const order = bindTrait(this.link, "unit_order", readOrder);
    this.unitOrder = order.value;
    const note = bindTrait(this.link, "note", (value) => (typeof value === "string" ? value : ""));
    this.note = note.value;
    this.unbind = [overlay.stop, unit.stop, order.stop, note.stop];
    this.link.onMessage((content, buffers) => parts.receive(content, buffers[0], this.revision));
    this.endAnnouncing = announceReady(
      (view) => {
        if (connected.peek()) send({ kind: "ready", view, revision: this.revision });
      },
      () => this.revision >= 0,
    );
  }

  /** Shows another layer of the model. */
  openLayer(layer: string): void {
    if (layer !== this.traits.layer.peek() && this.connected.peek()) this.traits.setLayer(layer);
  }

  /** Opens the page of a unit of any layer. */
  openUnitOf(layer: string, unit: number): void {
    if (layer === this.traits.layer.peek()) {
      this.unit.value = unit;
    } else if (this.connected.peek()) {
      this.unitToOpen = { layer, unit };
      this.traits.setLayer(layer);
    }
  }

  /** True if what stands behind the views can do it: a saved page has no kernel. */
  can(capability: Capability): boolean {
    return this.capabilities.has(capability);
  }

  /** The units that can be shown, where these are not all of the layer. */
  get savedUnits(): readonly number[] | null {
    return this.can("units") ? null : readSelection(this.link.get("saved_units"));
  }

  get status(): ReadonlySignal<Status> {
    return this.traits.status;
  }

  get pictures(): Pictures {
    return this.supply.pictures;
  }

  /** Counts up when pictures changed, for panels that show some. */
  get pictureVersion(): ReadonlySignal<number> {
    return this.supply.version;
  }

  /** The selected cells, and the grid that they are of. */
  get selection(): ReadonlySignal<Selection> {
    return this.selections.now;
  }

  /** The kinds of messages that are handled here. */
  get kinds(): readonly KernelKind[] {
    return this.parts.kinds;
  }

  get revision(): number {
    return this.layout.peek()?.revision ?? -1;
  }

  dispose(): void {
    this.endAnnouncing();
    for (const stop of this.unbind) stop();
    this.link.dispose();
    this.listeners.clear();
    this.parts.dispose();
  }

  onChange(listener: (change: Change) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  grid(size: number | null): Grid | null {
    return this.layout.value?.grids.find((grid) => grid.size === size) ?? null;
  }

  /** A cell's label: from its card if that has come, else from the list of labels. */
  label(key: PictureKey): string | null {
    return this.cards.peek(key)?.label ?? this.cards.label(key);
  }

  // ------------------------------------------------------------------ to the kernel

  /** Asks for a cell's card unless it is complete. */
  wantCard({ grid, cell }: Place): void {
    const key = cellKey(grid, cell);
    const known = this.cards.get(key);
    // A picture that was finished since has words of its own.
    const stale = this.pictures.get(key)?.state === "final" && known?.state !== "final";
    const unjudged = known?.state === "final" && this.judgements.lacks({ grid, cell });
    if (!stale && !unjudged && known?.classes && (known.strip || known.crops === 0)) return;
    if (this.connected.peek()) this.send({ kind: "hover", grid, cell });
  }

  retry(): void {
    this.banners.keep((banner) => banner.tone !== "error");
    this.send({ kind: "retry" });
  }

  // ------------------------------------------------------------------ traits

  select(grid: number, cells: number[]): void {
    this.selections.choose({ grid, cells });
  }

  setLevel(level: number): void {
    // A selection's ids mean cells of the grid it was made on: the trait stays with them.
    if (this.selection.peek().cells.length > 0) return;
    this.selections.onGrid(level);
    this.link.set({ level });
  }

  setHovered(cell: number): void {
    this.link.set({ hovered: cell });
    this.pingIfSilent();
  }

  /** Finds out whether the kernel is still there, where nobody may have said that it is gone. */
  pingIfSilent(): void {
    const group = this.layout.peek()?.grids[0].group;
    if (group !== undefined) this.link.pingIfSilent({ kind: "missing", group, numbers: [] });
  }

  // ------------------------------------------------------------------ from the kernel

  private receiveLayout(message: KernelMessageOf<"layout">): void {
    const { revision } = message;
    if (revision < this.revision) return;
    if (revision !== this.revision) {
      if (this.revision >= 0) this.selections.forget();
      this.parts.clear();
    }
    this.layout.value = readLayout(message);
    this.emit({ kind: "layout" });
    this.supply.layoutCame(revision);
    this.openAwaitedUnit(message.layer);
  }

  private openAwaitedUnit(layer: string): void {
    const wanted = this.unitToOpen;
    if (wanted === null) return;
    this.unitToOpen = null;
    if (wanted.layer === layer) this.unit.value = wanted.unit;
  }

  private emit(change: Change): void {
    for (const listener of this.listeners) listener(change);
  }
}
