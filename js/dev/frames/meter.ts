/** One frame: what it took the main thread, and how long after the one before it was shown. */
export interface Frame {
  leg: string;
  /** From the frame before to this one, by the browser's own frame times (ms). */
  interval: number;
  /** Input, scripts, layout, paint and rastering of this frame on the main thread (ms). */
  work: number;
}

// Whoever asks for a frame first: that is where a frame's work begins.
let frameTime = -1;
let frameBegan = 0;
const request = window.requestAnimationFrame.bind(window);
window.requestAnimationFrame = (callback) =>
  request((time) => {
    if (time !== frameTime) {
      frameTime = time;
      frameBegan = performance.now();
    }
    callback(time);
  });

const painted = new MessageChannel();
const whenPainted = () =>
  new Promise<void>((resolve) => {
    painted.port1.onmessage = () => resolve();
    painted.port2.postMessage(0);
  });

/** Resolves after the next frame was painted, with its time and what it took. */
export function nextFrame(): Promise<{ time: number; work: number }> {
  return new Promise((resolve) => {
    window.requestAnimationFrame(async (time) => {
      const began = frameBegan;
      await whenPainted();
      resolve({ time, work: performance.now() - began });
    });
  });
}

/**
 * Runs a script frame by frame. `input` is what a user's hand does before a frame; it returns
 * the name of the leg, or null at the end.
 */
export async function record(input: (seconds: number) => string | null): Promise<Frame[]> {
  const frames: Frame[] = [];
  let { time: last } = await nextFrame();
  const start = last;
  for (;;) {
    const began = performance.now();
    const leg = input((began - start) / 1000);
    if (leg === null) return frames;
    const cost = performance.now() - began;
    performance.mark(`leg ${leg}`); // to be seen in a trace
    const { time, work } = await nextFrame();
    frames.push({ leg, interval: time - last, work: work + cost });
    last = time;
  }
}
