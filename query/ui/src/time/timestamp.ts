/** An instant to the nanosecond: milliseconds since 1970, and the nanoseconds (0 to 999,999) after them. */
export interface Instant {
  ms: number;
  nanos: number;
}

export type Zone = "local" | "utc";

const RFC3339 = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)$/;

export function parseTimestamp(text: string): Instant | null {
  const match = RFC3339.exec(text);
  if (!match) return null;
  const [, date = "", time = "", fraction = "", offset = ""] = match;
  // Date.parse knows no leap seconds; the 60th second is shown as the 59th.
  const seconds = Date.parse(`${date}T${time.replace(/60$/, "59")}${offset.toUpperCase()}`);
  if (Number.isNaN(seconds)) return null;
  const digits = fraction.padEnd(9, "0");
  return { ms: seconds + Number(digits.slice(0, 3)), nanos: Number(digits.slice(3)) };
}

export function compareInstants(a: Instant, b: Instant): number {
  return a.ms - b.ms || a.nanos - b.nanos;
}

/** `2023-09-15 08:00:00.123`, with `ns` `2023-09-15 08:00:00.123456789`. */
export function formatInstant(instant: Instant, zone: Zone, precision: "s" | "ms" | "ns" = "ms"): string {
  const text = `${formatDate(instant.ms, zone)} ${formatClock(instant.ms, zone)}`;
  if (precision === "s") return text;
  const ms = String(mod(instant.ms, 1000)).padStart(3, "0");
  return `${text}.${ms}${precision === "ns" ? String(instant.nanos).padStart(6, "0") : ""}`;
}

/** The API's text for a time in the entry, or that text itself where it is not a time. */
export function formatTimestamp(text: string, zone: Zone, precision: "s" | "ms" | "ns" = "ms"): string {
  const instant = parseTimestamp(text);
  return instant ? formatInstant(instant, zone, precision) : text;
}

export function formatDate(ms: number, zone: Zone): string {
  const date = new Date(ms);
  const [year, month, day] =
    zone === "utc"
      ? [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()]
      : [date.getFullYear(), date.getMonth(), date.getDate()];
  return `${String(year).padStart(4, "0")}-${two(month + 1)}-${two(day)}`;
}

/** `08:00:00`. */
export function formatClock(ms: number, zone: Zone): string {
  const date = new Date(ms);
  return zone === "utc"
    ? `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`
    : `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

const FIRST = Date.parse("0000-01-01T00:00:00Z");
const LAST = Date.parse("9999-12-31T23:59:59.999Z");

/** An RFC 3339 literal in UTC, to the millisecond, without a fraction where there is none; within its years. */
export function toLiteral(ms: number): string {
  return new Date(Math.min(LAST, Math.max(FIRST, ms))).toISOString().replace(".000Z", "Z");
}

const UTC_NAMES = /^(?:Etc\/)?(?:UTC|UCT|GMT(?:[+-]?0)?|Greenwich|Universal|Zulu)$/;

/** Whether local time is UTC all year, so that there is nothing to choose. */
export function localIsUtc(): boolean {
  return UTC_NAMES.test(Intl.DateTimeFormat().resolvedOptions().timeZone);
}

/** `UTC`, or `UTC+02:00 Europe/Berlin`. The offset is the one in force at `ms`. */
export function zoneLabel(zone: Zone, ms: number): string {
  if (zone === "utc" || localIsUtc()) return "UTC";
  const minutes = -new Date(ms).getTimezoneOffset();
  const sign = minutes < 0 ? "−" : "+";
  const offset = `UTC${sign}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`;
  const name = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return name ? `${offset} ${name}` : offset;
}

/** A length of time in its largest fitting units: `1.5 s`, `30 s`, `5 min`, `1 h 30 min`, `2 d`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${trim(ms)} ms`;
  if (ms < 60_000) return `${trim(ms / 1000)} s`;
  const units: [number, string][] = [
    [86_400_000, "d"],
    [3_600_000, "h"],
    [60_000, "min"],
    [1000, "s"],
  ];
  const parts: string[] = [];
  let rest = Math.round(ms / 1000) * 1000;
  for (const [size, unit] of units) {
    if (parts.length === 2) break;
    const count = Math.floor(rest / size);
    if (count) parts.push(`${count} ${unit}`);
    rest -= count * size;
  }
  return parts.join(" ");
}

function trim(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

function mod(value: number, by: number): number {
  return ((value % by) + by) % by;
}
