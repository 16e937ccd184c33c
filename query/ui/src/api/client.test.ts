import { afterEach, expect, test, vi } from "vitest";
import { api } from "./client";
import { ApiError, isPassing, toProblem } from "./problem";

afterEach(() => vi.unstubAllGlobals());

function answer(status: number, body: string, statusText = "") {
  const fetched = vi.fn(() => Promise.resolve(new Response(body, { status, statusText })));
  vi.stubGlobal("fetch", fetched);
  return fetched;
}

async function problemOf(promise: Promise<unknown>) {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ApiError);
  return toProblem(error);
}

test("parameters are encoded, absent ones left out", async () => {
  const fetched = answer(200, '{"entries":[],"total":0}');
  await api.search({ q: 'a&b "c" +ü', limit: 5 });
  const [url] = fetched.mock.calls[0] as unknown as [string];
  const parsed = new URL(url, "http://x");
  expect(parsed.pathname).toBe("/api/v1/search");
  expect(Object.fromEntries(parsed.searchParams)).toEqual({ q: 'a&b "c" +ü', limit: "5" });
});

test("an interval of 30.0 seconds is the number 30", async () => {
  answer(200, '{"intervalSeconds":30.0,"from":null,"to":null,"total":0,"partial":false,"buckets":[]}');
  expect((await api.histogram({ q: "" })).intervalSeconds).toBe(30);
});

test("a problem keeps its kind, span, hint and suggestion", async () => {
  const body = {
    type: "urn:logpipeline:problem:invalid-query",
    title: "Bad Request",
    status: 400,
    detail: "The query cannot be read.",
    message: "this quote is not closed",
    span: { start: 3, end: 9 },
    hint: "add a quote",
    suggestion: '"a"',
  };
  answer(400, JSON.stringify(body));
  expect(await problemOf(api.parse('"a'))).toEqual({
    kind: "invalid-query",
    status: 400,
    detail: body.detail,
    message: body.message,
    span: body.span,
    hint: body.hint,
    suggestion: body.suggestion,
  });
});

test("an error page of a proxy becomes a readable problem that passes", async () => {
  answer(502, "<html>Bad Gateway</html>", "Bad Gateway");
  const problem = await problemOf(api.fields({}));
  expect(problem).toEqual({ kind: "http", status: 502, detail: "The server answered 502 Bad Gateway." });
  expect(isPassing(problem)).toBe(true);
});

test("no connection is a problem that passes; a bad query is not", async () => {
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
  const problem = await problemOf(api.fields({}));
  expect(problem.kind).toBe("offline");
  expect(isPassing(problem)).toBe(true);
  expect(isPassing({ kind: "invalid-query", status: 400, detail: "" })).toBe(false);
});

test("an answer that is not JSON is said to be so", async () => {
  answer(200, "<!doctype html>");
  expect((await problemOf(api.fields({}))).detail).toContain("not JSON");
});
