import { expect, test } from "vitest";
import { boundsOf, fixedBounds, rangeLabel, rangePhrase, type TimeRange } from "./range";

const absolute = (from?: string, to?: string): TimeRange => ({
  kind: "absolute",
  ...(from && { from }),
  ...(to && { to }),
});

test.each<[TimeRange, string, string]>([
  [{ kind: "relative", last: "15m" }, "Last 15 minutes", "in the last 15 minutes"],
  [{ kind: "relative", last: "1h" }, "Last hour", "in the last hour"],
  [{ kind: "all" }, "All time", "at any time"],
  [
    absolute("2023-09-10T00:00:00Z", "2023-09-15T23:59:59Z"),
    "2023-09-10 00:00:00 – 2023-09-15 23:59:59",
    "between 2023-09-10 00:00:00 and 2023-09-15 23:59:59",
  ],
  [
    absolute("2023-09-15T08:00:00Z", "2023-09-15T09:00:00.250Z"),
    "2023-09-15 08:00:00 – 09:00:00.250",
    "between 2023-09-15 08:00:00 and 2023-09-15 09:00:00.250",
  ],
  [absolute("2023-09-15T08:00:00Z", "2023-09-15T08:00:00Z"), "2023-09-15 08:00:00", "at 2023-09-15 08:00:00"],
  [absolute("2023-09-15"), "Since 2023-09-15", "since 2023-09-15"],
  [absolute(undefined, "now-1d"), "Until now-1d", "until now-1d"],
])("%j reads %s", (range, label, phrase) => {
  expect(rangeLabel(range, "utc")).toBe(label);
  expect(rangePhrase(range, "utc")).toBe(phrase);
});

test("the server reads the clock of a relative range; all time has no bounds", () => {
  expect(boundsOf({ kind: "relative", last: "6h" })).toEqual({ from: "now-6h", to: "now" });
  expect(boundsOf({ kind: "all" })).toEqual({});
  expect(boundsOf(absolute(undefined, "2023-09-15"))).toEqual({ to: "2023-09-15" });
});

test("a range as fixed times", () => {
  const now = Date.parse("2024-03-01T00:10:00.900Z");
  expect(fixedBounds({ kind: "relative", last: "15m" }, now)).toEqual({
    from: "2024-02-29T23:55:00Z",
    to: "2024-03-01T00:10:00Z",
  });
  expect(fixedBounds(absolute("2023-09-15"), now)).toEqual({ from: "2023-09-15" });
  expect(fixedBounds({ kind: "all" }, now)).toEqual({});
});
