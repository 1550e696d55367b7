import { type ClassScore, NO_CLASS, type Opened } from "../../image/answers";
import type { OpenImage } from "../../image/open_image";
import { formatValue } from "../../util/numbers";
import { ClassPicker } from "../ClassPicker";
import { useWidget } from "../context";
import { Icon } from "../controls/icons";
import { PopupButton } from "../controls/PopupButton";
import { Stretch } from "../Stretch";

/** The classes with the highest logits; which of them the attribution is of. */
export function ImageClasses({ state, opened }: { state: OpenImage; opened: Opened }) {
  const { store } = useWidget();
  const { looking } = state;
  if (opened.withoutClasses) {
    return (
      <section class="aw-image-block">
        <h3>Classes</h3>
        <p class="aw-note" data-aw-without-classes>
          {opened.withoutClasses}
        </p>
      </section>
    );
  }
  const [a, b] = [looking.a.value, looking.b.value];
  const names = store.classes.names.value;
  const nameOf = (index: number) =>
    opened.classes.find((each) => each.index === index)?.name ?? names[index] ?? `class ${index}`;
  const reach = Math.max(1e-9, ...opened.classes.map(({ value }) => Math.abs(value)));
  return (
    <section class="aw-image-block" data-aw-image-classes={`${a}:${b}`}>
      <h3>
        Classes <small>logits</small>
      </h3>
      <ul class="aw-image-classes">
        {opened.classes.map((each) => (
          <ClassRow key={each.index} of={each} reach={reach} state={state} />
        ))}
      </ul>
      <div class="aw-versus">
        <span>What argues for</span>
        <Chooser
          words={nameOf(a)}
          chosen={a}
          name="a"
          onChoose={(index) => looking.argueFor(index)}
        />
        <span>rather than</span>
        <Chooser
          words={b === NO_CLASS ? "(nothing)" : nameOf(b)}
          chosen={b}
          name="b"
          onChoose={(index) => looking.argueAgainst(index)}
        />
        {b !== NO_CLASS && (
          <button
            type="button"
            class="aw-link"
            data-aw-no-versus
            onClick={() => {
              looking.b.value = NO_CLASS;
            }}
          >
            Drop
          </button>
        )}
      </div>
    </section>
  );
}

function ClassRow({
  of: { index, name, value },
  reach,
  state,
}: {
  of: ClassScore;
  reach: number;
  state: OpenImage;
}) {
  const { a, b } = state.looking;
  const [isA, isB] = [a.value === index, b.value === index];
  return (
    <li class={`aw-image-class ${isA ? "aw-for-this" : ""} ${isB ? "aw-against-this" : ""}`}>
      <button
        type="button"
        class="aw-image-class-name"
        aria-pressed={isA}
        title={`${name}: logit ${formatValue(value)}. Show what argues for it`}
        data-aw-for={index}
        onClick={() => state.looking.argueFor(index)}
      >
        <span class="aw-bar-label">{name}</span>
        <span class="aw-bar-track" aria-hidden="true">
          <Stretch
            class={`aw-bar ${value < 0 ? "aw-against" : "aw-for"}`}
            from={0}
            to={Math.abs(value) / reach}
          />
        </span>
        <span class="aw-bar-value">{formatValue(value)}</span>
      </button>
      <button
        type="button"
        class="aw-link"
        aria-pressed={isB}
        disabled={isA}
        aria-label={`Rather than ${name}`}
        title={`Show what argues for the chosen class rather than for ${name}`}
        data-aw-rather-than={index}
        onClick={() => state.looking.argueAgainst(isB ? NO_CLASS : index)}
      >
        vs
      </button>
    </li>
  );
}

function Chooser({
  words,
  chosen,
  name,
  onChoose,
}: {
  words: string;
  chosen: number;
  name: string;
  onChoose: (index: number) => void;
}) {
  return (
    <PopupButton
      class="aw-versus-button"
      opens="listbox"
      popupClass="aw-layer-list"
      title="Choose a class"
      data-aw-choose-class={name}
      popup={(close) => (
        <ClassPicker
          chosen={chosen === NO_CLASS ? null : chosen}
          onChoose={(index) => {
            onChoose(index);
            close();
          }}
        />
      )}
    >
      <span>{words}</span>
      <Icon name="down" />
    </PopupButton>
  );
}
