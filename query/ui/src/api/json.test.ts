import { describe, expect, test } from "vitest";
import { NumberLiteral, parseJson, stringifyJson, type JsonObject } from "./json";

describe("numbers", () => {
  test.each(["12345678901234567890", "1e999", "1.0", "-0", "0.1e2", "9007199254740993", "1E5"])(
    "%s keeps its spelling",
    (literal) => {
      const parsed = parseJson(literal);
      expect(parsed).toBeInstanceOf(NumberLiteral);
      expect(stringifyJson(parsed)).toBe(literal);
    },
  );

  test.each(["0", "-1", "1.5", "9007199254740991"])("%s is a plain number", (literal) => {
    expect(parseJson(literal)).toBe(Number(literal));
  });
});

test("agrees with JSON.parse on what that can hold", () => {
  const text =
    ' { "a" : [ 1 , "x\\n\\u00e9\\ud83d\\ude80" , { } , [ ] , true , false , null ] , "" : "\\\\\\"" } ';
  expect(stringifyJson(parseJson(text), 0)).toBe(JSON.stringify(JSON.parse(text)));
});

test("indents like JSON.stringify", () => {
  const text = '{"a":[1,{"b":[]}],"c":{}}';
  expect(stringifyJson(parseJson(text))).toBe(JSON.stringify(JSON.parse(text), null, 2));
});

test("a key named __proto__ is a key", () => {
  const parsed = parseJson('{"__proto__":{"x":1}}') as JsonObject;
  expect(Object.keys(parsed)).toEqual(["__proto__"]);
  expect(stringifyJson(parsed, 0)).toBe('{"__proto__":{"x":1}}');
});

test("a string of a megabyte is read", () => {
  const long = "a\\n".repeat(400_000);
  expect((parseJson(`"${long}"`) as string).length).toBe(800_000);
});

test.each(["", "{", '{"a"}', "[1,]", "tru", '"abc', "01", "1 2", '{"a":1,}', "{a:1}", '"\\x"'])(
  "refuses %j",
  (text) => {
    expect(() => parseJson(text)).toThrow();
  },
);
