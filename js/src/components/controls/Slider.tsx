/** A number between two ends; `onSlide` gets each on the way. */
export function Slider({
  label,
  valueText,
  min,
  max,
  step,
  value,
  disabled,
  onSlide,
  ...rest
}: {
  label: string;
  /** The value in words, where the number alone says little. */
  valueText?: string;
  min: number;
  max: number;
  step: number;
  value: number;
  disabled?: boolean;
  onSlide: (value: number) => void;
}) {
  return (
    <input
      type="range"
      class="aw-slider"
      aria-label={label}
      aria-valuetext={valueText}
      min={min}
      max={max}
      step={step}
      value={value}
      disabled={disabled}
      onInput={(event) => onSlide(event.currentTarget.valueAsNumber)}
      {...rest}
    />
  );
}
