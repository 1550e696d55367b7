import type { ComponentChildren } from "preact";
import { CloseButton } from "./IconButton";

/** A box over the stage, which stays usable; its button closes it, and so does Escape. */
export function Dialog({
  title,
  class: name,
  onClose,
  children,
  ...rest
}: {
  title: string;
  class: string;
  onClose: () => void;
  children: ComponentChildren;
}) {
  return (
    <div
      class={`aw-dialog ${name}`}
      role="dialog"
      aria-modal="false"
      aria-label={title}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        onClose();
      }}
      {...rest}
    >
      <div class="aw-head">
        <h2>{title}</h2>
        <CloseButton focused onClose={onClose} />
      </div>
      {children}
    </div>
  );
}
