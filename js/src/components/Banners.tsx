import { useSignal } from "@preact/signals";
import { copyText } from "../page/clipboard";
import type { Banner } from "../store/banners";
import { useWidget } from "./context";
import { CloseButton } from "./controls/IconButton";
import { Icon } from "./controls/icons";

/** Messages of the kernel, or that it is gone. Text only: whatever it holds is shown as is. */
export function Banners() {
  const { store } = useWidget();
  const closed = store.status.value.stage === "closed";
  const notices = store.banners.noticesOpen.value;
  const shown = store.banners.list.value.filter((banner) => banner.tone !== "notice" || notices);
  const alone = store.layout.value === null && shown.some((banner) => banner.fatal);
  return (
    <div class={`aw-banners ${alone ? "aw-alone" : ""}`} role="status">
      {(closed || !store.connected.value) && (
        <div class="aw-banner aw-banner-notice">
          <p>
            <strong>{closed ? "This widget was closed." : "The kernel has stopped."}</strong> What
            is here can still be explored; run the cell again for more.
          </p>
        </div>
      )}
      {shown.map((banner) => (
        <OneBanner key={banner.id} banner={banner} stays={alone && banner.fatal} />
      ))}
    </div>
  );
}

function OneBanner({ banner, stays }: { banner: Banner; stays: boolean }) {
  const { store } = useWidget();
  const copied = useSignal(false);
  // A notice stays at hand in the status line; what went wrong or was done need not.
  const dismiss = () =>
    banner.tone === "notice" ? store.banners.closeNotices() : store.banners.dismiss(banner.id);
  return (
    <div
      class={`aw-banner aw-banner-${banner.tone}`}
      role={banner.tone === "error" ? "alert" : undefined}
    >
      {banner.tone === "exported" ? (
        <p title={`${banner.message}\nIts provenance: ${banner.hint}`}>
          Saved <code>{banner.message.split(/[\\/]/).at(-1)}</code>
        </p>
      ) : (
        <p>
          {banner.tone === "error" ? <strong>{banner.message}</strong> : banner.message}
          {banner.hint && <small> {banner.hint}</small>}
        </p>
      )}
      {banner.tone === "exported" && (
        <button
          type="button"
          class="aw-button"
          onClick={async () => {
            copied.value = await copyText(banner.message);
          }}
        >
          <Icon name={copied.value ? "check" : "copy"} /> {copied.value ? "Copied" : "Copy path"}
        </button>
      )}
      {banner.fatal && (
        <button type="button" class="aw-button" onClick={() => store.retry()}>
          Try again
        </button>
      )}
      {!stays && <CloseButton title="Dismiss" label="Dismiss" onClose={dismiss} />}
    </div>
  );
}
