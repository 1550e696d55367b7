import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { LivePatch } from "../../causes/live_patch";
import { fitted, MAX_SIZE, MIN_SIZE } from "../../causes/patch";
import type { Panel } from "../../panels/panel";
import { cellKey } from "../../protocol/picture_key";
import { formatPercent } from "../../util/numbers";
import { useWidget } from "../context";
import { Slider } from "../controls/Slider";
import { ImageStrip } from "../ImageStrip";
import { NO_KERNEL } from "../words";
import { ChangedClasses } from "./ChangedClasses";
import { ClassChoice } from "./ClassChoice";
import { PatchedImage } from "./PatchedImage";
import { PatchPicture } from "./PatchPicture";
import { PatchTestTable } from "./PatchTestTable";
import { TaskState } from "./TaskState";

const CROPS = 7;

/** A cell's picture or one of its real crops, put on a real image: what does the model say then? */
export function PatchLabTab({ panel }: { panel: Panel }) {
  const { store, view } = useWidget();
  const { choices } = view;
  const crop = useSignal(-1);
  const live = useMemo(
    () =>
      new LivePatch(
        (ask) => store.causes.tryPatch(ask),
        (x, y) => {
          choices.place.value = { ...choices.place.peek(), x, y };
        },
      ),
    [],
  );
  useEffect(() => () => live.dispose(), []);
  void store.causes.version.value;
  void store.pictureVersion.value;
  void store.cards.version.value;
  const { grid, cell } = panel.place;
  const card = store.cards.get(cellKey(grid, cell));
  const target = choices.target.value ?? card?.classes?.[0]?.index ?? null;
  const image = choices.image.value ?? store.causes.images[0]?.image ?? null;
  const at = choices.place.value;
  const connected = store.connected.value;
  const ask = (corners: boolean) => {
    if (image === null || !connected) return;
    live.want({ image, grid, cell, crop: crop.value, ...at, corners, class: target ?? -1 });
  };
  useEffect(() => {
    if (image !== null && connected) store.causes.wantPicture(image);
  }, [image, connected]);
  // A picture that has become finer meanwhile is another patch.
  const picture = crop.value < 0 ? (store.pictures.get(cellKey(grid, cell))?.state ?? "") : "";
  useEffect(() => {
    ask(false);
  }, [image, crop.value, picture, at.x, at.y, at.size, target, connected]);
  const shown = live.shown.value;
  const tested = panel.patched.value?.state.value;
  return (
    <>
      <div class="aw-made aw-experiment">
        <PatchChoice panel={panel} chosen={crop.value} onChoose={(next) => (crop.value = next)} />
        <div class="aw-patch-row">
          <PatchedImage image={image} place={panel.place} crop={crop.value} at={choices.place} />
          <div class="aw-patch-controls">
            <div class="aw-amount">
              <span>Size</span>
              <Slider
                min={MIN_SIZE}
                max={MAX_SIZE}
                step={0.01}
                value={at.size}
                label="Size of the patch"
                valueText={`${formatPercent(at.size)} of the image’s side`}
                data-aw-patch-size
                onSlide={(size) => {
                  choices.place.value = fitted({ ...at, size });
                }}
              />
            </div>
            <span class="aw-note">Should become</span>
            <ClassChoice
              label="The class that images are to become"
              chosen={target}
              onChoose={(index) => {
                choices.target.value = index;
              }}
            />
            <button
              type="button"
              class="aw-button"
              disabled={!connected || image === null || target === null}
              title={connected ? "The corner in which that class is strongest" : NO_KERNEL}
              data-aw-best-corner
              onClick={() => ask(true)}
            >
              Best of four corners
            </button>
          </div>
        </div>
        <ImageStrip
          label="Image to put the patch on"
          chosen={image}
          onChoose={(next) => {
            choices.image.value = next;
          }}
        />
      </div>
      <div class="aw-said aw-experiment">
        <section>
          <h3>
            What the model says <small>grey: without the patch</small>
          </h3>
          {live.failed.value && <p class="aw-note aw-task-failed">{live.failed.value}</p>}
          {shown && <ChangedClasses shown={shown} target={target} />}
          {!shown && !live.failed.value && <p class="aw-note">Asking the model…</p>}
        </section>
        <section class="aw-experiment">
          <button
            type="button"
            class="aw-button"
            disabled={!connected || target === null || tested?.stage === "running"}
            title={connected ? "With noise and random cells as controls" : NO_KERNEL}
            data-aw-test-patch
            onClick={() => {
              if (target === null) return;
              panel.patched.value?.stop();
              panel.patched.value = store.causes.testPatch(
                panel.place,
                crop.value,
                target,
                at.size,
              );
            }}
          >
            Test over many images
          </button>
          <TaskState
            task={panel.patched}
            begins="Reading the images…"
            counts={["pass", "passes"]}
          />
          {tested?.stage === "done" && <PatchTestTable test={tested.result} />}
        </section>
      </div>
    </>
  );
}

/** The cell's picture and its nearest real crops, of which one is the patch. */
function PatchChoice({
  panel,
  chosen,
  onChoose,
}: {
  panel: Panel;
  chosen: number;
  onChoose: (crop: number) => void;
}) {
  const { store } = useWidget();
  const { grid, cell } = panel.place;
  const crops = Math.min(store.cards.get(cellKey(grid, cell))?.crops ?? 0, CROPS);
  return (
    <div class="aw-patch-choice" role="radiogroup" aria-label="Patch">
      {Array.from({ length: crops + 1 }, (_, at) => at - 1).map((crop) => (
        <button
          key={crop}
          type="button"
          role="radio"
          class="aw-crop-button"
          aria-checked={crop === chosen}
          aria-label={crop < 0 ? "The cell’s picture" : `Real crop ${crop + 1}`}
          title={crop < 0 ? "The cell’s picture" : `Real crop ${crop + 1}`}
          data-aw-patch-of={crop}
          onClick={() => onChoose(crop)}
        >
          <PatchPicture place={panel.place} crop={crop} size={38} />
        </button>
      ))}
    </div>
  );
}
