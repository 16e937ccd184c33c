import { expect, test, vi } from "vitest";
import type { SearchParams, SearchResponse } from "../api/types";
import { explain } from "./explain";

const never = new AbortController().signal;
const BOUNDED = { from: "now-15m", to: "now" };

/** A search whose totals, and the first and last times, depend on the query. Those of `cut` ran out of time. */
function searching(totals: Record<string, number>, cut: string[] = []) {
  return vi.fn((params: SearchParams): Promise<SearchResponse> => {
    const total = totals[params.q] ?? 0;
    const timestamp = params.order === "asc" ? "2023-01-01T00:00:00Z" : "2024-01-01T00:00:00Z";
    const entries = total ? [{ id: "x", receivedAt: timestamp, timestamp, message: "" }] : [];
    return Promise.resolve({
      entries,
      total,
      partial: cut.includes(params.q),
      from: null,
      to: null,
      cursor: null,
    });
  });
}

test("matches at another time are counted and dated, without bounds", async () => {
  const search = searching({ "level:error": 3214 });
  expect(await explain({ search }, "level:error", BOUNDED, never)).toEqual({
    kind: "elsewhere",
    total: 3214,
    earliest: "2023-01-01T00:00:00Z",
    latest: "2024-01-01T00:00:00Z",
    atLeast: false,
  });
  for (const [params] of search.mock.calls) expect(params).not.toHaveProperty("from");
});

test("the clause without which most is found is named", async () => {
  const search = searching({ "": 100, "a -b": 5, "c -b": 7, "a c": 0 });
  expect(await explain({ search }, "a c -b", {}, never)).toEqual({
    kind: "clause",
    clause: "a",
    without: "c -b",
    total: 7,
    atLeast: false,
    inRange: false,
  });
});

test("a clause without which the range itself holds something comes before what there is at other times", async () => {
  const anytime = searching({ "": 100, a: 50, b: 9 });
  const search = vi.fn((params: SearchParams) =>
    params.from === undefined ? anytime(params) : searching({ a: 1 })(params),
  );
  const expected = { kind: "clause", clause: "b", without: "a", total: 1, atLeast: false, inRange: true };
  expect(await explain({ search }, "a b", BOUNDED, never)).toEqual(expected);
});

test("what was found until the time was up is a least number", async () => {
  expect(await explain({ search: searching({ a: 5 }, ["a"]) }, "a", BOUNDED, never)).toMatchObject({
    kind: "elsewhere",
    total: 5,
    atLeast: true,
  });
  expect(await explain({ search: searching({ "": 9, a: 5 }, ["a"]) }, "a b", {}, never)).toMatchObject({
    kind: "clause",
    without: "a",
    atLeast: true,
  });
});

test("a search that was cut short and found nothing proves nothing", async () => {
  const unknown = { kind: "unknown" };
  expect(await explain({ search: searching({}, ["a"]) }, "a", BOUNDED, never)).toEqual(unknown);
  expect(await explain({ search: searching({}, [""]) }, "", BOUNDED, never)).toEqual(unknown);
  expect(await explain({ search: searching({}, [""]) }, "a b", {}, never)).toEqual(unknown);
  expect(await explain({ search: searching({ "": 9 }, ["a"]) }, "a b", {}, never)).toEqual(unknown);
});

test("no single clause at fault", async () => {
  expect(await explain({ search: searching({ "": 9 }) }, "a b", BOUNDED, never)).toEqual({ kind: "nothing" });
  expect(await explain({ search: searching({ "": 9 }) }, "a OR b", BOUNDED, never)).toEqual({
    kind: "nothing",
  });
});

test("an empty store", async () => {
  expect(await explain({ search: searching({}) }, "", BOUNDED, never)).toEqual({ kind: "empty-store" });
  expect(await explain({ search: searching({}) }, "level:error x", {}, never)).toEqual({
    kind: "empty-store",
  });
});
