import type { Opened } from "../../image/answers";
import type { OpenImage } from "../../image/open_image";
import { AttributionTable } from "./AttributionTable";
import { ChannelLinks } from "./ChannelLinks";
import { GroupsTable } from "./GroupsTable";

/** The table that goes with what the grids show. */
export function LayerTables({ state, opened }: { state: OpenImage; opened: Opened }) {
  const mode = state.looking.mode.value;
  if (mode === "groups") return <GroupsTable state={state} opened={opened} />;
  if (mode === "channel") return <ChannelLinks state={state} opened={opened} />;
  return mode === "attribution" ? <AttributionTable state={state} opened={opened} /> : null;
}
