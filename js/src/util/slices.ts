/**
 * Runs small tasks a few milliseconds a frame, so that a burst of arriving pictures never costs a
 * frame. Falls back to a timer where frames are not served (a hidden tab).
 */
export class Slices {
  private readonly tasks: (() => void)[] = [];
  private scheduled = false;
  private stopped = false;

  constructor(private readonly budget = 5) {}

  add(task: () => void): void {
    this.tasks.push(task);
    this.schedule();
  }

  stop(): void {
    this.stopped = true;
    this.tasks.length = 0;
  }

  private schedule(): void {
    if (this.scheduled || this.stopped) return;
    this.scheduled = true;
    let ran = false;
    const run = () => {
      if (ran) return;
      ran = true;
      cancelAnimationFrame(frame);
      clearTimeout(timer);
      this.scheduled = false;
      this.runSome();
    };
    const frame = requestAnimationFrame(run);
    const timer = setTimeout(run, 60);
  }

  private runSome(): void {
    const end = performance.now() + this.budget;
    do {
      this.tasks.shift()?.();
    } while (this.tasks.length > 0 && performance.now() < end);
    if (this.tasks.length > 0) this.schedule();
  }
}
