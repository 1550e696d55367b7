/** A few words of which one is chosen. */
export function Choice<Value extends string>({
  label,
  value,
  options,
  onChoose,
}: {
  label: string;
  value: Value;
  options: readonly (readonly [value: Value, words: string, title: string])[];
  onChoose: (value: Value) => void;
}) {
  return (
    <div class="aw-group" role="radiogroup" aria-label={label}>
      {options.map(([name, words, title]) => (
        <button
          key={name}
          type="button"
          role="radio"
          class="aw-button"
          aria-checked={name === value}
          title={title}
          data-aw-choice={name}
          onClick={() => onChoose(name)}
        >
          {words}
        </button>
      ))}
    </div>
  );
}
