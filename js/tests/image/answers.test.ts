import { describe, expect, it } from "vitest";
import {
  readAttribution,
  readFlow,
  readGroups,
  readOpened,
  readPosition,
} from "../../src/image/answers";
import { image, position } from "./messages";

const { layers } = readOpened(image(1));

describe("an opened image", () => {
  it("has the norms of each layer’s own positions", () => {
    expect(layers.map(({ norms }) => norms)).toEqual([
      [1, 2, 3, 0],
      [5, 4],
    ]);
    expect(layers.map(({ maxNorm }) => maxNorm)).toEqual([3, 5]);
  });

  it("names its classes as they are, markup and all", () => {
    expect(readOpened(image(1)).classes[1]).toEqual({ index: 3, name: "<b>dog</b>", value: 4 });
  });
});

describe("answers about it", () => {
  it("light up the positions of other layers by their own numbers", () => {
    const facts = readPosition(
      position(1, 1, 0, { whole: true, lit_layers: [0], lit: [0.1, 0.2, 0.3, 0.4] }),
      layers,
    );
    expect([...facts.lit]).toEqual([[0, [0.1, 0.2, 0.3, 0.4]]]);
    expect(facts.channels[1]).toEqual({ channel: 0, activation: 1, percentile: null });
  });

  it("split an attribution by layer: positions, and the channels that are listed", () => {
    const { layers: read } = readAttribution(
      {
        kind: "image_attribution",
        serial: 1,
        a: 7,
        b: -1,
        about: "cat",
        score: 9,
        values: [1, 2, 3, 4, 5, 6],
        listed: [2, 1],
        channels: [2, 0, 3],
        contributions: [0.5, -0.5, 8],
        others: [0, 1],
        prefix_tokens: [0, 0],
        biases: [9, 0],
        rest: [0, 0],
        closed: [1, 0],
        blank: [0, 1],
      },
      layers,
    );
    expect(read.map(({ values }) => values)).toEqual([
      [1, 2, 3, 4],
      [5, 6],
    ]);
    expect(read[0].channels).toEqual([
      { channel: 2, value: 0.5 },
      { channel: 0, value: -0.5 },
    ]);
    expect(read[1].channels).toEqual([{ channel: 3, value: 8 }]);
    expect(read.map(({ closed, blank }) => [closed, blank])).toEqual([
      [true, false],
      [false, true],
    ]);
  });

  it("give each group its own map, and each class what each group leads to", () => {
    const groups = readGroups(
      {
        kind: "image_groups",
        serial: 1,
        layer: 1,
        count: 2,
        explained: 0.5,
        maps: [1, 0, 0, 2],
        a: -1,
        b: -1,
        contributions: [],
        in_no_group: 0,
        prefix_tokens: 0,
        biases: 0,
        rest: 0,
        score: 0,
        pictures: "part:1.1.2",
      },
      layers,
    );
    expect(groups.maps).toEqual([
      [1, 0],
      [0, 2],
    ]);
    const flow = readFlow({
      kind: "image_flow",
      serial: 1,
      lower: 0,
      upper: 1,
      count: 2,
      values: [1, 2, 3, 4],
      left: [5, 6],
      strengths: [7, 8],
      classes: [7, 3],
      names: ["cat", "dog"],
      to_classes: [1, -1, 2, -2],
      lower_pictures: "part:1.0.2",
      upper_pictures: "part:1.1.2",
    });
    expect(flow.values).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect([flow.lowerPictures, flow.upperPictures]).toEqual(["part:1.0.2", "part:1.1.2"]);
    expect(flow.classes[1]).toEqual({ index: 3, name: "dog", values: [2, -2] });
  });
});
