/** The entry of a check's page: trials one after the other, and a CSV in the end. No network, no kernel. */
import {
  type Answer,
  arrange,
  type CheckRecord,
  plainName,
  type Shown,
  type Side,
  toCsv,
} from "./check/answers";

const FORMAT = 1;

type Child = Node | string;

/** An element with attributes and children; texts stay texts. */
function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Record<string, string> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const picture = (webp: string, words: string) =>
  element("img", { src: `data:image/webp;base64,${webp}`, alt: words, draggable: "false" });

/** By chance, from what nobody can foresee. */
const draw = (count: number): number => {
  const most = Math.floor(2 ** 32 / count) * count;
  const drawn = new Uint32Array(1);
  do crypto.getRandomValues(drawn);
  while (drawn[0] >= most);
  return drawn[0] % count;
};

class CheckPage {
  private readonly shown: readonly Shown[];
  private readonly answers: Answer[] = [];
  private participant = "";
  private since = 0;

  constructor(
    private readonly place: HTMLElement,
    private readonly check: CheckRecord,
  ) {
    this.shown = arrange(check.trials.length, draw);
    document.addEventListener("keydown", (event) => this.key(event));
    addEventListener("beforeunload", (event) => {
      const under = this.answers.length > 0 && this.answers.length < this.shown.length;
      if (under) event.preventDefault();
    });
  }

  begin(): void {
    const name = element("input", { maxlength: "40", autocomplete: "off", "data-aw-name": "" });
    const go = element("button", { type: "button", class: "main", "data-aw-begin": "" }, "Begin");
    go.addEventListener("click", () => {
      this.participant = plainName(name.value);
      this.next();
    });
    this.place.replaceChildren(
      element("h1", {}, "Which one belongs to it?"),
      element(
        "p",
        {},
        `You see a picture and below it two parts of photos. Choose the photo that goes with the
        picture: the one that has more of what it shows. Often there is no certain answer; then
        follow your first impression.`,
      ),
      element(
        "p",
        {},
        `There are ${this.shown.length} of these, which takes about
        ${Math.max(1, Math.round((this.shown.length * 5) / 60))} minutes. Click, or use the arrow
        keys ← and →.`,
      ),
      element("label", {}, "Your name or a code, if you like", name),
      element("p", { class: "row" }, go),
      element("small", {}, "Nothing is sent anywhere: in the end you save your answers as a file."),
    );
    go.focus();
  }

  private next(): void {
    const at = this.answers.length;
    if (at === this.shown.length) {
      this.end();
      return;
    }
    const { trial, rightSide } = this.shown[at];
    const { reference, right, wrong } = this.check.trials[trial];
    const button = (side: Side) => {
      const crop = side === rightSide ? right : wrong;
      const made = element(
        "button",
        { type: "button", "data-aw-side": side },
        picture(crop, `Photo on the ${side}`),
        element("span", {}, side === "left" ? "←" : "→"),
      );
      made.addEventListener("click", () => this.answer(side));
      return made;
    };
    const stop = element(
      "button",
      { type: "button", class: "plain", "data-aw-stop": "" },
      "Stop here",
    );
    stop.addEventListener("click", () => this.end());
    this.place.replaceChildren(
      element(
        "div",
        { class: "trial", "data-aw-trial": String(at) },
        element("p", { class: "quiet", role: "status" }, `${at + 1} of ${this.shown.length}`),
        element("div", { class: "reference" }, picture(reference, "The picture")),
        element("h1", {}, "Which one belongs to it?"),
        element("div", { class: "choices" }, button("left"), button("right")),
        element("progress", {
          max: String(this.shown.length),
          value: String(at),
          "aria-label": "Answered so far",
        }),
        ...(at > 0 ? [stop] : []),
      ),
    );
    this.since = performance.now();
  }

  private key(event: KeyboardEvent): void {
    if (event.repeat || event.altKey || event.ctrlKey || event.metaKey) return;
    const side = event.key === "ArrowLeft" ? "left" : event.key === "ArrowRight" ? "right" : null;
    if (side === null || !this.place.querySelector("[data-aw-trial]")) return;
    event.preventDefault();
    this.answer(side);
  }

  private answer(side: Side): void {
    const shown = this.shown[this.answers.length];
    const seconds = (performance.now() - this.since) / 1000;
    this.answers.push({ ...shown, answer: side, seconds });
    this.next();
  }

  private end(): void {
    const csv = toCsv(this.check, this.participant, this.answers);
    const file = `answers-${this.check.id}${this.participant && `-${this.participant.replaceAll(" ", "-")}`}.csv`;
    const save = element(
      "a",
      {
        class: "main",
        download: file,
        href: URL.createObjectURL(new Blob([csv], { type: "text/csv" })),
        "data-aw-save": "",
      },
      "Save the answers",
    );
    const text = element("textarea", {
      readonly: "",
      "aria-label": "The answers",
      "data-aw-csv": "",
    });
    text.value = csv;
    const whole = this.answers.length === this.shown.length;
    const back = element("button", { type: "button", class: "plain", "data-aw-on": "" }, "Go on");
    back.addEventListener("click", () => this.next());
    this.place.replaceChildren(
      element("h1", {}, "Thank you"),
      element(
        "p",
        {},
        `${this.answers.length} of ${this.shown.length} are answered. Save the answers and send the
        file to whoever gave you this page.`,
      ),
      element("p", { class: "row" }, save, ...(whole ? [] : [back])),
      element("p", { class: "quiet" }, "Or copy them from here:"),
      text,
    );
    save.focus();
  }
}

function open(place: HTMLElement): void {
  const text = document.getElementById("aw-check")?.textContent;
  if (!text) throw new Error("it is incomplete.");
  const check = JSON.parse(text) as CheckRecord;
  if (check.format !== FORMAT) throw new Error(`it has format ${check.format}, not ${FORMAT}.`);
  new CheckPage(place, check).begin();
}

const place = document.getElementById("aw-place");
if (place) {
  try {
    open(place);
  } catch (error) {
    place.textContent = `This page cannot be shown: ${error instanceof Error ? error.message : error}`;
  }
}
