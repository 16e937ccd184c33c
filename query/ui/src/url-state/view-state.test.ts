import { describe, expect, test } from "vitest";
import { DEFAULT_VIEW, decodeView, encodeView, type ViewState } from "./view-state";

const VIEWS: ViewState[] = [
  DEFAULT_VIEW,
  { ...DEFAULT_VIEW, query: 'level:error "a+b & c=d" \\ ü 🚀 #?%2B' },
  { ...DEFAULT_VIEW, query: "line one\nline two\ttab" },
  { ...DEFAULT_VIEW, range: { kind: "relative", last: "7d" }, tail: true },
  { ...DEFAULT_VIEW, range: { kind: "all" }, order: "asc" },
  { ...DEFAULT_VIEW, range: { kind: "absolute", from: "2023-09-10T00:00:00Z", to: "2023-09-15T23:59:59Z" } },
  { ...DEFAULT_VIEW, range: { kind: "absolute", from: "2023-09-15T10:00:00.123456789+02:00" } },
  { ...DEFAULT_VIEW, range: { kind: "absolute", to: "now-1d/d" }, entry: "018a-b/c" },
  { ...DEFAULT_VIEW, zone: "utc", entry: "018a", tab: "json" },
  { ...DEFAULT_VIEW, zone: "local", entry: "018a", tab: "surroundings" },
];

test.each(VIEWS)("comes back from the URL: %j", (view) => {
  expect(decodeView(`?${encodeView(view)}`)).toEqual(view);
});

test("an empty URL is the last 15 minutes, newest first", () => {
  expect(decodeView("")).toEqual({
    query: "",
    range: { kind: "relative", last: "15m" },
    order: "desc",
    entry: null,
    tab: "fields",
    tail: false,
    zone: null,
  });
});

test("a relative range stays relative, and is always spelled out", () => {
  expect(encodeView(DEFAULT_VIEW)).toBe("range=15m");
});

describe("what cannot be read falls back", () => {
  test.each(["range=", "range=soon", "range=-5m", "range=0m", "range=15x", "from=&to="])("%s", (search) => {
    expect(decodeView(search).range).toEqual({ kind: "relative", last: "15m" });
  });
  test("order, tail and entry", () => {
    expect(decodeView("order=up&tail=yes&entry=")).toEqual(DEFAULT_VIEW);
  });
  test("zone and what is shown of an entry", () => {
    expect(decodeView("zone=mars")).toEqual(DEFAULT_VIEW);
    expect(decodeView("show=json"), "of no entry").toEqual(DEFAULT_VIEW);
    expect(decodeView("entry=018a&show=all").tab).toBe("fields");
  });
  test("a tail puts the newest on top", () => {
    expect(decodeView("order=asc&tail=1").order).toBe("desc");
  });
});
