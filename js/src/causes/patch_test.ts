import type { KernelMessageOf } from "../protocol/messages";

export interface PatchOutcome {
  condition: string;
  flips: number;
  count: number;
  /** The 95 % interval of the rate. */
  low: number;
  high: number;
}

/** A patch put on many images, and its controls, by each protocol. */
export interface PatchTest {
  name: string;
  images: number;
  protocols: { protocol: string; outcomes: PatchOutcome[] }[];
  leftOut: string[];
  confirmed: boolean;
}

export function readPatchTest(message: KernelMessageOf<"patch_tested">): PatchTest {
  const { name, images, confirmed } = message;
  const byProtocol = new Map<string, PatchOutcome[]>();
  message.conditions.forEach((condition, at) => {
    const protocol = message.protocols[at] ?? "";
    const outcomes = byProtocol.get(protocol) ?? [];
    byProtocol.set(protocol, outcomes);
    outcomes.push({
      condition: condition ?? "",
      flips: message.flips[at] ?? 0,
      count: message.counts[at] ?? 0,
      low: message.low[at] ?? 0,
      high: message.high[at] ?? 1,
    });
  });
  const protocols = [...byProtocol].map(([protocol, outcomes]) => ({ protocol, outcomes }));
  const leftOut = message.left_out.filter((reason): reason is string => reason !== null);
  return { name, images, protocols, leftOut, confirmed };
}

/** Describe the result of a test. */
export function describePatchTest({ protocols, confirmed, name, images }: PatchTest): string {
  if (confirmed) {
    return `The patch itself makes images into “${name}”: its interval lies above those of noise and of random cells.`;
  }
  const patch = protocols.at(-1)?.outcomes[0];
  if (!patch || patch.flips === 0) {
    return `It made none of ${images} images into “${name}”.`;
  }
  return "Not more than chance can explain: its interval is not apart from those of the controls.";
}
