/** What the fake kernel answers to a photo: its positions fall on some cells of the coarsest grid. */

const SIDE = 7;

export class FakePhoto {
  constructor(model) {
    this.model = model;
  }

  answers({ kind }) {
    return kind === "place_photo" || kind === "remove_photo";
  }

  answer({ kind, name }, buffers) {
    if (kind === "remove_photo") return;
    const { model } = this;
    const { size, ids } = model.grids[0];
    const positions = Array.from({ length: 25 }, (_, at) => {
      return (1 + Math.floor(at / 5)) * SIDE + 1 + (at % 5);
    });
    // Five by five of them on five cells: a row each.
    const cells = positions.map((_, at) => ids[Math.floor(at / 5) * Math.floor(ids.length / 6)]);
    model.message(
      {
        kind: "photo_placed",
        revision: model.revision,
        name,
        rows: SIDE,
        columns: SIDE,
        positions,
        x: cells.map((cell) => ((cell % size) + 0.5) / size),
        y: cells.map((cell) => (Math.floor(cell / size) + 0.5) / size),
        cosine: positions.map((_, at) => 0.9 - 0.03 * at),
        usual: 0.25,
        samples: positions.map((_, at) => at),
      },
      [buffers[0] instanceof DataView ? buffers[0] : new DataView(buffers[0].buffer)],
    );
  }
}
