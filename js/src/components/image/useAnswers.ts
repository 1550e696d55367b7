import { useEffect } from "preact/hooks";
import { type LayerMap, type Opened, sizeOf } from "../../image/answers";
import type { OpenImage } from "../../image/open_image";
import { useWidget } from "../context";

/** The time that a position is looked at before what feeds it is asked for (ms). */
const REST = 120;

/** The chosen layer first, then those with few positions. */
function byUrgency(layers: readonly LayerMap[], chosen: number): number[] {
  const size = (number: number) => (number === chosen ? 0 : sizeOf(layers[number]));
  return layers.map((_, number) => number).sort((x, y) => size(x) - size(y));
}

/** Asks the kernel for what the view is about to show. */
export function useAnswers(state: OpenImage, { serial, layers }: Opened, shown: boolean): void {
  const { store } = useWidget();
  const { looking } = state;
  const connected = store.connected.value;
  const mode = looking.mode.value;
  const layer = looking.layer.value;
  const [a, b] = [looking.a.value, looking.b.value];
  const count = looking.count.value;
  const channel = looking.channel.value;
  const at = looking.at.value;
  const pictures = shown && mode === "picture";
  const known = state.version.value; // a second image: answers are asked for anew
  useEffect(() => {
    state.look(pictures ? byUrgency(layers, layer) : []);
  }, [serial, connected, pictures, layer]);
  useEffect(() => () => state.look([]), []);
  useEffect(() => {
    if (shown && mode === "attribution") state.wantAttribution(a, b, layer);
  }, [serial, connected, shown, mode, layer, a, b]);
  useEffect(() => {
    if (shown && mode === "groups") state.wantGroups(layer, count, a, b);
  }, [serial, connected, shown, mode, layer, count, a, b]);
  useEffect(() => {
    if (shown && mode === "channel" && channel !== null) state.wantChannel(layer, channel);
  }, [serial, connected, shown, mode, layer, channel]);
  useEffect(() => {
    if (!shown || !at) return;
    state.wantPosition(at.layer, at.position, false);
    const timer = setTimeout(() => state.wantPosition(at.layer, at.position, true), REST);
    return () => clearTimeout(timer);
  }, [serial, connected, shown, at?.layer, at?.position, known]);
}
