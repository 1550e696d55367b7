import { describe, expect, it } from "vitest";
import {
  formatCount,
  formatDecimal,
  formatPlain,
  formatShare,
  formatSigma,
  formatValue,
  ordinal,
  plural,
} from "../../src/util/numbers";

describe("an ordinal number", () => {
  it("has its ending", () => {
    const some = [1, 2, 3, 4, 11, 12, 13, 21, 112].map(ordinal);
    expect(some.join()).toBe("1st,2nd,3rd,4th,11th,12th,13th,21st,112th");
  });
});

describe("numbers", () => {
  it("of what can be counted have their thousands apart, and one of it is one", () => {
    expect(formatCount(1234567)).toBe("1,234,567");
    expect([plural(1, "cell"), plural(0, "cell"), plural(2, "class", "classes")]).toEqual([
      "1 cell",
      "0 cells",
      "2 classes",
    ]);
  });

  it("of what a class gains or loses carry a sign and no more digits than tell something", () => {
    expect([1.234, -0.5, 12.34, 0.0123, 0, -0.00001].map(formatValue)).toEqual([
      "+1.23",
      "−0.50",
      "+12.3",
      "+0.012",
      "0",
      "0",
    ]);
    expect([1.26, -0.31, -0.01].map(formatSigma)).toEqual(["+1.3 σ", "−0.3 σ", "0 σ"]);
  });

  it("have a true minus, never a hyphen", () => {
    expect([formatDecimal(-0.5), formatDecimal(-1.25, 1), formatPlain(-1234.5)]).toEqual([
      "−0.50",
      "−1.3",
      "−1235",
    ]);
  });

  it("of hundredths are never rounded to all or nothing", () => {
    expect([0, 0.001, 0.5, 0.999, 1].map(formatShare)).toEqual([
      "0 %",
      "<1 %",
      "50 %",
      ">99 %",
      "100 %",
    ]);
  });
});
