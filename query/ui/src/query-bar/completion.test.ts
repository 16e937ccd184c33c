import { describe, expect, test } from "vitest";
import { completionAt, fieldSuggestions, valueSuggestions } from "./completion";

/** Completes at the "|". */
function at(text: string) {
  return completionAt(text.replace("|", ""), text.indexOf("|"));
}

describe("at the caret", () => {
  test.each([
    ["lev|", { kind: "field", prefix: "lev", start: 0 }],
    ["a -metadata.ht|", { kind: "field", prefix: "metadata.ht", start: 3 }],
    ["level:|", { kind: "value", field: "level", prefix: "", start: 6 }],
    ["status:er|", { kind: "value", field: "level", prefix: "er", start: 7 }],
    ['service:"ser|', { kind: "value", field: "resourceId", prefix: "ser", start: 8 }],
    ["x level:(error OR w|", { kind: "value", field: "level", prefix: "w", start: 18 }],
    ['"metadata.x-id":a|', { kind: "value", field: "metadata.x-id", prefix: "a", start: 16 }],
    ["http.status=5|", { kind: "value", field: "metadata.http.status", prefix: "5", start: 12 }],
  ])("%s", (text, expected) => {
    expect(at(text)).toEqual(expected);
  });

  test.each(["|", "level:error |", "le|vel", '"some text le|', "a OR|"])("nothing at %s", (text) => {
    expect(at(text)).toBeNull();
  });
});

test("names by their beginning or that of their last parts, quoted where needed", () => {
  const fields = ["metadata.http.status", "level", "metadata.x-status", "message"].map((name) => ({
    name,
    kind: "k",
  }));
  expect(fieldSuggestions(fields, "stat").map(({ insert }) => insert)).toEqual([
    "status:",
    "metadata.http.status:",
  ]);
  expect(fieldSuggestions(fields, "metadata.x").map(({ insert }) => insert)).toEqual([
    '"metadata.x-status":',
  ]);
});

test("other names for fields come first where a path only ends so", () => {
  const some = [
    { name: "metadata.upstream.service", kind: "keyword" },
    { name: "resourceId", kind: "keyword" },
  ];
  expect(fieldSuggestions(some, "serv")).toEqual([
    { label: "service", detail: "is resourceId", insert: "service:" },
    { label: "metadata.upstream.service", detail: "keyword", insert: "metadata.upstream.service:" },
  ]);
  expect(fieldSuggestions(some, "msg")).toEqual([]);
});

test("values are quoted and counted; what is typed in full is left out", () => {
  const values = [
    { value: "a b", count: 1234 },
    { value: "500", count: 2 },
    { value: "done", count: 1 },
    { value: null, count: 1 },
  ];
  expect(valueSuggestions(values, "done")).toEqual([
    { label: "a b", detail: "1,234", insert: '"a b" ' },
    { label: "500", detail: "2", insert: "500 " },
  ]);
});
