/**
 * Receipts for traits. ipywidgets sends a trait once the kernel is through with the one before: it
 * counts what it has sent, and counts down with the receipt of each, the kernel's status "idle".
 * Where the connection was lost meanwhile the receipt never comes, and no trait would be sent again:
 * nothing in ipywidgets 8.1 (@jupyter-widgets/base 6.0) starts that count anew, and there is no
 * public way to.
 */

/** A trait that waits for this long (ms) waits for a receipt that was lost. */
const TIMEOUT = 4000;
/** More than so many are never on their way: ipywidgets keeps the others back. */
const MAX_LOST = 8;

interface StatusMessage {
  content: { execution_state: string };
  /** The header of the message that it is the receipt of. */
  parent_header?: { date?: string };
}

/** ipywidgets' `WidgetModel` beneath anywidget's. Private, so nothing of it is relied on. */
export interface Sender {
  _pending_msgs?: unknown;
  _handle_status?: (message: StatusMessage) => void;
}

/** Makes up for receipts that were lost. */
export class Receipts {
  private timer: ReturnType<typeof setTimeout> | null = null;
  private sender: Sender | null = null;
  /** Messages sent before this time are accounted for (ms since 1970). */
  private settledUntil = Number.NEGATIVE_INFINITY;
  private handle: (message: StatusMessage) => void = () => {};

  /** The model that sends, as its own events name it. */
  from(sender: Sender): void {
    if (sender === this.sender || typeof sender?._handle_status !== "function") return;
    this.sender = sender;
    this.handle = sender._handle_status.bind(sender);
    // A receipt may be late rather than lost, behind a cell that runs: it is not counted twice.
    sender._handle_status = (message) => {
      const sent = Date.parse(message.parent_header?.date ?? "");
      if (!(sent < this.settledUntil)) this.handle(message);
    };
  }

  /** Something was sent: if its receipt stays away, it is made up for. */
  expect(): void {
    this.cancelTimer();
    this.timer = setTimeout(() => this.settle(), TIMEOUT);
  }

  dispose(): void {
    this.cancelTimer();
    // What is beneath it, ipywidgets' own, is the prototype's.
    if (this.sender) delete this.sender._handle_status;
    this.sender = null;
  }

  private cancelTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private settle(): void {
    this.timer = null;
    const { sender } = this;
    const waiting = Number(sender?._pending_msgs);
    if (!sender || !(waiting > 0)) return;
    this.settledUntil = Date.now();
    // The last one has ipywidgets send what it kept back, which is not settled yet.
    for (let lost = 0; lost < Math.min(waiting, MAX_LOST); lost++) {
      this.handle({ content: { execution_state: "idle" } });
    }
  }
}
