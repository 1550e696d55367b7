/** anywidget's model, without a page. */
export class Model {
  readonly sent: unknown[] = [];
  gone = false;
  private readonly listeners = new Map<string, Set<(...values: unknown[]) => void>>();
  private readonly values = new Map<string, unknown>();

  get = (name: string) => this.values.get(name);
  set = (name: string, value: unknown) => {
    this.values.set(name, value);
    this.emit(`change:${name}`);
  };
  save_changes = () => {};
  send = (message: unknown) => {
    if (this.gone) throw new Error("Cannot send");
    this.sent.push(message);
  };
  on = (name: string, listener: (...values: unknown[]) => void) => {
    this.listeners.set(name, (this.listeners.get(name) ?? new Set()).add(listener));
  };
  off = (name: string, listener: (...values: unknown[]) => void) => {
    this.listeners.get(name)?.delete(listener);
  };
  emit(name: string, ...values: unknown[]) {
    for (const listener of this.listeners.get(name) ?? []) listener(...values);
  }
  get count() {
    return [...this.listeners.values()].reduce((sum, { size }) => sum + size, 0);
  }
}
