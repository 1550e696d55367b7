import type { Work } from "../../units/open_unit";
import { useWidget } from "../context";
import { WorkButton } from "../controls/WorkButton";

/** A button that begins a long computation about units, its progress, or why it failed. */
export function UnitWorkState({
  work,
  ...rest
}: {
  work: Work;
  words: string;
  title: string;
  counts: readonly [one: string, many: string];
}) {
  const { store } = useWidget();
  return (
    <WorkButton
      {...rest}
      progress={store.openUnit.work.value.get(work)}
      connected={store.connected.value}
      ready={store.layout.value?.final ?? false}
      waiting="Waiting…"
      attributes={{
        progress: { "data-aw-unit-work": work },
        stop: { "data-aw-stop-work": work },
        begin: { "data-aw-begin": work },
      }}
      onBegin={() => store.openUnit.begin(work)}
      onStop={() => store.openUnit.stop(work)}
    />
  );
}
