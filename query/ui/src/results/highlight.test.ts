import { expect, test } from "vitest";
import { highlighter, segments } from "./highlight";

function hits(query: string, text: string): string[] {
  return segments(text, highlighter(query))
    .filter(({ hit }) => hit)
    .map((segment) => segment.text);
}

test.each<[string, string, string[]]>([
  ["failed", "It Failed; failedover", ["Failed"]],
  ['"failed to connect"', "failed  to-connect", ["failed  to-connect"]],
  ['message:"conn ref"*', "conn refused", ["conn ref"]],
  ["time*", "timeout on time", ["timeout", "time"]],
  ["/after \\d+ms/", "after 30ms", ["after 30ms"]],
  ["-failed ok", "failed ok", ["ok"]],
  ["NOT (a OR b) c", "a b c", ["c"]],
  ["-(-a)", "a", ["a"]],
  ["message!=x y", "x y", ["y"]],
  ["level:error", "error", []],
  ["a.b", "a b a.b", ["a b", "a.b"]],
  ["日本", "x 日本 y", ["日本"]],
  ["/(a+)+$/", "aaaa", []],
  ["/[/", "[", []],
  ['"unclosed', "unclosed", []],
  ["*", "anything", []],
])("%s in %j", (query, text, expected) => {
  expect(hits(query, text)).toEqual(expected);
});

test("the segments are the text", () => {
  const text = "a <b>bold</b> b";
  expect(
    segments(text, highlighter("bold b"))
      .map((segment) => segment.text)
      .join(""),
  ).toBe(text);
});

test("a very long text is marked at its beginning only", () => {
  const parts = segments("x ".repeat(100_000), highlighter("x"));
  expect(parts.length).toBeLessThan(5000);
  expect(parts.map((part) => part.text).join("")).toHaveLength(200_000);
});
