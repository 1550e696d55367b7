import { useRef } from "preact/hooks";
import { nextItem } from "../../keyboard/roving";
import type { Panel } from "../../panels/panel";
import { allTabs } from "../../panels/tabs";
import { useWidget } from "../context";

/** The parts of a panel and the one that is shown; arrow keys go from tab to tab. */
export function PanelTabs({ panel }: { panel: Panel }) {
  const { view } = useWidget();
  const tabs = allTabs();
  const list = useRef<HTMLDivElement>(null);
  const chosen = tabs.find(({ name }) => name === view.panels.tab.value) ?? tabs[0];
  const { Body } = chosen;
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const next = nextItem(event.key, tabs.indexOf(chosen), tabs.length, "horizontal");
    if (next === null) return;
    event.preventDefault();
    event.stopPropagation();
    view.panels.tab.value = tabs[next].name;
    list.current?.querySelectorAll<HTMLElement>("[role=tab]")[next]?.focus({ preventScroll: true });
  };
  if (tabs.length < 2) {
    return (
      <div class="aw-tab-panel">
        <Body panel={panel} />
      </div>
    );
  }
  return (
    <>
      <div ref={list} class="aw-tabs" role="tablist" aria-label="Parts of the panel">
        {tabs.map(({ name, words }) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`aw-tab-${name}`}
            class="aw-tab"
            aria-selected={name === chosen.name}
            aria-controls="aw-tab-panel"
            tabIndex={name === chosen.name ? 0 : -1}
            data-aw-tab={name}
            onKeyDown={onKeyDown}
            onClick={() => {
              view.panels.tab.value = name;
            }}
          >
            {words}
          </button>
        ))}
      </div>
      <div
        id="aw-tab-panel"
        class="aw-tab-panel"
        role="tabpanel"
        aria-labelledby={`aw-tab-${chosen.name}`}
      >
        <Body panel={panel} />
      </div>
    </>
  );
}
