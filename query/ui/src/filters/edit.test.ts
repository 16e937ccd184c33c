import { describe, expect, test } from "vitest";
import { NumberLiteral } from "../api/json";
import { parseQuery } from "../query-language/parse";
import {
  clauseFor,
  filterState,
  removeClause,
  toggleFilter,
  topClauses,
  type FieldValue,
  type Scalar,
} from "./edit";

const NASTY: Scalar[] = [
  "plain",
  "server-1234",
  "",
  " ",
  "two words",
  'say "hi"',
  "C:\\temp\\new",
  "ends with \\",
  '\\"',
  "a:b=c>d<e",
  "(x) [y] {z}",
  "star*and?mark",
  "*",
  "/regex/i",
  "-minus",
  "!bang",
  "+plus",
  "OR",
  "and",
  "NOT",
  "to",
  "now",
  "500",
  "-5",
  "true",
  "null",
  "a,b",
  "a||b&&c",
  "line\nbreak\r\n\ttab",
  "nul\u0000esc\u001b[31m",
  "Zürich",
  "日本語",
  "🚀",
  "İstanbul",
  "<script>alert(1)</script>",
  "${x}`'",
  "a\u00a0b",
  "ends with dot.",
  "x~2^3",
];

const FIELDS = [
  "resourceId",
  "message",
  "level",
  "metadata.http.path",
  "metadata.x-request-id",
  'metadata.odd "key\\',
];

describe.each(FIELDS)("on %s", (field) => {
  test.each(NASTY)("%j is quoted so that it means itself", (value) => {
    const clause = clauseFor({ field, value }, "in");
    const node = parseQuery(clause);
    expect(node).toMatchObject({ type: "clause", start: 0, end: clause.length });
    expect(node).toMatchObject({ value: { text: value } });
  });

  test.each(NASTY)("%j toggles in, round to out, and away", (value) => {
    const target: FieldValue = { field, value };
    const query = "metadata.zone:eu timeout";
    const included = toggleFilter(query, target, "in");
    expect(filterState(included, target)).toBe("in");
    const excluded = toggleFilter(included, target, "out");
    expect(filterState(excluded, target)).toBe("out");
    expect(topClauses(excluded)).toHaveLength(3);
    expect(toggleFilter(excluded, target, "out")).toBe(query);
  });
});

describe("clauses", () => {
  test.each<[string, FieldValue, "in" | "out", string]>([
    ["a plain word", { field: "level", value: "error" }, "in", "level:error"],
    ["the opposite", { field: "level", value: "error" }, "out", "-level:error"],
    ["text", { field: "resourceId", value: "a b" }, "in", 'resourceId:"a b"'],
    [
      "a whole message",
      { field: "message", value: "Failed to connect" },
      "in",
      'message="Failed to connect"',
    ],
    ["a number", { field: "metadata.http.status", value: 500 }, "in", "metadata.http.status:500"],
    ["text of digits", { field: "metadata.http.status", value: "500" }, "in", 'metadata.http.status:"500"'],
    ["a negative number", { field: "metadata.delta", value: -5 }, "out", "-metadata.delta:-5"],
    [
      "a number beyond doubles",
      { field: "metadata.n", value: new NumberLiteral("12345678901234567890") },
      "in",
      "metadata.n:12345678901234567890",
    ],
    ["a boolean", { field: "metadata.ok", value: false }, "in", "metadata.ok:false"],
    ["null", { field: "metadata.gone", value: null }, "in", "-metadata.gone:*"],
    ["not null", { field: "metadata.gone", value: null }, "out", "metadata.gone:*"],
    ["a name with a hyphen", { field: "metadata.x-id", value: "a" }, "in", '"metadata.x-id":a'],
    ["a line break", { field: "commit", value: "a\nb" }, "in", 'commit:"a\\nb"'],
  ])("%s", (_, target, mode, expected) => {
    expect(clauseFor(target, mode)).toBe(expected);
  });

  test("a value beyond 8 KiB is asked for by what is searched of it, cut at a character", () => {
    const clause = clauseFor({ field: "metadata.big", value: `a${"é".repeat(5000)}` }, "in");
    const node = parseQuery(clause);
    const text = node?.type === "clause" && node.value.kind === "phrase" ? node.value.text : "";
    expect(new TextEncoder().encode(text).length).toBe(8191);
    expect(text.endsWith("é")).toBe(true);
  });
});

describe("editing", () => {
  const error: FieldValue = { field: "level", value: "error" };
  test.each<[string, string, FieldValue, "in" | "out", string]>([
    ["begins a query", "", error, "in", "level:error"],
    ["appends", "timeout", error, "in", "timeout level:error"],
    ["keeps an OR together", "a OR b", error, "in", "(a OR b) level:error"],
    ["takes itself away", "timeout level:error", error, "in", "timeout"],
    ["takes the only clause away", "level:error", error, "in", ""],
    ["replaces the opposite where it stands", "-level:error timeout", error, "in", "level:error timeout"],
    ["replaces the filter by its opposite", "x level:error y", error, "out", "x -level:error y"],
    ["knows aliases", "status:error", error, "out", "-level:error"],
    ["knows NOT", "NOT level:error x", error, "in", "level:error x"],
    ["knows parentheses", "-(level:error) x", error, "in", "level:error x"],
    ["knows !=", "level!=error", error, "in", "level:error"],
    ["folds case under a colon", "level:ERROR", error, "out", "-level:error"],
    ["does not fold case under =", "level=ERROR x", error, "out", "level=ERROR x -level:error"],
    ["replaces another value of a field of one", "level:warn x", error, "in", "level:error x"],
    ["leaves other exclusions", "-level:warn", error, "in", "-level:warn level:error"],
    ["leaves sets", "level:(error OR warn)", error, "out", "level:(error OR warn) -level:error"],
    ["leaves wildcards", "level:err*", error, "in", "level:err* level:error"],
    [
      "leaves what stands inside an OR",
      "(level:error OR x) y",
      error,
      "in",
      "(level:error OR x) y level:error",
    ],
    ["keeps explicit ANDs", "a AND level:error AND b", error, "in", "a AND b"],
    [
      "stacks values of metadata, which may be a list",
      "metadata.tags:a",
      { field: "metadata.tags", value: "b" },
      "in",
      "metadata.tags:a metadata.tags:b",
    ],
    ["numbers by value", "metadata.n:5e2", { field: "metadata.n", value: 500 }, "out", "-metadata.n:500"],
    [
      "a phrase on message is not the whole of it",
      "message:a",
      { field: "message", value: "a" },
      "in",
      "message:a message=a",
    ],
    ["wraps what it cannot read", "a) b (", error, "in", "(a) b () level:error"],
    ["a name without metadata.", "http.status:500", { field: "metadata.http.status", value: 500 }, "in", ""],
    ["null", "-metadata.x:*", { field: "metadata.x", value: null }, "out", "metadata.x:*"],
  ])("%s", (_, query, target, mode, expected) => {
    expect(toggleFilter(query, target, mode)).toBe(expected);
  });

  test("a clause is removed by its place", () => {
    const query = "a b a";
    expect(removeClause(query, topClauses(query)![2]!)).toBe("a b");
  });
});
