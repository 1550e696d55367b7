import type { ExactExample, ExactExamples } from "../../units/blocks";
import type { Overview } from "../../units/overview";
import type { LabelShare, UnitPage } from "../../units/page";
import { formatPlain, formatShare, plural } from "../../util/numbers";
import { useWidget } from "../context";
import { Drawing } from "../Drawing";
import { lookAtExample } from "../image/opening";
import { PageTile } from "./PageTile";
import { UnitWorkState } from "./UnitWorkState";

const CROP = 72;
const IMAGE = 104;

/** The strongest examples: among the atlas's samples at once, among all positions after a scan. */
export function Examples({ page, overview }: { page: UnitPage; overview: Overview }) {
  const { store } = useWidget();
  const exact = store.openUnit.examples.value;
  if (exact) return <Exact exact={exact} />;
  return (
    <section data-aw-unit-examples={page.examples.length}>
      <h3 class="aw-with-choice">
        <span>
          Strongest examples{" "}
          <small>
            one per image, among {plural(overview.samples, "sampled position")} of{" "}
            {plural(overview.images, "image")}
          </small>
        </span>
        {store.can("experiments") && (
          <UnitWorkState
            work="scan"
            words="Search all positions"
            title="Look at every position of every image, once for all units of the layer"
            counts={["image", "images"]}
          />
        )}
      </h3>
      {page.label && <Label of={page.label} />}
      <ul class="aw-unit-examples">
        {page.examples.map(({ activation, name }, at) => (
          <li key={at}>
            <PageTile
              page={page}
              tile={at}
              size={CROP}
              words={`${name && `${name}: `}activation ${formatPlain(activation)}`}
            />
            <small>{formatPlain(activation)}</small>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The most frequent label of the examples, beside what chance gives. */
function Label({ of: found }: { of: LabelShare }) {
  const { label, count, total, low, high, base, floor } = found;
  return (
    <p class="aw-note" data-aw-unit-label={label}>
      {count} of the {total} strongest are of “{label}” ({formatShare(low)} to {formatShare(high)};{" "}
      {formatShare(base)} of all images are; random directions of the layer reach{" "}
      {formatShare(floor)} of one label).
    </p>
  );
}

function Exact({ exact }: { exact: ExactExamples }) {
  const widget = useWidget();
  return (
    <section data-aw-exact-examples={exact.examples.length}>
      <h3>
        Strongest examples{" "}
        <small>
          over all positions of {plural(exact.images, "image")}; the frame is what the position sees
        </small>
      </h3>
      <ul class="aw-unit-examples">
        {exact.examples.map((example, at) => (
          <li key={at}>
            <button
              type="button"
              class="aw-tile-button"
              title={`${describe(example)}; look at this image`}
              aria-label={`${describe(example)}; look at this image`}
              disabled={example.image < 0 || !widget.store.connected.value}
              data-aw-example={example.image}
              onClick={() => lookAtExample(widget, example)}
            >
              <Drawing
                size={IMAGE}
                of={[exact.sheet, at]}
                paint={(context, side) => paint(context, side, exact, at)}
              />
            </button>
            <small>{formatPlain(example.activation)}</small>
          </li>
        ))}
      </ul>
    </section>
  );
}

function describe({ activation, name, label, atRim }: ExactExample): string {
  const what = label === null ? name : `${name} (${label})`;
  return `${what}: activation ${formatPlain(activation)}${atRim ? ", at the edge of the map" : ""}`;
}

function paint(
  context: CanvasRenderingContext2D,
  side: number,
  { sheet, tile, columns, examples }: ExactExamples,
  at: number,
): void {
  if (!sheet) return;
  const [left, top] = [(at % columns) * tile, Math.floor(at / columns) * tile];
  context.drawImage(sheet as CanvasImageSource, left, top, tile, tile, 0, 0, side, side);
  const [x0, y0, x1, y1] = examples[at].box.map((edge) => edge * side);
  for (const [width, colour] of [
    [4, "rgba(0, 0, 0, 0.55)"],
    [2, "#fff"],
  ] as const) {
    context.lineWidth = (width * side) / IMAGE;
    context.strokeStyle = colour;
    context.strokeRect(x0 + 1, y0 + 1, x1 - x0 - 2, y1 - y0 - 2);
  }
}
