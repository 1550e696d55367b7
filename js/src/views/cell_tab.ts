import { CellTab } from "../components/detail/CellTab";
import { registerTab } from "../panels/tabs";

registerTab({ name: "cell", words: "Cell", Body: CellTab });
