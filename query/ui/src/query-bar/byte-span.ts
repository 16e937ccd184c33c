import type { Span } from "../api/types";

/**
 * A span of UTF-8 bytes as one of UTF-16 code units, which is how JavaScript counts. Ends within a character widen
 * to the whole of it, ends beyond the text are cut to it.
 */
export function toCodeUnits(text: string, span: Span): Span {
  let byte = 0;
  let unit = 0;
  let start: number | null = null;
  let end: number | null = null;
  for (const character of text) {
    const next = byte + utf8Length(character);
    if (start === null && span.start < next) start = unit;
    if (end === null && span.end <= byte) end = unit;
    byte = next;
    unit += character.length;
  }
  start ??= unit;
  return { start, end: Math.max(start, end ?? unit) };
}

function utf8Length(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return 1;
  if (code < 0x800) return 2;
  return code < 0x10000 ? 3 : 4;
}
