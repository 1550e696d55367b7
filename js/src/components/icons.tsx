/** Line icons of 16 by 16, drawn for this widget. */
const PATHS: Record<string, string> = {
  pan: "M5.5 8V3.9a1 1 0 0 1 2 0V7.5m0-.6V2.8a1 1 0 0 1 2 0V7.5m0-.8V3.8a1 1 0 0 1 2 0v4m0-1.9a1 1 0 0 1 2 0v4a4.4 4.4 0 0 1-4.4 4.4H8.6c-1.4 0-2.3-.6-3.1-1.7L2.9 9.2c-.7-1 .5-2 1.4-1.2l1.2 1.2V8",
  rectangle: "M2.5 3.5h11v9h-11z",
  lasso:
    "M8 2.5c3.3 0 6 1.7 6 3.9s-2.7 3.9-6 3.9-6-1.7-6-3.9 2.7-3.9 6-3.9M4.2 9.4c-1 .5-1 1.9.1 2.2 1 .2 1.7-.7 1.3-1.6M4.6 11.6c.2 1-.2 1.8-1 2.2",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  home: "M2.5 7.6 8 2.8l5.5 4.8M4 6.6v6.6h3V9.6h2v3.6h3V6.6",
  export: "M8 10V2.5M5 5.2 8 2.4l3 2.8M2.8 9.5v3.7h10.4V9.5",
  help: "M5.9 6.2a2.1 2.1 0 1 1 3.1 1.9c-.7.4-1 .8-1 1.6M8 12v.2",
  close: "M3.8 3.8l8.4 8.4M12.2 3.8l-8.4 8.4",
  search: "M7 2.8a4.2 4.2 0 1 1 0 8.4 4.2 4.2 0 0 1 0-8.4M10.2 10.2l3.2 3.2",
  down: "M4.2 6.2 8 10l3.8-3.8",
  fullscreen: "M2.8 6V2.8H6M10 2.8h3.2V6M13.2 10v3.2H10M6 13.2H2.8V10",
  seed: "M13 8a5 5 0 1 1-1.5-3.6M13 2.4v2.8h-2.8",
  copy: "M5.5 5.5h7.7v7.7H5.5zM10.4 5.3V2.8H2.8v7.6h2.5",
  fit: "M2.8 5.5V2.8h2.7M13.2 5.5V2.8h-2.7M2.8 10.5v2.7h2.7M13.2 10.5v2.7h-2.7M6 6h4v4H6z",
  overlay: "M8 2.2 14 5.4 8 8.6 2 5.4zM2.6 8.4 8 11.3l5.4-2.9M2.6 11.1 8 14l5.4-2.9",
  colour: "M8 2.3c2.6 3 4.1 5.2 4.1 7.1a4.1 4.1 0 0 1-8.2 0C3.9 7.5 5.4 5.3 8 2.3M8 11.6a2.2 2.2 0 0 0 2.2-2.2",
  check: "M3 8.5 6.5 12 13 4.5",
};

export function Icon({ name }: { name: keyof typeof PATHS }) {
  return (
    <svg class="aw-icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
