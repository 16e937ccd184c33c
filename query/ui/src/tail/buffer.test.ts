import { expect, test } from "vitest";
import type { Entry } from "../api/types";
import { arrive, EMPTY_BUFFER, release, withoutKnown } from "./buffer";

const entry = (id: string): Entry => ({ id, receivedAt: "", timestamp: "", message: id });
const batch = (...ids: string[]) => ids.map(entry);
const idsOf = (entries: Entry[]) => entries.map(({ id }) => id);
const NONE = new Set<string>();

test("the newest is on top", () => {
  const first = arrive(EMPTY_BUFFER, batch("a", "b"), false, NONE);
  expect(idsOf(arrive(first, batch("c"), false, NONE).shown)).toEqual(["c", "b", "a"]);
});

test("an entry that is on the page already is not shown twice", () => {
  const first = arrive(EMPTY_BUFFER, batch("a", "a", "b"), false, new Set(["b"]));
  expect(idsOf(first.shown)).toEqual(["a"]);
  expect(arrive(first, batch("a"), false, NONE)).toBe(first);
});

test("while paused entries wait, and are shown in order when released", () => {
  const paused = arrive(arrive(EMPTY_BUFFER, batch("a"), false, NONE), batch("b", "c"), true, NONE);
  expect(idsOf(paused.shown)).toEqual(["a"]);
  expect(idsOf(paused.waiting)).toEqual(["c", "b"]);
  const released = release(paused);
  expect(idsOf(released.shown)).toEqual(["c", "b", "a"]);
  expect(released.waiting).toEqual([]);
});

test("both parts are bounded; the oldest go, and all are counted", () => {
  let buffer = arrive(EMPTY_BUFFER, batch("a", "b", "c", "d"), false, NONE, 3);
  expect(idsOf(buffer.shown)).toEqual(["d", "c", "b"]);
  buffer = arrive(buffer, batch("e", "f", "g", "h"), true, NONE, 3);
  expect(idsOf(buffer.waiting)).toEqual(["h", "g", "f"]);
  expect(buffer.arrived).toBe(8);
  expect(idsOf(release(buffer, 3).shown)).toEqual(["h", "g", "f"]);
});

test("what a search brings as well is counted there", () => {
  const buffer = withoutKnown(arrive(EMPTY_BUFFER, batch("a", "b"), false, NONE), new Set(["a"]));
  expect(idsOf(buffer.shown)).toEqual(["b"]);
  expect(buffer.arrived).toBe(1);
});
