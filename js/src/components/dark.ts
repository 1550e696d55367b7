import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { isDark, onThemeChange } from "../page/theme";

/** True if the page around the widget is dark; what uses it is drawn again when that changes. */
export function useDark(): boolean {
  const dark = useSignal(isDark());
  useEffect(
    () =>
      onThemeChange(() => {
        dark.value = isDark();
      }),
    [],
  );
  return dark.value;
}
