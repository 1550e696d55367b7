import { signal } from "@preact/signals";

export interface Banner {
  id: number;
  tone: "error" | "notice" | "exported";
  message: string;
  hint: string;
  fatal: boolean;
}

const MOST = 4;

/** What the kernel had to say, until it is dismissed. */
export class Banners {
  readonly list = signal<Banner[]>([]);
  private count = 0;

  add(banner: Omit<Banner, "id">): void {
    const { tone, message, hint, fatal } = banner;
    const others = this.list
      .peek()
      .filter((old) => old.message !== message && !(fatal && old.fatal))
      .filter((old) => !(tone === "exported" && old.tone === "exported"));
    this.list.value = [...others, { id: this.count++, tone, message, hint, fatal }].slice(-MOST);
  }

  dismiss(id: number): void {
    this.keep((banner) => banner.id !== id);
  }

  keep(test: (banner: Banner) => boolean): void {
    const left = this.list.peek().filter(test);
    if (left.length !== this.list.peek().length) this.list.value = left;
  }

  has(test: (banner: Banner) => boolean): boolean {
    return this.list.peek().some(test);
  }
}
