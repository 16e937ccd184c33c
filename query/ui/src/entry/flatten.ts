import { isObject, NumberLiteral, type Json } from "../api/json";
import type { Entry } from "../api/types";
import type { Scalar } from "../filters/edit";

export interface FieldRow {
  /** As it is shown; an array's elements are numbered. */
  label: string;
  /** As a query names it; the elements of an array share one name. */
  field: string;
  /** Null where the value is an empty object or array, which no filter finds. */
  scalar: { value: Scalar } | null;
  text: string;
}

const FIRST = ["timestamp", "level", "message", "resourceId", "traceId", "spanId", "commit"] as const;
const LAST = ["receivedAt", "id"] as const;

/** All fields of an entry, one row a value: what it was sent with, its metadata, then what the ingestor added. */
export function flattenEntry(entry: Entry): FieldRow[] {
  const fixed = (names: readonly (typeof FIRST | typeof LAST)[number][]) =>
    names.flatMap((name) => {
      const value = entry[name];
      return value === undefined ? [] : [scalarRow(name, name, value)];
    });
  const metadata: FieldRow[] = [];
  if (entry.metadata) walk("metadata", "metadata", entry.metadata, metadata);
  return [...fixed(FIRST), ...metadata, ...fixed(LAST)];
}

function walk(label: string, field: string, value: Json, rows: FieldRow[]): void {
  if (Array.isArray(value)) {
    if (!value.length) rows.push({ label, field, scalar: null, text: "[]" });
    value.forEach((item, index) => walk(`${label}[${index}]`, field, item, rows));
  } else if (isObject(value)) {
    const members = Object.entries(value);
    if (!members.length) rows.push({ label, field, scalar: null, text: "{}" });
    for (const [key, item] of members) walk(`${label}.${key}`, `${field}.${key}`, item, rows);
  } else {
    rows.push(scalarRow(label, field, value));
  }
}

function scalarRow(label: string, field: string, value: Scalar): FieldRow {
  return {
    label,
    field,
    scalar: { value },
    text: value instanceof NumberLiteral ? value.text : String(value),
  };
}
