/** The time after which a resting finger means something else than a tap (ms). */
const LONG = 450;
/** The distance that it may stray meanwhile (CSS pixels). */
const STRAY = 9;

/** Notices when a single finger rests on an element. */
export class LongPress {
  private timer: ReturnType<typeof setTimeout> | null = null;
  private from: { x: number; y: number } | null = null;
  private readonly fingers = new Set<number>();

  constructor(private readonly onLong: (event: PointerEvent) => void) {}

  /** The number of fingers that are down: with two one zooms. */
  get count(): number {
    return this.fingers.size;
  }

  down(event: PointerEvent): void {
    if (event.pointerType !== "touch") return;
    this.fingers.add(event.pointerId);
    this.end();
    if (this.fingers.size > 1) return;
    this.from = { x: event.clientX, y: event.clientY };
    this.timer = setTimeout(() => {
      this.end();
      this.onLong(event);
    }, LONG);
  }

  move(event: PointerEvent): void {
    const { from } = this;
    if (from && Math.hypot(event.clientX - from.x, event.clientY - from.y) > STRAY) this.end();
  }

  up(event: PointerEvent): void {
    this.fingers.delete(event.pointerId);
    this.end();
  }

  end(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.from = null;
  }
}
