import { describe, expect, test } from "vitest";
import type { Entry, SearchResponse } from "../api/types";
import { NO_RESULTS, reduceResults, wantsMore, type Results } from "./paging";

function entries(from: number, to: number): Entry[] {
  return Array.from({ length: to - from }, (_, index) => ({
    id: `e${from + index}`,
    receivedAt: "2024-01-01T00:00:00Z",
    timestamp: "2024-01-01T00:00:00Z",
    message: "",
  }));
}

function page(from: number, to: number, cursor: string | null): SearchResponse {
  return { entries: entries(from, to), total: 1000, partial: false, from: "A", to: null, cursor };
}

const loaded: Results = reduceResults(NO_RESULTS, {
  type: "arrived",
  response: page(0, 500, "c1"),
  asked: { to: "now" },
});

describe("a first page", () => {
  test("brings the total, and the bounds that further pages must use", () => {
    expect(loaded.total).toBe(1000);
    expect(loaded.bounds).toEqual({ from: "A", to: "now" });
    expect(loaded.phase).toBe("ready");
  });

  test("replaces what was there", () => {
    const next = reduceResults(loaded, { type: "arrived", response: page(700, 701, null), asked: {} });
    expect(next.entries.map(({ id }) => id)).toEqual(["e700"]);
    expect([...next.ids]).toEqual(["e700"]);
  });

  test("what was there stays until it has come", () => {
    expect(reduceResults(loaded, { type: "started" }).entries).toHaveLength(500);
  });
});

describe("a further page", () => {
  test("is appended, without what is there already", () => {
    const more = reduceResults(loaded, { type: "more-arrived", response: page(499, 510, "c2") });
    expect(more.entries.map(({ id }) => id)).toEqual(entries(0, 510).map(({ id }) => id));
    expect(more.cursor).toBe("c2");
  });

  test("a partial page makes the whole partial", () => {
    const response = { ...page(500, 510, null), partial: true };
    expect(reduceResults(loaded, { type: "more-arrived", response }).partial).toBe(true);
  });

  test("that fails leaves what is there and says so", () => {
    const problem = { kind: "offline", status: 0, detail: "gone" };
    const failed = reduceResults(reduceResults(loaded, { type: "more-started" }), {
      type: "failed",
      problem,
    });
    expect(failed.entries).toHaveLength(500);
    expect(failed.failedMore).toBe(true);
    expect(wantsMore(failed, 500)).toBe(false);
  });
});

describe("more is asked for", () => {
  test("before the end is reached, once at a time", () => {
    expect(wantsMore(loaded, 100)).toBe(false);
    expect(wantsMore(loaded, 300)).toBe(true);
    expect(wantsMore(reduceResults(loaded, { type: "more-started" }), 300)).toBe(false);
  });

  test("not where there is no more", () => {
    expect(wantsMore({ ...loaded, cursor: null }, 500)).toBe(false);
  });
});

test("a hundred thousand entries arrive page by page, each once", () => {
  let state = reduceResults(NO_RESULTS, { type: "arrived", response: page(0, 100, "c"), asked: {} });
  for (let at = 100; at < 100_100; at += 500) {
    state = reduceResults(state, { type: "more-arrived", response: page(at, at + 500, "c") });
  }
  expect(state.entries).toHaveLength(100_100);
  expect(state.ids.size).toBe(100_100);
});
