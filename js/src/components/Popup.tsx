import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { targetOf } from "../host";

/** A box below its button that closes on Escape and on a press elsewhere. */
export function Popup({
  onClose,
  class: name = "",
  children,
}: {
  onClose: () => void;
  class?: string;
  children: ComponentChildren;
}) {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const onPress = (event: Event) => {
      // The button itself is in the same holder and toggles on its own.
      if (!element.current?.parentElement?.contains(targetOf(event))) onClose();
    };
    document.addEventListener("pointerdown", onPress, true);
    return () => document.removeEventListener("pointerdown", onPress, true);
  }, []);
  return (
    <div
      ref={element}
      class={`aw-popup ${name}`}
      role="group"
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        const button = element.current?.parentElement?.querySelector("button");
        onClose();
        button?.focus();
      }}
    >
      {children}
    </div>
  );
}
