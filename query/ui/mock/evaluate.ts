import { isObject, scalarText, stringifyJson as toJson, type Json, type JsonObject } from "../src/api/json";
import type { Entry } from "../src/api/types";
import { resolveField } from "../src/query-language/fields";
import type { Clause, Node, Operator, Value } from "../src/query-language/parse";

const LEVELS = ["trace", "debug", "info", "warn", "error", "fatal"];

/** Enough of the language to develop against. */
export function matches(node: Node | null, entry: Entry): boolean {
  if (!node) return true;
  switch (node.type) {
    case "and":
      return node.items.every((item) => matches(item, entry));
    case "or":
      return node.items.some((item) => matches(item, entry));
    case "not":
      return !matches(node.item, entry);
    case "group":
      return matches(node.item, entry);
    case "clause":
      return clauseMatches(node, entry);
  }
}

export function valuesOf(entry: Entry, field: string): string[] {
  const root = entry as unknown as JsonObject;
  const path = field.startsWith("metadata.") ? field.slice(9) : null;
  const found = path === null ? [root[field]] : below(entry.metadata ?? {}, path);
  return found.flatMap((value): string[] => {
    if (value === undefined || value === null || isObject(value)) return [];
    return Array.isArray(value)
      ? value.map((item) => toJson(item).replace(/^"|"$/g, ""))
      : [scalarText(value)];
  });
}

function below(value: Json, path: string): Json[] {
  if (Array.isArray(value)) return value.flatMap((item) => below(item, path));
  if (path === "") return [value];
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => {
    if (path === key) return below(item, "");
    return path.startsWith(`${key}.`) ? below(item, path.slice(key.length + 1)) : [];
  });
}

function clauseMatches({ field, op, value }: Clause, entry: Entry): boolean {
  const name = field === null ? "message" : resolveField(field);
  if (op === "!=" || op === "!~") return !test(name, op === "!=" ? "=" : "=~", value, valuesOf(entry, name));
  return test(name, op, value, valuesOf(entry, name));
}

function test(field: string, op: Operator, value: Value, values: string[]): boolean {
  switch (value.kind) {
    case "exists":
      return values.length > 0;
    case "set":
      return value.items.some((item) => test(field, op, item, values));
    case "compare":
      return test(field, value.op, value.value, values);
    case "regex": {
      const regex = new RegExp(value.pattern.replace("(?i)", ""), value.ignoreCase ? "i" : "");
      return values.some((text) => regex.test(text));
    }
    case "range":
      return rangeTest(value.raw, values);
    default:
      return values.some((text) => textTest(field, op, value, text));
  }
}

function textTest(field: string, op: Operator, value: Value, text: string): boolean {
  if (value.kind !== "word" && value.kind !== "phrase") return false;
  const wanted = value.text;
  if (op === "=") return text === wanted;
  if (op !== ":") return compare(field, text, wanted, op);
  if (value.kind === "word" && value.wildcard) {
    const source = wanted
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".");
    return new RegExp(field === "message" ? `\\b${source}` : `^${source}$`, "i").test(text);
  }
  if (field !== "message") return text.toLowerCase() === wanted.toLowerCase();
  const tokens = (from: string) =>
    ` ${
      from
        .toLowerCase()
        .match(/[\p{L}\p{N}\p{M}]+/gu)
        ?.join(" ") ?? ""
    } `;
  const prefix = value.kind === "phrase" && value.prefix;
  return tokens(text).includes(prefix ? tokens(wanted).trimEnd() : tokens(wanted));
}

function compare(field: string, text: string, wanted: string, op: Operator): boolean {
  let order: number;
  if (field === "level") order = LEVELS.indexOf(text) - LEVELS.indexOf(wanted);
  else if (field.startsWith("metadata.")) order = Number(text) - Number(wanted);
  else order = text < wanted ? -1 : Number(text > wanted);
  if (Number.isNaN(order)) return false;
  return op === ">" ? order > 0 : op === ">=" ? order >= 0 : op === "<" ? order < 0 : order <= 0;
}

function rangeTest(raw: string, values: string[]): boolean {
  const [, low = "*", high = "*"] = /^.\s*(\S+)\s+TO\s+(\S+?)\s*.$/.exec(raw) ?? [];
  const numeric = [low, high].every((bound) => bound === "*" || !Number.isNaN(Number(bound)));
  return values.some((text) => {
    const order = (bound: string) =>
      numeric ? Number(text) - Number(bound) : text < bound ? -1 : Number(text > bound);
    return (low === "*" || order(low) >= 0) && (high === "*" || order(high) <= 0);
  });
}
