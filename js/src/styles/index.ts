import bars from "./bars.css";
import card from "./card.css";
import causes from "./causes.css";
import compare from "./compare.css";
import controls from "./controls.css";
import controlsTable from "./controls_table.css";
import cues from "./cues.css";
import detail from "./detail.css";
import diagnosis from "./diagnosis.css";
import dialog from "./dialog.css";
import frame from "./frame.css";
import graph from "./graph.css";
import help from "./help.css";
import image from "./image.css";
import imageGrids from "./image_grids.css";
import imageTables from "./image_tables.css";
import imageTrials from "./image_trials.css";
import live from "./live.css";
import notes from "./notes.css";
import overlay from "./overlay.css";
import pair from "./pair.css";
import patchLab from "./patch_lab.css";
import photo from "./photo.css";
import search from "./search.css";
import stage from "./stage.css";
import status from "./status.css";
import subject from "./subject.css";
import tabs from "./tabs.css";
import theme from "./theme.css";
import toolbar from "./toolbar.css";
import units from "./units.css";

/** The style sheet of the shadow tree; the bundler loads each part as a text. */
const parts = [
  theme,
  frame,
  controls,
  dialog,
  toolbar,
  search,
  stage,
  subject,
  notes,
  help,
  overlay,
  controlsTable,
  bars,
  card,
  detail,
  diagnosis,
  tabs,
  live,
  pair,
  causes,
  patchLab,
  cues,
  status,
  photo,
  units,
  graph,
  image,
  imageGrids,
  imageTables,
  imageTrials,
  compare,
];

export const styles = parts.join("\n");
