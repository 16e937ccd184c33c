import { resolveField } from "../query-language/fields";
import { parseQuery, type Node, type Value } from "../query-language/parse";

export interface Segment {
  text: string;
  hit: boolean;
}

const TOKEN = /[\p{L}\p{N}\p{M}]+/gu;
/** Nested repetition can take a backtracking engine for ever; the server's does not backtrack. */
const NESTED_REPETITION = /\([^)]*[*+}][^)]*\)[*+{]/;
const LIMIT = 4000;

/** What to mark in messages for this query; null where it names no text of theirs. */
export function highlighter(query: string): RegExp | null {
  const root = parseQuery(query);
  if (!root) return null;
  const parts: string[] = [];
  collect(root, false, parts);
  if (!parts.length) return null;
  try {
    return new RegExp(parts.sort((a, b) => b.length - a.length).join("|"), "giu");
  } catch {
    return null;
  }
}

/** The text cut where the pattern begins and ends to match. What is very long is marked at its beginning only. */
export function segments(text: string, pattern: RegExp | null): Segment[] {
  if (!pattern) return [{ text, hit: false }];
  const head = text.slice(0, LIMIT);
  const out: Segment[] = [];
  let at = 0;
  for (const match of head.matchAll(pattern)) {
    if (!match[0]) continue;
    if (match.index > at) out.push({ text: text.slice(at, match.index), hit: false });
    out.push({ text: match[0], hit: true });
    at = match.index + match[0].length;
  }
  if (at < text.length) out.push({ text: text.slice(at), hit: false });
  return out;
}

function collect(node: Node, negated: boolean, parts: string[]): void {
  switch (node.type) {
    case "and":
    case "or":
      for (const item of node.items) collect(item, negated, parts);
      return;
    case "not":
      return collect(node.item, !negated, parts);
    case "group":
      return collect(node.item, negated, parts);
    case "clause": {
      const excludes = node.op === "!=" || node.op === "!~";
      const onMessage = node.field === null || resolveField(node.field) === "message";
      if (onMessage && negated === excludes) collectValue(node.value, parts);
    }
  }
}

function collectValue(value: Value, parts: string[]): void {
  switch (value.kind) {
    case "word":
    case "phrase": {
      const source =
        value.kind === "word" && value.wildcard ? wildcardSource(value.text) : phraseSource(value);
      if (source) parts.push(source);
      return;
    }
    case "regex":
      if (!NESTED_REPETITION.test(value.pattern))
        parts.push(...asRegex(value.pattern.replace(/^\(\?i\)/, "")));
      return;
    case "set":
      for (const item of value.items) collectValue(item, parts);
      return;
    default:
  }
}

function phraseSource(value: { text: string; prefix?: boolean }): string {
  const tokens = value.text.match(TOKEN);
  if (!tokens) return escape(value.text);
  const source = tokens.map(escape).join("[^\\p{L}\\p{N}\\p{M}]+");
  return `(?<![\\p{L}\\p{N}\\p{M}])${source}${value.prefix ? "" : "(?![\\p{L}\\p{N}\\p{M}])"}`;
}

function wildcardSource(text: string): string {
  if (!/[^*?]/.test(text)) return "";
  const source = text
    .split(/([*?])/)
    .map((part) =>
      part === "*" ? "[\\p{L}\\p{N}\\p{M}]*" : part === "?" ? "[\\p{L}\\p{N}\\p{M}]" : escape(part),
    )
    .join("");
  return `(?<![\\p{L}\\p{N}\\p{M}])${source}`;
}

function asRegex(source: string): string[] {
  try {
    new RegExp(source, "u");
    return [`(?:${source})`];
  } catch {
    return [];
  }
}

function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
