import { formatInstant, parseTimestamp, toLiteral, type Zone } from "../time/timestamp";

/** The value of a `datetime-local` input for one of the language's literals; "" where it has none. */
export function toInput(literal: string | undefined, zone: Zone): string {
  if (literal === undefined) return "";
  const dateOnly = /^\d{4}-\d\d-\d\d$/.test(literal);
  const instant = parseTimestamp(dateOnly ? `${literal}T00:00:00Z` : literal);
  if (!instant) return "";
  return formatInstant(instant, zone)
    .replace(" ", "T")
    .replace(/\.000$/, "");
}

/** The literal, in UTC, for what such an input holds; null where that is no time. */
export function fromInput(value: string, zone: Zone): string | null {
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(:\d\d(?:\.\d{1,3})?)?$/.exec(value);
  if (!match) return null;
  const [, date = "", minutes = "", seconds = ":00"] = match;
  const ms = Date.parse(`${date}T${minutes}${seconds}${zone === "utc" ? "Z" : ""}`);
  return Number.isNaN(ms) ? null : toLiteral(ms);
}
