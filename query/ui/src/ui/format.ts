const NUMBERS = new Intl.NumberFormat("en-US");

/** `12,345`. */
export function formatCount(count: number): string {
  return NUMBERS.format(count);
}

/** `1 entry`, `12,345 entries`. */
export function countOf(count: number, one: string, many: string): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** One line of text: line breaks become an arrow, control characters their pictures (U+2400 and on). */
export function toOneLine(text: string): string {
  return visibleControls(text.replace(/\s*\r?\n\s*/g, " ↵ ").replaceAll("\t", "  "));
}

/** Control characters but line breaks and tabs as their pictures, so that a terminal's colour codes are seen. */
export function visibleControls(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g, (control) =>
    control === "\u007f" ? "\u2421" : String.fromCharCode(0x2400 + control.charCodeAt(0)),
  );
}
