import type { UnitTwin } from "../../units/blocks";
import { formatDecimal, formatPlain } from "../../util/numbers";
import { useWidget } from "../context";
import { Tile } from "../Tile";
import { UnitWorkState } from "./UnitWorkState";

const PICTURE = 84;
const EXAMPLE = 64;

/** The same unit of an untrained network beside the open one: a control. */
export function TwinBlock() {
  const { store } = useWidget();
  const twin = store.openUnit.twin.value;
  return (
    <section data-aw-twin={twin ? "known" : ""}>
      <h3 class="aw-with-choice">
        <span>
          Control{" "}
          <small>
            {twin
              ? "the same unit of the same network with random weights: its picture, and where it is strongest"
              : "the same unit of an untrained network: what both show was not learned in training"}
          </small>
        </span>
        {!twin && (
          <UnitWorkState
            work="twin"
            words="Compare with random weights"
            title="Scan all images with the network and with a copy of it that has random weights"
            counts={["image", "images"]}
          />
        )}
      </h3>
      {twin && (
        <>
          <div class="aw-unit-examples">
            <Tile sheet={twin.sheet} left={0} side={twin.tile} size={PICTURE} />
            {twin.examples.map(({ activation, name }, at) => (
              <span key={at} title={`${name}: activation ${formatPlain(activation)}`}>
                <Tile
                  sheet={twin.sheet}
                  left={(at + 1) * twin.tile}
                  side={twin.tile}
                  size={EXAMPLE}
                />
              </span>
            ))}
          </div>
          <p class="aw-note" data-aw-twin-verdict>
            {verdict(twin)}
          </p>
        </>
      )}
    </section>
  );
}

function verdict({ r, floor }: UnitTwin): string {
  if (r === null || floor === null) {
    return "A unit whose activation never changes cannot be compared.";
  }
  const told = `Over the images the unit correlates at most ${formatDecimal(r)} with a unit of the untrained network (chance alone reaches ${formatDecimal(floor)}).`;
  return r > Math.max(0.7, floor)
    ? `${told} So an untrained network has a unit much like it: what it responds to says little about training.`
    : r > floor
      ? `${told} So part of what it responds to is there without training.`
      : `${told} So nothing like it is there without training.`;
}
