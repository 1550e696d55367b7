import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { type Comparison, membersOf } from "../../compare/comparison";
import { between, boxOfPlaces, nearestSample } from "../../compare/dots";
import { prefersReducedMotion } from "../../page/theme";
import { formatPercent } from "../../util/numbers";
import { Slider } from "../controls/Slider";
import { DotLegend } from "./DotLegend";
import { Dots } from "./Dots";
import { useDotColours } from "./useDotColours";
import type { Looking } from "./useLooking";

/** The time in which one map becomes the other (ms). */
const DURATION = 2500;

/** Every sample as a dot that a slider moves from its place on one map to that on the other. */
export function Morph({ comparison, looking }: { comparison: Comparison; looking: Looking }) {
  const { a, b } = comparison.maps;
  const share = useSignal(0);
  const playing = useRef(0);
  const colours = useDotColours(comparison.kinds, a);
  const box = useMemo(() => boxOfPlaces([a, b]), [a, b]);
  const places = useMemo(() => between(a, b, share.value), [a, b, share.value]);
  const at = looking.at.value;
  const marked = useMemo(
    () => at && new Set(membersOf(comparison.maps[at.side], at.cell)),
    [comparison, at],
  );
  const stop = () => cancelAnimationFrame(playing.current);
  useEffect(() => stop, []);
  const play = () => {
    stop();
    const [from, to] = share.peek() < 0.5 ? [share.peek(), 1] : [share.peek(), 0];
    if (prefersReducedMotion()) {
      share.value = to;
      return;
    }
    const began = performance.now();
    const frame = (now: number) => {
      const part = Math.min(1, Math.max(0, (now - began) / (DURATION * Math.abs(to - from))));
      // slow at both ends, where one looks
      share.value = from + (to - from) * part * part * (3 - 2 * part);
      if (part < 1) playing.current = requestAnimationFrame(frame);
    };
    playing.current = requestAnimationFrame(frame);
  };
  return (
    <div class="aw-morph" data-aw-morph={share.value.toFixed(2)}>
      <Dots
        places={places}
        groups={colours.groups}
        box={box}
        marked={marked}
        label={`Samples on the way from the map of ${a.name} to that of ${b.name}`}
        onPoint={(point, reach) => {
          const sample = point && nearestSample(places, point, reach);
          const cell = sample === null ? -1 : a.cellOf[sample];
          looking.point(cell < 0 ? null : { side: "a", cell });
        }}
      />
      <div class="aw-morph-way">
        <span>{a.name}</span>
        <Slider
          label={`The way from the map of ${a.name} to that of ${b.name}`}
          valueText={formatPercent(share.value)}
          min={0}
          max={1}
          step={0.01}
          value={share.value}
          onSlide={(value) => {
            stop();
            share.value = value;
          }}
        />
        <span>{b.name}</span>
        <button
          type="button"
          class="aw-button"
          title="Move all samples to the other map"
          data-aw-morph-play
          onClick={play}
        >
          {share.value < 0.5 ? "Play" : "Back"}
        </button>
      </div>
      <DotLegend kinds={comparison.kinds} colours={colours} first={a.name} />
    </div>
  );
}
