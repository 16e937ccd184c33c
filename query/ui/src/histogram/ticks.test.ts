import { expect, test } from "vitest";
import { ticks } from "./ticks";

function labels(from: string, to: string, count: number): string[] {
  const chart = { from: Date.parse(from), to: Date.parse(to), intervalMs: 1, bars: [], highest: 0 };
  return ticks(chart, count, "utc").map(({ label }) => label);
}

test.each([
  ["2024-01-01T00:00:30Z", "2024-01-01T00:10:30Z", 5, ["00:02", "00:04", "00:06", "00:08", "00:10"]],
  [
    "2024-01-01T10:00:00Z",
    "2024-01-01T10:00:02Z",
    4,
    ["10:00:00.000", "10:00:00.500", "10:00:01.000", "10:00:01.500", "10:00:02.000"],
  ],
  ["2024-01-01T22:30:00Z", "2024-01-02T02:30:00Z", 4, ["23:00", "01-02", "01:00", "02:00"]],
  [
    "2024-02-27T12:00:00Z",
    "2024-03-02T12:00:00Z",
    4,
    ["2024-02-28", "2024-02-29", "2024-03-01", "2024-03-02"],
  ],
  [
    "2023-09-12T00:00:00Z",
    "2026-11-24T00:00:00Z",
    7,
    ["2024-01", "2024-07", "2025-01", "2025-07", "2026-01", "2026-07"],
  ],
  ["1969-06-01T00:00:00Z", "2026-01-01T00:00:00Z", 6, ["1970", "1980", "1990", "2000", "2010", "2020"]],
])("from %s to %s at most about %d marks", (from, to, count, expected) => {
  expect(labels(from, to, count)).toEqual(expected);
});

test("local marks are at round times of the wall clock, across a change of it too", () => {
  const from = new Date(2024, 2, 20, 5, 17).getTime();
  const chart = { from, to: from + 30 * 86_400_000, intervalMs: 1, bars: [], highest: 0 };
  const marks = ticks(chart, 8, "local");
  expect(marks.length).toBeGreaterThan(4);
  for (const { at } of marks) expect(new Date(at).getHours()).toBe(0);
});
