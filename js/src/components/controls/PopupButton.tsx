import { useSignal } from "@preact/signals";
import type { ComponentChildren, ComponentProps } from "preact";
import { Popup } from "./Popup";

/** A button with a box below it that it opens and closes; `popup` is what is in there. */
export function PopupButton({
  holder = "",
  class: name = "",
  opens = "menu",
  popup,
  popupClass = opens === "menu" ? "aw-menu" : "",
  children,
  ...rest
}: Omit<ComponentProps<"button">, "class" | "ref" | "popover"> & {
  holder?: string;
  class?: string;
  opens?: "menu" | "listbox";
  popup: (close: () => void) => ComponentChildren;
  popupClass?: string;
}) {
  const open = useSignal(false);
  const close = () => {
    open.value = false;
  };
  return (
    <div class={`aw-holder ${holder}`}>
      <button
        type="button"
        class={`aw-button ${name}`}
        aria-haspopup={opens}
        aria-expanded={open.value}
        onClick={() => {
          open.value = !open.value;
        }}
        {...rest}
      >
        {children}
      </button>
      {open.value && (
        <Popup class={popupClass} onClose={close}>
          {popup(close)}
        </Popup>
      )}
    </div>
  );
}

/** A line of a menu: what it does, and in small what that means. `checked` makes it one of several. */
export function MenuItem({
  words,
  meaning,
  checked,
  ...rest
}: Omit<ComponentProps<"button">, "ref"> & {
  words: ComponentChildren;
  meaning: string;
  checked?: boolean;
}) {
  const kind =
    checked === undefined
      ? { role: "menuitem" as const }
      : { role: "menuitemradio" as const, "aria-checked": checked };
  return (
    <button type="button" {...kind} {...rest}>
      <span>{words}</span>
      <small>{meaning}</small>
    </button>
  );
}
