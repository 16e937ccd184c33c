import { quoteField, quoteValue } from "../filters/quote";
import { isObject, scalarText, type Json } from "../api/json";
import { aliases, resolveField } from "../query-language/fields";
import { formatCount } from "../ui/format";

/** What may be completed at the caret: `start` to the caret is what a suggestion replaces. */
export type Completion =
  | { kind: "field"; prefix: string; start: number }
  | { kind: "value"; field: string; prefix: string; start: number };

export interface Suggestion {
  label: string;
  detail: string;
  /** What replaces the text from the completion's start to the caret. */
  insert: string;
}

const VALUE =
  /(?:^|[\s(!-])(@?[\p{L}_][\p{L}\p{N}_.-]*|"(?:[^"\\]|\\.)+")(?::|!=|=)(\(?(?:[^\s()"]+(?:,|\s+OR)\s*)*)("?[^\s()",]*)$/u;
const FIELD = /(?:^|[\s(!-])([\p{L}@_][\p{L}\p{N}_.-]*)$/u;
const NUMBER = /^-?\d+(?:\.\d+)?$/;
const KEYWORDS = new Set(["AND", "OR", "NOT", "and", "or", "not"]);

export function completionAt(text: string, caret: number): Completion | null {
  const before = text.slice(0, caret);
  if (/[\p{L}\p{N}_]/u.test(text[caret] ?? "")) return null;
  const value = VALUE.exec(before);
  if (value) {
    const [, name = "", , typed = ""] = value;
    const field = resolveField(name.startsWith('"') ? name.slice(1, -1).replace(/\\(.)/g, "$1") : name);
    return { kind: "value", field, prefix: typed.replace(/^"/, ""), start: caret - typed.length };
  }
  if (insideQuotes(before)) return null;
  const prefix = FIELD.exec(before)?.[1];
  if (prefix === undefined || KEYWORDS.has(prefix)) return null;
  return { kind: "field", prefix, start: caret - prefix.length };
}

/**
 * Fields whose name, another name for which, or the last part of whose name begins so: those that begin so as a whole
 * first, the shortest first.
 */
export function fieldSuggestions(names: { name: string; kind: string }[], prefix: string): Suggestion[] {
  const wanted = prefix.replace(/^@/, "").toLowerCase();
  const begins = (name: string) => name.toLowerCase().startsWith(wanted);
  const others = aliases()
    .filter(([alias, field]) => wanted && begins(alias) && names.some(({ name }) => name === field))
    .map(([alias, field]) => ({ name: alias, kind: `is ${field}` }));
  return names
    .filter(({ name }) => begins(name) || name.toLowerCase().includes(`.${wanted}`))
    .concat(others)
    .sort(
      (a, b) =>
        Number(begins(b.name)) - Number(begins(a.name)) ||
        a.name.length - b.name.length ||
        a.name.localeCompare(b.name),
    )
    .slice(0, 12)
    .map(({ name, kind }) => ({ label: name, detail: kind, insert: `${quoteField(name)}:` }));
}

export function valueSuggestions(values: { value: Json; count: number }[], prefix: string): Suggestion[] {
  return values.flatMap(({ value, count }) => {
    if (value === null || isObject(value) || Array.isArray(value)) return [];
    const label = scalarText(value);
    if (label === prefix) return [];
    // Numbers come as text. Unquoted they match however they are spelled.
    const insert = NUMBER.test(label) ? label : quoteValue(value);
    return [{ label, detail: formatCount(count), insert: `${insert} ` }];
  });
}

function insideQuotes(before: string): boolean {
  return (before.replace(/\\./g, "").match(/"/g)?.length ?? 0) % 2 === 1;
}
