import { NumberLiteral } from "../api/json";

const PLAIN_WORD = /^[A-Za-z_][A-Za-z0-9_]*(?:[-.][A-Za-z0-9_]+)*$/;
const PLAIN_NAME = /^[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*$/;
const RESERVED = new Set(["and", "or", "not", "to", "now"]);

const ESCAPES: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** A text as the language takes it literally: a plain word as it is, anything else as a phrase. */
export function quoteText(text: string): string {
  return PLAIN_WORD.test(text) && !RESERVED.has(text.toLowerCase()) ? text : phrase(text);
}

function phrase(text: string): string {
  return `"${text.replace(/[\\"\n\r\t]/g, (sign) => ESCAPES[sign] ?? `\\${sign}`)}"`;
}

/** A field's name, quoted where it holds more than letters, digits, "_" and dots. */
export function quoteField(name: string): string {
  return PLAIN_NAME.test(name) ? name : phrase(name);
}

/** A value as it stands after `field:`. Numbers and booleans go unquoted, so that they match as such. */
export function quoteValue(value: boolean | number | string | NumberLiteral): string {
  if (value instanceof NumberLiteral) return value.text;
  return typeof value === "string" ? quoteText(value) : String(value);
}
