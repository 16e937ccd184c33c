import { expect, test } from "vitest";
import { toCodeUnits } from "./byte-span";

/** The span in bytes of `part` in `text`, and the part that comes back. */
function roundTrip(text: string, part: string): string {
  const encode = (value: string) => new TextEncoder().encode(value).length;
  const start = encode(text.slice(0, text.indexOf(part)));
  const { start: from, end: to } = toCodeUnits(text, { start, end: start + encode(part) });
  return text.slice(from, to);
}

test.each([
  ["level:eror", "eror"],
  ["Zürich levl:x", "levl"],
  ["日本語 (broken", "(broken"],
  ["🚀🚀 resourceId:[1", "[1"],
  ["a 🚀 b", "🚀"],
  ["é\u0301 x", "x"],
  ["\u{10FFFF}=~", "=~"],
])("finds the same part of %j", (text, part) => {
  expect(roundTrip(text, part)).toBe(part);
});

test("an empty span stays empty, also at the end", () => {
  expect(toCodeUnits("ü:", { start: 3, end: 3 })).toEqual({ start: 2, end: 2 });
  expect(toCodeUnits("", { start: 0, end: 0 })).toEqual({ start: 0, end: 0 });
});

test("an empty span in the middle is at its place", () => {
  expect(toCodeUnits("üa b", { start: 3, end: 3 })).toEqual({ start: 2, end: 2 });
});

test("ends within a character widen to all of it", () => {
  expect(toCodeUnits("a🚀b", { start: 2, end: 4 })).toEqual({ start: 1, end: 3 });
});

test("ends beyond the text are cut", () => {
  expect(toCodeUnits("abc", { start: 2, end: 99 })).toEqual({ start: 2, end: 3 });
  expect(toCodeUnits("abc", { start: 50, end: 99 })).toEqual({ start: 3, end: 3 });
});
