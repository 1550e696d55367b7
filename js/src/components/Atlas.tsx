import { CuesPanel } from "./causes/CuesPanel";
import { useWidget } from "./context";
import { DetailPanels } from "./detail/DetailPanels";
import { Stage } from "./Stage";

/** The atlas, and what is open beside it. */
export function Atlas() {
  const { view } = useWidget();
  return (
    <>
      <Stage />
      <DetailPanels />
      {view.choices.cuesOpen.value && <CuesPanel />}
    </>
  );
}
