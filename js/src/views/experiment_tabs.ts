import { CausesTab } from "../components/causes/CausesTab";
import { PatchLabTab } from "../components/causes/PatchLabTab";
import { DiagnosisTab } from "../components/diagnosis/DiagnosisTab";
import { registerTab } from "../panels/tabs";

registerTab({ name: "diagnosis", words: "Is it real?", Body: DiagnosisTab });
registerTab({ name: "causes", words: "Causes", Body: CausesTab });
registerTab({ name: "patch", words: "Patch lab", Body: PatchLabTab });
