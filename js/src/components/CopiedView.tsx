import { useEffect } from "preact/hooks";
import { useWidget } from "./context";
import { CloseButton } from "./controls/IconButton";

const SHOWN_FOR = 7000;

/** The line that returns to this view: copied, or to be copied by hand where that is not allowed. */
export function CopiedView() {
  const { store, view } = useWidget();
  const python = store.can("python");
  const copied = view.copied.value;
  const close = () => {
    view.copied.value = null;
  };
  useEffect(() => {
    if (!copied?.done) return;
    const timer = setTimeout(close, SHOWN_FOR);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <div class="aw-toasts" role="status">
      {copied && (
        <div class="aw-toast" data-aw-copied={String(copied.done)}>
          <p>
            {copied.done
              ? `Copied. ${python ? "Run it in a cell to return here:" : "The link that returns here:"}`
              : `This page may not copy. The ${python ? "line" : "link"} that returns here:`}
          </p>
          <input
            class="aw-input aw-code"
            type="text"
            readOnly
            aria-label={python ? "A line of Python" : "A link to this view"}
            value={copied.line}
            onFocus={(event) => event.currentTarget.select()}
          />
          <CloseButton title="Dismiss" label="Dismiss" onClose={close} />
        </div>
      )}
    </div>
  );
}
