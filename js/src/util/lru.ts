/** A map that forgets what was used longest ago once the summed cost passes a bound. */
export class Lru<Key, Value> {
  private readonly entries = new Map<Key, { value: Value; cost: number }>();
  private total = 0;
  private newest: Key | undefined;

  constructor(
    /** May change; what is too much then goes with the next `set`. */
    public bound: number,
    private readonly onEvict: (key: Key, value: Value) => void = () => {},
  ) {}

  get size(): number {
    return this.entries.size;
  }

  get cost(): number {
    return this.total;
  }

  /** The value, marked as just used. */
  get(key: Key): Value | undefined {
    const entry = this.entries.get(key);
    if (!entry) return undefined;
    if (key === this.newest) return entry.value;
    // A Map keeps insertion order: putting it back moves it to the young end.
    this.entries.delete(key);
    this.entries.set(key, entry);
    this.newest = key;
    return entry.value;
  }

  /** The value, without marking it as used. */
  peek(key: Key): Value | undefined {
    return this.entries.get(key)?.value;
  }

  set(key: Key, value: Value, cost = 1): void {
    this.delete(key);
    this.entries.set(key, { value, cost });
    this.newest = key;
    this.total += cost;
    for (const [oldest, entry] of this.entries) {
      // The newest entry stays even if it alone is over the bound: someone is about to draw it.
      if (this.total <= this.bound || oldest === key) break;
      this.entries.delete(oldest);
      this.total -= entry.cost;
      this.onEvict(oldest, entry.value);
    }
  }

  delete(key: Key): void {
    const entry = this.entries.get(key);
    if (!entry) return;
    this.entries.delete(key);
    this.total -= entry.cost;
    this.onEvict(key, entry.value);
  }

  clear(): void {
    for (const [key, entry] of this.entries) this.onEvict(key, entry.value);
    this.entries.clear();
    this.total = 0;
  }

  values(): Value[] {
    return Array.from(this.entries.values(), (entry) => entry.value);
  }
}
