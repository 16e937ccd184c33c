/**
 * JSON in which no number is changed. An entry may hold numbers that a double cannot (`12345678901234567890`,
 * `1e999`, `1.0`); those keep their spelling in a {@link NumberLiteral}.
 */
export class NumberLiteral {
  constructor(readonly text: string) {}
}

export type Json = null | boolean | number | string | NumberLiteral | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

export class JsonSyntaxError extends Error {}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/** Objects have no prototype, so that a key such as `__proto__` is a key like any other. */
export function parseJson(text: string): Json {
  const reader = new Reader(text);
  const value = reader.value();
  reader.space();
  if (reader.at !== text.length) reader.fail();
  return value;
}

/** Numbers are written as they came. `indent` 0 gives one line. */
export function stringifyJson(value: Json, indent = 2, depth = 0): string {
  if (value instanceof NumberLiteral) return value.text;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const inner = indent ? `\n${" ".repeat(indent * (depth + 1))}` : "";
  const outer = indent ? `\n${" ".repeat(indent * depth)}` : "";
  const colon = indent ? ": " : ":";
  const parts = Array.isArray(value)
    ? value.map((item) => stringifyJson(item, indent, depth + 1))
    : Object.entries(value).map(
        ([key, item]) => JSON.stringify(key) + colon + stringifyJson(item, indent, depth + 1),
      );
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  return parts.length ? `${open}${inner}${parts.join(`,${inner}`)}${outer}${close}` : `${open}${close}`;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof NumberLiteral)
  );
}

/** A scalar as a person reads it: text without quotes, numbers as they came. */
export function scalarText(value: null | boolean | number | string | NumberLiteral): string {
  if (value instanceof NumberLiteral) return value.text;
  return typeof value === "string" ? value : String(value);
}

class Reader {
  at = 0;

  constructor(private readonly text: string) {}

  fail(): never {
    throw new JsonSyntaxError(`unexpected character at ${this.at}`);
  }

  space(): void {
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code === 32 || code === 10 || code === 13 || code === 9) this.at++;
      else return;
    }
  }

  value(): Json {
    this.space();
    switch (this.text[this.at]) {
      case "{":
        return this.object();
      case "[":
        return this.array();
      case '"':
        return this.string();
      case "t":
        return this.word("true", true);
      case "f":
        return this.word("false", false);
      case "n":
        return this.word("null", null);
      default:
        return this.number();
    }
  }

  private word<T extends Json>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.at)) this.fail();
    this.at += word.length;
    return value;
  }

  private number(): number | NumberLiteral {
    NUMBER.lastIndex = this.at;
    const literal = NUMBER.exec(this.text)?.[0];
    if (literal === undefined) this.fail();
    this.at += literal.length;
    const number = Number(literal);
    return String(number) === literal ? number : new NumberLiteral(literal);
  }

  private string(): string {
    const start = this.at++;
    let escaped = false;
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (Number.isNaN(code)) this.fail();
      this.at++;
      if (code === 34) break;
      if (code === 92) {
        escaped = true;
        this.at++;
      }
    }
    if (!escaped) return this.text.slice(start + 1, this.at - 1);
    try {
      return JSON.parse(this.text.slice(start, this.at)) as string;
    } catch {
      return this.fail();
    }
  }

  private array(): Json[] {
    this.at++;
    const items: Json[] = [];
    if (this.closes("]")) return items;
    for (;;) {
      items.push(this.value());
      if (this.closes("]")) return items;
      this.expect(",");
    }
  }

  private object(): JsonObject {
    this.at++;
    const object = Object.create(null) as JsonObject;
    if (this.closes("}")) return object;
    for (;;) {
      this.space();
      if (this.text[this.at] !== '"') this.fail();
      const key = this.string();
      this.space();
      this.expect(":");
      object[key] = this.value();
      if (this.closes("}")) return object;
      this.expect(",");
    }
  }

  private closes(bracket: string): boolean {
    this.space();
    if (this.text[this.at] !== bracket) return false;
    this.at++;
    return true;
  }

  private expect(character: string): void {
    if (this.text[this.at] !== character) this.fail();
    this.at++;
  }
}
