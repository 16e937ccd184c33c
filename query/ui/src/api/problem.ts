import { isObject, parseJson, type Json } from "./json";
import type { ProblemBody, Span } from "./types";

const PREFIX = "urn:logpipeline:problem:";

/** Why a request failed. `kind` is the API's own name for it, or `offline` or `http` where the API did not speak. */
export interface Problem {
  kind: string;
  status: number;
  detail: string;
  message?: string;
  span?: Span;
  hint?: string;
  suggestion?: string;
}

export class ApiError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

export const OFFLINE: Problem = {
  kind: "offline",
  status: 0,
  detail: "The query server cannot be reached.",
};

/** Whether the same request may well succeed a little later. */
export function isPassing(problem: Problem): boolean {
  return problem.kind === "offline" || [429, 502, 503, 504].includes(problem.status);
}

/** Whether what was asked is at fault, so that asking again is answered the same. */
export function isRefusal(problem: Problem | null): boolean {
  return problem?.kind === "invalid-query" || problem?.kind === "invalid-parameter";
}

export function toProblem(error: unknown): Problem {
  if (error instanceof ApiError) return error.problem;
  return { kind: "unexpected", status: 0, detail: error instanceof Error ? error.message : String(error) };
}

/** Reads the body of an error answer, which a proxy in between may have written. */
export function problemOf(status: number, statusText: string, body: string): Problem {
  const parsed = tryParse(body);
  if (!isObject(parsed) || typeof parsed.detail !== "string") {
    const title = statusText ? ` ${statusText}` : "";
    return { kind: "http", status, detail: `The server answered ${status}${title}.` };
  }
  const { type, detail, message, span, hint, suggestion } = parsed as unknown as ProblemBody;
  return {
    kind: typeof type === "string" && type.startsWith(PREFIX) ? type.slice(PREFIX.length) : "http",
    status,
    detail,
    ...(typeof message === "string" && { message }),
    ...(span && typeof span.start === "number" && typeof span.end === "number" && { span }),
    ...(typeof hint === "string" && { hint }),
    ...(typeof suggestion === "string" && { suggestion }),
  };
}

function tryParse(body: string): Json {
  try {
    return parseJson(body);
  } catch {
    return null;
  }
}
