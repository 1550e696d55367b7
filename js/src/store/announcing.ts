/** The first and the longest pause between two requests for a layout (ms). */
const FIRST_REPEAT = 1000;
const LAST_REPEAT = 8000;

/**
 * Said again, ever less often, until it is answered: a kernel whose widgets have a thread of their
 * own may get the first one before the widget listens, and drop it. What is returned ends it.
 */
export function announceReady(say: (view: string) => void, answered: () => boolean): () => void {
  // Not crypto.randomUUID, which plain-http hubs do not have.
  const view = Math.random().toString(36).slice(2, 12);
  let timer: ReturnType<typeof setTimeout>;
  const again = (pause: number) => {
    say(view);
    timer = setTimeout(() => {
      if (!answered()) again(Math.min(2 * pause, LAST_REPEAT));
    }, pause);
  };
  again(FIRST_REPEAT);
  return () => clearTimeout(timer);
}
