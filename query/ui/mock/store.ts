import { randomBytes } from "node:crypto";
import { stringifyJson, type Json, type JsonObject } from "../src/api/json";
import type { Entry, HistogramResponse, SearchResponse } from "../src/api/types";
import { parseQuery, type Node } from "../src/query-language/parse";
import { parseTimestamp } from "../src/time/timestamp";
import { matches, valuesOf } from "./evaluate";

export class BadQuery extends Error {
  constructor(
    readonly span: { start: number; end: number },
    message: string,
    readonly hint: string,
    readonly suggestion?: string,
  ) {
    super(message);
  }
}

interface Selection {
  q: string;
  from?: string | undefined;
  to?: string | undefined;
}

/** Entries in memory, newest first. */
export class Store {
  private readonly entries: Entry[];
  private readonly listeners = new Set<(entry: Entry) => void>();

  constructor(entries: Entry[]) {
    this.entries = entries.sort(newestFirst);
  }

  add(sent: Partial<Entry>): void {
    const now = new Date().toISOString();
    const entry: Entry = {
      id: `mock-${randomBytes(8).toString("hex")}`,
      receivedAt: now,
      timestamp: sent.timestamp ?? now,
      message: sent.message ?? "",
      ...sent,
    };
    this.entries.push(entry);
    this.entries.sort(newestFirst);
    for (const listener of this.listeners) listener(entry);
  }

  follow(q: string, listener: (entry: Entry) => void): () => void {
    const node = read(q);
    const filtered = (entry: Entry) => matches(node, entry) && listener(entry);
    this.listeners.add(filtered);
    return () => this.listeners.delete(filtered);
  }

  get(id: string): Entry | undefined {
    return this.entries.find((entry) => entry.id === id);
  }

  context(id: string, before: number, after: number, q: string) {
    const node = read(q);
    const rows = this.entries.filter((entry) => entry.id === id || matches(node, entry));
    const at = rows.findIndex((entry) => entry.id === id);
    return {
      before: rows.slice(at + 1, at + 1 + before).reverse(),
      entry: rows[at],
      after: rows.slice(Math.max(0, at - after), at).reverse(),
      partial: false,
    };
  }

  search(selection: Selection, order: string, limit: number, cursor: string | null): SearchResponse {
    const started = Date.now();
    const { found, from, to } = this.select(selection);
    if (order === "asc") found.reverse();
    const start = cursor === null ? 0 : found.findIndex((entry) => entry.id === cursor) + 1;
    const entries = found.slice(start, start + limit);
    const more = start + limit < found.length;
    return {
      entries,
      total: found.length,
      partial: false,
      from: literal(from),
      to: literal(to),
      cursor: more ? (entries.at(-1)?.id ?? null) : null,
      tookMs: Date.now() - started,
    };
  }

  histogram(selection: Selection, buckets: number): HistogramResponse {
    const { found, from, to } = this.select(selection);
    const first = from ?? timeOf(found.at(-1)) ?? null;
    const last = to ?? timeOf(found[0]) ?? null;
    if (first === null || last === null) {
      return { intervalSeconds: 1, from: null, to: null, total: 0, partial: false, buckets: [] };
    }
    const steps = [
      1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 10800, 43200, 86400, 604800, 2592000, 31536000,
    ];
    const seconds = steps.find((step) => (last - first) / 1000 / step <= buckets) ?? 31536000;
    const sums = new Map<number, { total: number; levels: Record<string, number> }>();
    for (const entry of found) {
      const start = Math.floor((timeOf(entry) ?? 0) / 1000 / seconds) * seconds * 1000;
      const sum = sums.get(start) ?? { total: 0, levels: {} };
      sum.total++;
      sum.levels[entry.level ?? ""] = (sum.levels[entry.level ?? ""] ?? 0) + 1;
      sums.set(start, sum);
    }
    return {
      intervalSeconds: seconds,
      from: literal(first),
      to: literal(last),
      total: found.length,
      partial: false,
      buckets: [...sums]
        .sort(([a], [b]) => a - b)
        .map(([start, sum]) => ({ start: literal(start) ?? "", ...sum })),
    };
  }

  fields(): { name: string; kind: string }[] {
    const fixed = { level: "level", message: "text", timestamp: "time", receivedAt: "time" } as Record<
      string,
      string
    >;
    const names = [
      "timestamp",
      "level",
      "message",
      "resourceId",
      "traceId",
      "spanId",
      "commit",
      "receivedAt",
      "id",
    ];
    const below = new Map<string, string>();
    for (const entry of this.entries.slice(0, 500)) collect("metadata", entry.metadata ?? {}, below);
    return [
      ...names.map((name) => ({ name, kind: fixed[name] ?? "keyword" })),
      ...[...below].map(([name, kind]) => ({ name, kind })),
    ];
  }

  values(field: string, selection: Selection, prefix: string, limit: number) {
    const counts = new Map<string, number>();
    const { found } = this.select(selection);
    for (const entry of found) {
      for (const value of valuesOf(entry, field)) counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    const values = [...counts]
      .filter(([value]) => value.toLowerCase().startsWith(prefix.toLowerCase()))
      .sort((a, b) => b[1] - a[1])
      .slice(0, limit)
      .map(([value, count]) => ({ value, count }));
    return { field, values, withField: found.length, partial: false, approximate: false };
  }

  private select({ q, from, to }: Selection) {
    const node = read(q);
    const [first, last] = [bound(from, false), bound(to, true)];
    const found = this.entries.filter((entry) => {
      const ms = timeOf(entry) ?? 0;
      return (first === null || ms >= first) && (last === null || ms <= last) && matches(node, entry);
    });
    return { found, from: first, to: last };
  }
}

export function toJson(value: unknown): string {
  return stringifyJson(value as Json, 0);
}

/** Refuses what it can't read as the real server does: with a span in bytes. */
export function read(q: string): Node | null {
  if (!q.trim()) return null;
  const node = parseQuery(q);
  if (node) return node;
  const bytes = (units: number) => Buffer.byteLength(q.slice(0, units));
  const quotes = [...q.replace(/\\./g, "  ").matchAll(/"/g)];
  const open = quotes.length % 2 ? (quotes.at(-1)?.index ?? -1) : -1;
  if (open >= 0) {
    const span = { start: bytes(open), end: bytes(q.length) };
    throw new BadQuery(span, "this quotation mark is never closed", 'add a closing "', `${q}"`);
  }
  const at = Math.max(q.search(/[()[\]{}]/), 0);
  throw new BadQuery(
    { start: bytes(at), end: bytes(at + 1) },
    "the query ends too early",
    "complete or remove this",
  );
}

function collect(path: string, object: JsonObject, into: Map<string, string>): void {
  for (const [key, value] of Object.entries(object)) {
    const name = `${path}.${key}`;
    if (value !== null && typeof value === "object" && !Array.isArray(value)) {
      collect(name, value as JsonObject, into);
    } else into.set(name, typeof value === "number" ? "number" : "keyword");
  }
}

function timeOf(entry: Entry | undefined): number | undefined {
  return entry && parseTimestamp(entry.timestamp)?.ms;
}

function bound(text: string | undefined, upper: boolean): number | null {
  if (!text) return null;
  const relative = /^now(?:-(\d+)([smhdw]))?$/.exec(text);
  if (relative) {
    const unit = { s: 1, m: 60, h: 3600, d: 86400, w: 604800 }[relative[2] ?? "s"] ?? 1;
    return Date.now() - Number(relative[1] ?? 0) * unit * 1000;
  }
  const ms = parseTimestamp(text)?.ms ?? Date.parse(text);
  return upper && !text.includes(".") ? ms + 999 : ms;
}

function literal(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

function newestFirst(a: Entry, b: Entry): number {
  return a.timestamp < b.timestamp ? 1 : a.timestamp > b.timestamp ? -1 : a.id < b.id ? 1 : -1;
}
