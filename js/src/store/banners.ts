import { signal } from "@preact/signals";
import type { KernelMessageOf } from "../protocol/messages";
import type { Handlers, Part } from "../protocol/parts";
import type { Status } from "./traits";

export interface Banner {
  id: number;
  tone: "error" | "notice" | "exported";
  message: string;
  hint: string;
  fatal: boolean;
}

const MAX_BANNERS = 4;
/** Notices fold away by themselves after this time (ms); the status line brings them back. */
const NOTICE_TIME = 12_000;
/** A figure that was saved is told for this time (ms). */
const EXPORTED_TIME = 10_000;

/** The errors, notices and exports of the kernel, until they are dismissed. */
export class Banners implements Part {
  readonly handles: Handlers = {
    exported: (message) => this.receive(message),
    error: (message) => this.receive(message),
    notice: (message) => this.receive(message),
  };
  readonly list = signal<Banner[]>([]);
  readonly noticesOpen = signal(false);
  private count = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;

  receive(message: KernelMessageOf<"exported" | "error" | "notice">): void {
    if (message.kind === "error") {
      this.add({ ...message, tone: "error" });
    } else if (message.kind === "notice") {
      this.add({ tone: "notice", message: message.message, hint: "", fatal: false });
    } else {
      const { path, provenance } = message;
      this.add({ tone: "exported", message: path, hint: provenance, fatal: false });
    }
  }

  /** A notice of the browser's own. */
  say(message: string): void {
    this.add({ tone: "notice", message, hint: "", fatal: false });
  }

  /** After a page reload the message of an error is gone, but the status still tells. */
  followStatus({ stage, error }: Status): void {
    if (stage === "error" && error && !this.has((banner) => banner.fatal)) {
      this.add({ tone: "error", message: error, hint: "", fatal: true });
    }
    if (stage !== "error" && stage !== "closed") this.keep((banner) => !banner.fatal);
  }

  add(banner: Omit<Banner, "id">): void {
    const { tone, message, hint, fatal } = banner;
    const others = this.list
      .peek()
      .filter((old) => old.message !== message && !(fatal && old.fatal))
      .filter((old) => !(tone === "exported" && old.tone === "exported"));
    this.list.value = [...others, { id: this.count++, tone, message, hint, fatal }].slice(
      -MAX_BANNERS,
    );
    if (tone === "notice") this.openNotices(NOTICE_TIME);
    if (tone === "exported") {
      const { id } = this.list.peek().at(-1)!;
      setTimeout(() => this.dismiss(id), EXPORTED_TIME);
    }
  }

  /** Shows the notices, for a while or until they are closed. */
  openNotices(time: number | null): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.noticesOpen.value = true;
    this.timer =
      time === null
        ? null
        : setTimeout(() => {
            this.noticesOpen.value = false;
          }, time);
  }

  closeNotices(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.noticesOpen.value = false;
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
