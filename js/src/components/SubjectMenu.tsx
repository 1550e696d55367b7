import { useSignal } from "@preact/signals";
import type { Subject } from "../store/subject";
import {
  ALL,
  classSubject,
  comparisonSubject,
  describeSubject,
  isSame,
  nameSubject,
  winningSubject,
} from "../store/subject";
import { ClassPicker } from "./ClassPicker";
import { useWidget } from "./context";
import { IconButton } from "./controls/IconButton";
import { Icon } from "./controls/icons";
import { MenuItem, PopupButton } from "./controls/PopupButton";

/** The choice of samples: all, those of a class, or two classes compared; and the way back. */
export function SubjectMenu() {
  const { store, host } = useWidget();
  const wanted = store.traits.subject.value;
  const shown = store.layout.value?.subject ?? ALL;
  const coming = !isSame(wanted, shown);
  const back = coming && wanted.length > 0 ? "Give it up" : "Back to all samples";
  return (
    <div class="aw-subject">
      {wanted.length > 0 && <span class="aw-subject-path">all samples ›</span>}
      <PopupButton
        class={`aw-subject-button ${wanted.length > 0 ? "aw-on" : ""}`}
        title={describeSubject(wanted)}
        aria-label={`Shown: ${nameSubject(wanted)}`}
        aria-busy={coming}
        data-aw-subject-menu
        popupClass="aw-menu aw-subject-popup"
        popup={(close) => <Menu onClose={close} />}
      >
        <span class="aw-subject-name">
          {nameSubject(wanted)}
          {coming && "…"}
        </span>
        <Icon name="down" />
      </PopupButton>
      {wanted.length > 0 && (
        <IconButton
          icon="close"
          class="aw-quiet aw-subject-back"
          title={back}
          data-aw-subject-back
          onClick={() => {
            store.traits.setSubject(coming ? shown : ALL);
            host.focus({ preventScroll: true });
          }}
        />
      )}
    </div>
  );
}

/** The samples on show, where there is no choice; nothing where that is all of them. */
export function SubjectName() {
  const { store } = useWidget();
  const shown = store.layout.value?.subject ?? ALL;
  if (shown.length === 0) return null;
  return (
    <span class="aw-subject-name" title={describeSubject(shown)}>
      {nameSubject(shown)}
    </span>
  );
}

/** The class that is asked for: the one, the first of two, or the other of two. */
type Asking = "class" | "first" | { first: string };

function Menu({ onClose }: { onClose: () => void }) {
  const { store, view, host } = useWidget();
  const asking = useSignal<Asking | null>(null);
  const now = store.traits.subject.value;
  const names = store.classes.names.value;
  const { reason } = store.classes;
  const openCues = ([kind, ...of]: Subject) => {
    if (kind === "comparison") {
      [view.choices.first.value, view.choices.second.value] = of.map((it) => names.indexOf(it));
    }
    view.choices.cuesOpen.value = true;
    onClose();
  };
  const show = (subject: Subject) => {
    store.traits.setSubject(subject);
    onClose();
    host.focus({ preventScroll: true });
  };
  if (asking.value !== null) {
    return (
      <Question
        asking={asking.value}
        onAsk={(next) => {
          asking.value = next;
        }}
        onShow={show}
      />
    );
  }
  const [kind, current] = now;
  const single = kind === "class" || kind === "winning";
  const entries: [string, string, string, boolean, () => void][] = [
    ["all", "All samples", "the whole atlas", now.length === 0, () => show(ALL)],
  ];
  if (single) {
    entries.push(
      [
        "argues",
        `“${current}”`,
        "what argues most for it",
        kind === "class",
        () => show(classSubject(current)),
      ],
      [
        "wins",
        "What it wins",
        "of all classes",
        kind === "winning",
        () => show(winningSubject(current)),
      ],
      [
        "against",
        `“${current}” or …`,
        "compared",
        false,
        () => {
          asking.value = { first: current };
        },
      ],
    );
  }
  entries.push(
    [
      "class",
      "One class…",
      "what argues most for it",
      false,
      () => {
        asking.value = "class";
      },
    ],
    [
      "compare",
      "Two classes…",
      "compared",
      kind === "comparison",
      () => {
        asking.value = "first";
      },
    ],
    ["cues", "Misleading cues…", "between two classes", false, () => openCues(now)],
  );
  return (
    <div role="menu" aria-label="Which samples">
      {entries.map(([name, words, meaning, checked, act]) => (
        <MenuItem
          key={name}
          words={words}
          meaning={meaning}
          checked={checked}
          disabled={name !== "all" && (names.length === 0 || !store.connected.value)}
          title={name !== "all" ? reason.value : ""}
          data-aw-subject={name}
          onClick={act}
        />
      ))}
    </div>
  );
}

/** Picks a class, or one after the other of two. */
function Question({
  asking: what,
  onAsk,
  onShow,
}: {
  asking: Asking;
  onAsk: (next: Asking) => void;
  onShow: (subject: Subject) => void;
}) {
  const names = useWidget().store.classes.names.value;
  const first = typeof what === "object" ? what.first : null;
  const words =
    first !== null
      ? `Compare “${first}” with which class?`
      : what === "first"
        ? "Compare which class …"
        : "An atlas of which class?";
  return (
    <>
      <p class="aw-note">{words}</p>
      <ClassPicker
        key={words}
        chosen={null}
        onChoose={(index) => {
          const name = names[index];
          if (what === "class") onShow(classSubject(name));
          else if (what === "first") onAsk({ first: name });
          else if (first !== null && name !== first) onShow(comparisonSubject(first, name));
        }}
      />
    </>
  );
}
