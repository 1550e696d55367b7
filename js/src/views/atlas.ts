import { Atlas } from "../components/Atlas";
import { FIRST_VIEW, registerView } from "../store/view_registry";

registerView({
  name: FIRST_VIEW,
  title: "Atlas",
  // What an atlas is made of is the store's, since other views show it too.
  makeState: () => ({ handles: {} }),
  Component: Atlas,
});
