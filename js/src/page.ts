/** The entry of a saved page: the widget on what the page holds, without a kernel. */
import { mount } from "./mount";
import { readAddress } from "./saved/address";
import { followAddress } from "./saved/address_bar";
import { readSavedPage } from "./saved/document";
import { SavedModel } from "./saved/model";
import { Store } from "./store/store";
// Only what needs no kernel: the other views and tabs are not in a page at all.
import "./views/atlas";
import "./views/cell_tab";
import "./views/units";

/** The least height of the widget (CSS pixels), in a window that is lower the page scrolls. */
const MIN_HEIGHT = 420;

async function open(place: HTMLElement): Promise<void> {
  const { page, readBlock } = await readSavedPage(document);
  // Before the section about the page is unfolded, for which the window scrolls.
  const others = document.body.scrollHeight - place.getBoundingClientRect().height;
  const height = () => Math.max(MIN_HEIGHT, Math.floor(innerHeight - others));
  Object.assign(page.traits, readAddress(location.hash, page), { height: height() });
  const model = new SavedModel(page, readBlock);
  place.replaceChildren();
  mount(new Store(model), place);
  followAddress(model, page);
  addEventListener("resize", () => model.set("height", height()));
}

const place = document.getElementById("aw-place");
if (place) {
  open(place).catch((error: unknown) => {
    place.textContent = `This page cannot be shown: ${error instanceof Error ? error.message : error}`;
  });
}
