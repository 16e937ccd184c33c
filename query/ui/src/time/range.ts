import type { Bounds } from "../api/types";
import { formatTimestamp, toLiteral, type Zone } from "./timestamp";

/** The stretch of time that is looked at. Absolute ends are the language's time literals, both included. */
export type TimeRange =
  { kind: "relative"; last: string } | { kind: "absolute"; from?: string; to?: string } | { kind: "all" };

export const DEFAULT_RANGE: TimeRange = { kind: "relative", last: "15m" };

export const PRESETS = ["5m", "15m", "1h", "6h", "24h", "7d", "30d"] as const;

const UNITS: Record<string, [number, string]> = {
  s: [1000, "second"],
  m: [60_000, "minute"],
  h: [3_600_000, "hour"],
  d: [86_400_000, "day"],
  w: [604_800_000, "week"],
};

const RELATIVE = /^([1-9]\d{0,4})([smhdw])$/;

export function isRelative(text: string): boolean {
  return RELATIVE.test(text);
}

/** A relative range stays relative: the server reads the clock. */
export function boundsOf(range: TimeRange): Bounds {
  switch (range.kind) {
    case "relative":
      return { from: `now-${range.last}`, to: "now" };
    case "absolute":
      return { ...(range.from && { from: range.from }), ...(range.to && { to: range.to }) };
    case "all":
      return {};
  }
}

/** The same ends as fixed times, to the second; an end that is open has none. */
export function fixedBounds(range: TimeRange, now: number): Bounds {
  if (range.kind !== "relative") return boundsOf(range);
  const [, count = "", unit = ""] = RELATIVE.exec(range.last) ?? [];
  const second = Math.floor(now / 1000) * 1000;
  return { from: toLiteral(second - Number(count) * (UNITS[unit]?.[0] ?? 0)), to: toLiteral(second) };
}

/** `Last 15 minutes`, `All time`, `2023-09-10 00:00:00 – 2023-09-15 23:59:59`. */
export function rangeLabel(range: TimeRange, zone: Zone): string {
  switch (range.kind) {
    case "relative":
      return `Last ${spellOut(range.last)}`;
    case "absolute": {
      const [from, to] = [range.from, range.to].map((end) => end && shorten(formatTimestamp(end, zone)));
      if (from && to) return from === to ? from : `${from} – ${sameDay(from, to) ? to.slice(11) : to}`;
      return from ? `Since ${from}` : `Until ${to ?? "now"}`;
    }
    case "all":
      return "All time";
  }
}

/** As part of a sentence: `in the last 15 minutes`, `between … and …`. */
export function rangePhrase(range: TimeRange, zone: Zone): string {
  switch (range.kind) {
    case "relative":
      return `in the last ${spellOut(range.last)}`;
    case "absolute": {
      const [from, to] = [range.from, range.to].map((end) => end && shorten(formatTimestamp(end, zone)));
      if (from && to) return from === to ? `at ${from}` : `between ${from} and ${to}`;
      return from ? `since ${from}` : `until ${to ?? "now"}`;
    }
    case "all":
      return "at any time";
  }
}

function spellOut(last: string): string {
  const [, count = "", unit = ""] = RELATIVE.exec(last) ?? [];
  const name = UNITS[unit]?.[1] ?? "";
  return count === "1" ? name : `${count} ${name}s`;
}

function sameDay(from: string, to: string): boolean {
  return from.length > 11 && to.length > 11 && from.slice(0, 11) === to.slice(0, 11);
}

function shorten(text: string): string {
  return text.replace(/\.000$/, "");
}
