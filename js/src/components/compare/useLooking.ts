import { type ReadonlySignal, type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Comparison, Side } from "../../compare/comparison";

/** A cell of one of the two maps. */
export interface At {
  side: Side;
  cell: number;
}

/** The cell that is looked at: under the pointer, or kept by a click. */
export interface Looking {
  readonly at: ReadonlySignal<At | null>;
  readonly kept: ReadonlySignal<boolean>;
  /** The pointer is on a cell, or on none. */
  point(at: At | null): void;
  /** Keeps a cell until it is clicked again. */
  keep(at: At): void;
  /** Lets go of a cell that is kept; false if none is. */
  release(): boolean;
}

const isSame = (one: At | null, other: At | null) =>
  one?.side === other?.side && one?.cell === other?.cell;

export function useLooking(comparison: Comparison): Looking {
  const at: Signal<At | null> = useSignal(null);
  const kept = useSignal(false);
  useEffect(() => {
    at.value = null;
    kept.value = false;
  }, [comparison]);
  return {
    at,
    kept,
    point(next) {
      if (!kept.peek() && !isSame(at.peek(), next)) at.value = next;
    },
    keep(next) {
      kept.value = !(kept.peek() && isSame(at.peek(), next));
      at.value = next;
    },
    release() {
      if (!kept.peek()) return false;
      kept.value = false;
      return true;
    },
  };
}
