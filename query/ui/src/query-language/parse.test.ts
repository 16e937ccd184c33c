import { describe, expect, test } from "vitest";
import { parseQuery, type Clause, type Node } from "./parse";

const TWENTY = [
  "level:error",
  'message:"Failed to connect"',
  "resourceId:server-1234",
  "timestamp:[2023-09-10T00:00:00Z TO 2023-09-15T23:59:59Z]",
  "level:error resourceId:server-1234",
  "level:(error OR warn) resourceId:server-*",
  "level:(error, fatal) -message:timeout",
  "failed connect db",
  'message:"connection refused"*',
  "/timeout after \\d+ms/",
  "message=~/(?i)panic|oom/",
  "metadata.parentResourceId:server-0987",
  "traceId=abc-xyz-123",
  "commit:5e5342f*",
  "timestamp>now-15m level>=warn",
  "spanId:* -traceId:*",
  "NOT level:debug AND (payments OR checkout)",
  "status:error service:server-1234",
  "metadata.http.status:[500 TO 599]",
  "-level:info -level:debug",
];

test.each(TWENTY)("reads %s", (query) => {
  const node = parseQuery(query);
  expect(node).not.toBeNull();
  expect(query.slice(node!.start, node!.end)).toBe(query);
});

/** A query's structure, with what each clause says. */
function outline(node: Node | null): string {
  if (!node) return "unreadable";
  switch (node.type) {
    case "and":
    case "or":
      return `${node.type}(${node.items.map(outline).join(" ")})`;
    case "not":
      return `not(${outline(node.item)})`;
    case "group":
      return `[${outline(node.item)}]`;
    case "clause":
      return `${node.field ?? ""}${node.field === null ? "" : node.op}${describeValue(node)}`;
  }
}

function describeValue({ value }: Clause): string {
  return value.kind === "word" || value.kind === "phrase" ? `${value.kind}<${value.text}>` : value.kind;
}

test.each([
  ["a b OR c d", "or(and(word<a> word<b>) and(word<c> word<d>))"],
  ["a AND b && c", "and(word<a> word<b> word<c>)"],
  ["-(a or b) !c NOT d", "and(not([or(word<a> word<b>)]) not(word<c>) not(word<d>))"],
  ["it is not here", "and(word<it> word<is> word<not> word<here>)"],
  ["x not level:debug", "and(word<x> not(level:word<debug>))"],
  ['"http.status code":5', "http.status code:word<5>"],
  ['"a b" c', "and(phrase<a b> word<c>)"],
  ["metadata.x:-5", "metadata.x:word<-5>"],
  ["timestamp:2023-09-15T08:00:00Z", "timestamp:word<2023-09-15T08:00:00Z>"],
  ["std::io https://host/x", "and(word<std::io> word<https://host/x>)"],
  ["expected <nil>", "and(word<expected> word<<nil>>)"],
  ["level:>=warn", "level:compare"],
  ['+level:error +"x"', "and(level:word<error> phrase<x>)"],
  ["/var/log/syslog", "word</var/log/syslog>"],
  ['path:"C:\\\\temp\\"x"', 'path:phrase<C:\\temp"x>'],
  ['"a\\nb\\tc"', "phrase<a\nb\tc>"],
  ["C:\\dir", "C:word<\\dir>"],
  ["order android notify", "and(word<order> word<android> word<notify>)"],
])("%s is %s", (query, expected) => {
  expect(outline(parseQuery(query))).toBe(expected);
});

describe("does not guess", () => {
  test.each(['"open', "(a", "a)", "level:", "a OR", "level:(a b)", "[1 TO 2]x)", 'a"b"', "", "  "])(
    "%j",
    (query) => {
      expect(parseQuery(query)).toBeNull();
    },
  );
});
