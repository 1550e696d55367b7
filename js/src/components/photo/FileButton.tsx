import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";

/** A hidden field for a file, and what opens its dialog. */
export function FileButton({
  children,
  onFile,
  ...rest
}: {
  children: (open: () => void) => ComponentChildren;
  onFile: (file: File) => void;
  "data-aw-photo-file"?: boolean;
  "data-aw-image-file"?: boolean;
}) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      {children(() => input.current?.click())}
      <input
        ref={input}
        type="file"
        accept="image/*"
        hidden
        {...rest}
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          event.currentTarget.value = ""; // the same file may be chosen again
          if (file) onFile(file);
        }}
      />
    </>
  );
}
