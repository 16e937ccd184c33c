import { describe, expect, test } from "vitest";
import type { HistogramResponse } from "../api/types";
import { barAt, levelTotals, shareOf, timeAt, toChart, toInclusiveEnd, widened, zoomTo } from "./buckets";

const RESPONSE: HistogramResponse = {
  intervalSeconds: 60,
  from: "2024-01-01T00:00:30Z",
  to: "2024-01-01T00:10:30Z",
  total: 15,
  partial: false,
  buckets: [
    { start: "2024-01-01T00:05:00Z", total: 9, levels: { error: 4, "": 2, audit: 3 } },
    { start: "2024-01-01T00:01:00Z", total: 6, levels: { info: 5, error: 1 } },
  ],
};
const chart = toChart(RESPONSE)!;
const at = (text: string) => Date.parse(`2024-01-01T${text}Z`);

describe("a chart", () => {
  test("has its bars in order, and none where nothing happened", () => {
    expect(chart.bars.map((bar) => bar.start)).toEqual([at("00:01:00"), at("00:05:00")]);
    expect(barAt(chart, shareOf(chart, at("00:03:00")))).toBeNull();
    expect(barAt(chart, shareOf(chart, at("00:05:30")))?.total).toBe(9);
  });

  test("gathers unknown and absent levels", () => {
    expect(chart.bars[1]?.levels).toEqual({ error: 4, other: 5 });
    expect(levelTotals(chart.bars)).toEqual([
      { level: "error", count: 5 },
      { level: "info", count: 5 },
      { level: "other", count: 5 },
    ]);
  });

  test("knows its highest bar", () => {
    expect(chart.highest).toBe(9);
  });

  test("of no bounds spans its bars; of nothing there is none", () => {
    const open = toChart({ ...RESPONSE, from: null, to: null })!;
    expect([open.from, open.to]).toEqual([at("00:01:00"), at("00:06:00")]);
    expect(toChart({ ...RESPONSE, from: null, to: null, buckets: [] })).toBeNull();
    expect(toChart({ ...RESPONSE, intervalSeconds: 0 })).toBeNull();
  });

  test("of one instant still has a width", () => {
    const instant = toChart({ ...RESPONSE, to: RESPONSE.from })!;
    expect(instant.to).toBeGreaterThan(instant.from);
    expect(shareOf(instant, instant.from)).toBe(0);
  });
});

test("times and shares of the axis are inverse, and stay on it", () => {
  expect(timeAt(chart, 0.5)).toBe(at("00:05:30"));
  expect(shareOf(chart, at("00:05:30"))).toBe(0.5);
  expect(timeAt(chart, 2)).toBe(chart.to);
  expect(shareOf(chart, 0)).toBe(0);
});

describe("zooming", () => {
  const share = (text: string) => shareOf(chart, at(text));

  test("widens to whole buckets, both ends included", () => {
    expect(zoomTo(chart, share("00:02:10"), share("00:04:50"))).toEqual({
      from: "2024-01-01T00:02:00Z",
      to: "2024-01-01T00:04:59Z",
    });
  });

  test("does not matter which way it is dragged", () => {
    expect(zoomTo(chart, 0.8, 0.2)).toEqual(zoomTo(chart, 0.2, 0.8));
  });

  test("takes one bucket at least", () => {
    expect(zoomTo(chart, share("00:05:20"), share("00:05:20"))).toEqual({
      from: "2024-01-01T00:05:00Z",
      to: "2024-01-01T00:05:59Z",
    });
  });

  test("stays within the axis", () => {
    expect(zoomTo(chart, 0, 1)).toEqual({ from: "2024-01-01T00:00:30Z", to: "2024-01-01T00:10:30Z" });
  });

  test("buckets of milliseconds end at the last of them", () => {
    const fine = toChart({
      ...RESPONSE,
      intervalSeconds: 0.1,
      from: "2024-01-01T00:00:00Z",
      to: "2024-01-01T00:00:01Z",
      buckets: [{ start: "2024-01-01T00:00:00.200Z", total: 1, levels: {} }],
    })!;
    expect(zoomTo(fine, 0.21, 0.39)).toEqual({
      from: "2024-01-01T00:00:00.200Z",
      to: "2024-01-01T00:00:00.399Z",
    });
  });

  test("a whole second as inclusive end stands for all of itself", () => {
    expect(toInclusiveEnd(60_000)).toBe("1970-01-01T00:00:59Z");
    expect(toInclusiveEnd(60_500)).toBe("1970-01-01T00:01:00.499Z");
  });

  test("out is three times as much about the same middle", () => {
    expect(widened(chart)).toEqual({ from: "2023-12-31T23:50:30Z", to: "2024-01-01T00:20:29Z" });
  });
});
