import type { ComponentProps } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Icon, type IconName } from "./icons";

type ButtonProps = Omit<ComponentProps<"button">, "class" | "icon" | "label" | "ref" | "title">;

/** A button that is an icon alone: `title` says what it does, `label` what it is called aloud. */
export function IconButton({
  icon,
  title,
  label = title,
  class: name = "aw-quiet",
  focused = false,
  ...rest
}: ButtonProps & {
  icon: IconName;
  title: string;
  label?: string;
  class?: string;
  /** Has the focus from the start. */
  focused?: boolean;
}) {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (focused) button.current?.focus({ preventScroll: true });
  }, []);
  return (
    <button
      ref={button}
      type="button"
      class={`aw-button ${name}`}
      title={title}
      aria-label={label}
      {...rest}
    >
      <Icon name={icon} />
    </button>
  );
}

/** Closes what it stands in. Over the rest of the widget the keyboard starts here (`focused`). */
export function CloseButton({
  title = "Close (Escape)",
  label = "Close",
  focused,
  onClose,
}: {
  title?: string;
  label?: string;
  focused?: boolean;
  onClose: () => void;
}) {
  return (
    <IconButton icon="close" title={title} label={label} focused={focused} onClick={onClose} />
  );
}
