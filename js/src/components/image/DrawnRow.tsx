import type { Opened } from "../../image/answers";
import type { Drawn, ImageWork, OpenImage } from "../../image/open_image";
import { formatDecimal } from "../../util/numbers";
import { Drawing } from "../Drawing";
import { ImageWorkButton } from "./ImageWorkButton";

const SIZE = 132;

/** The image as each layer keeps it, and as each layer dreams it on. */
export function DrawnRow({ state, opened }: { state: OpenImage; opened: Opened }) {
  const rows: readonly (readonly [ImageWork, string, string])[] = [
    [
      "caricatures",
      "What each layer kept",
      "Caricatures: images, from noise, whose activations point where the image’s do, at each position",
    ],
    [
      "dreams",
      "What each layer sees in it",
      "DeepDream: the image itself, changed so that the layer responds more to what it sees in it already",
    ],
  ];
  return (
    <section class="aw-image-block aw-image-part">
      <h3>
        Redrawn <small>by each layer</small>
      </h3>
      {rows.map(([work, words, title]) => {
        const drawn = opened.layers
          .map((_, number) => state.drawn.value.get(`${work}:${number}`))
          .filter((each): each is Drawn => each !== undefined);
        return (
          <div key={work} class="aw-drawn" data-aw-drawn={`${work}:${drawn.length}`}>
            {drawn.length > 0 && (
              <ul class="aw-unit-strip">
                {drawn.map((each) => (
                  <li key={each.layer}>
                    <Picture of={each} layer={opened.layers[each.layer]?.name ?? ""} />
                  </li>
                ))}
              </ul>
            )}
            {drawn.length < opened.layers.length && (
              <ImageWorkButton
                state={state}
                work={work}
                layer={0}
                words={words}
                title={title}
                counts={["layer", "layers"]}
              />
            )}
          </div>
        );
      })}
    </section>
  );
}

function Picture({ of: { picture, value, made, work }, layer }: { of: Drawn; layer: string }) {
  const words =
    work === "caricatures"
      ? `cosine ${formatDecimal(value)} to the image`
      : `${formatDecimal(value, 1)} × as strong`;
  return (
    <figure class="aw-unit-made" title={made}>
      <Drawing
        size={SIZE}
        of={[picture]}
        paint={(context, side) => {
          if (picture) context.drawImage(picture as CanvasImageSource, 0, 0, side, side);
        }}
      />
      <figcaption>
        <strong>{layer}</strong>
        <br />
        <small>{words}</small>
      </figcaption>
    </figure>
  );
}
