import { CausesTab } from "../components/causes/CausesTab";
import { PatchLabTab } from "../components/causes/PatchLabTab";
import { CellTab } from "../components/detail/CellTab";
import { DiagnosisTab } from "../components/diagnosis/DiagnosisTab";
import { registerTab } from "../panels/tabs";

registerTab({ name: "cell", words: "Cell", Body: CellTab });
registerTab({ name: "diagnosis", words: "Is it real?", needs: "experiments", Body: DiagnosisTab });
registerTab({ name: "causes", words: "Causes", needs: "experiments", Body: CausesTab });
registerTab({ name: "patch", words: "Patch lab", needs: "experiments", Body: PatchLabTab });
