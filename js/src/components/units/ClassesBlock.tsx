import type { ClassValue } from "../../protocol/messages";
import { ClassBars, reachOf } from "../ClassBars";
import { useWidget } from "../context";
import { UnitWorkState } from "./UnitWorkState";

/** The classes that the open unit argues for and against. */
export function ClassesBlock() {
  const { store } = useWidget();
  const classes = store.openUnit.classes.value;
  const values: ClassValue[] = (classes ?? []).map(({ name, ...rest }, index) => ({
    index,
    label: name,
    ...rest,
  }));
  return (
    <section data-aw-unit-classes={values.length}>
      <h3 class="aw-with-choice">
        <span>
          Classes{" "}
          <small>
            {classes
              ? "what the unit adds to the logits in its strongest examples: activation × gradient, with 95 % intervals"
              : "which it argues for and against in its strongest examples"}
          </small>
        </span>
        {!classes && (
          <UnitWorkState
            work="classes"
            words="Attribute it"
            title="Compute what the unit’s activation adds to each class’s logit in its strongest examples"
            counts={["example", "examples"]}
          />
        )}
      </h3>
      {classes && values.length === 0 && (
        <p class="aw-note">In these examples the logits do not depend on this unit.</p>
      )}
      {values.length > 0 && <ClassBars values={values} reach={reachOf(values)} diverging />}
    </section>
  );
}
