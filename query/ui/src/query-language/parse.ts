/**
 * A reading of the query language that knows where its clauses stand, for editing and highlighting. What a query
 * means, and whether it is one, is the server's to say; where this cannot follow a text it answers null.
 */
export type Node =
  | { type: "and" | "or"; items: Node[]; start: number; end: number }
  | { type: "not"; item: Node; start: number; end: number }
  | { type: "group"; item: Node; start: number; end: number }
  | Clause;

export interface Clause {
  type: "clause";
  /** As it was written; null for a bare word, phrase or regex. */
  field: string | null;
  op: Operator;
  value: Value;
  start: number;
  end: number;
}

export type Operator = ":" | "=" | "!=" | ">" | ">=" | "<" | "<=" | "=~" | "!~";

export type Value =
  | { kind: "word"; text: string; wildcard: boolean }
  | { kind: "phrase"; text: string; prefix: boolean }
  | { kind: "regex"; pattern: string; ignoreCase: boolean }
  | { kind: "range"; raw: string }
  | { kind: "compare"; op: Operator; value: Value }
  | { kind: "set"; items: Value[] }
  | { kind: "exists" };

/** Null where the text is empty or beyond this reader. */
export function parseQuery(text: string): Node | null {
  const parser = new Parser(text);
  try {
    parser.space();
    if (parser.done()) return null;
    const node = parser.or();
    return parser.done() ? node : null;
  } catch (error) {
    if (error instanceof Unreadable) return null;
    throw error;
  }
}

class Unreadable extends Error {}

const OPERATORS: Operator[] = ["!=", "!~", "=~", ">=", "<=", ":", "=", ">", "<"];
const FIELD_NAME = /(?:@[\p{L}\p{N}_$]|[\p{L}_$])[\p{L}\p{N}_\-./$]*/uy;
const ESCAPES: Record<string, string> = { n: "\n", t: "\t", r: "\r" };

class Parser {
  private at = 0;

  constructor(private readonly text: string) {}

  done(): boolean {
    return this.at >= this.text.length;
  }

  space(): void {
    while (!this.done() && /\s/.test(this.text[this.at] ?? "")) this.at++;
  }

  or(): Node {
    return this.chain("or", ["||", "OR", "or"], () => this.and());
  }

  private and(): Node {
    return this.chain("and", ["&&", "AND", "and"], () => this.not());
  }

  private chain(type: "and" | "or", words: string[], next: () => Node): Node {
    const items = [next()];
    for (;;) {
      this.space();
      const explicit = words.some((word) => this.keyword(word));
      this.space();
      if (!explicit && (type === "or" || this.ends())) break;
      items.push(next());
    }
    const [first] = items;
    const last = items.at(-1);
    if (!first || !last) throw new Unreadable();
    return items.length === 1 ? first : { type, items, start: first.start, end: last.end };
  }

  private ends(): boolean {
    return this.done() || this.text[this.at] === ")" || ["||", "OR", "or"].some((word) => this.sees(word));
  }

  private not(): Node {
    const start = this.at;
    if (/^\+(?:["(]|@?[\p{L}_$][\p{L}\p{N}_\-./$]*\s*[:=<>!])/u.test(this.rest())) this.at++;
    const sign = this.text[this.at];
    if (sign === "-" || sign === "!") this.at++;
    else if (!this.keyword("NOT") && !this.lowerNot()) return this.primary();
    this.space();
    const item = this.not();
    return { type: "not", item, start, end: item.end };
  }

  private lowerNot(): boolean {
    const start = this.at;
    if (!this.keyword("not")) return false;
    this.space();
    const here = this.at;
    if (this.text[here] === "(" || this.fieldAndOperator()) {
      this.at = here;
      return true;
    }
    this.at = start;
    return false;
  }

  private primary(): Node {
    const start = this.at;
    if (this.text[this.at] === "(") {
      this.at++;
      this.space();
      const item = this.or();
      this.space();
      if (this.text[this.at] !== ")") throw new Unreadable();
      this.at++;
      return { type: "group", item, start, end: this.at };
    }
    const named = this.fieldAndOperator();
    const value = named ? this.fieldValue(named.op) : this.bareValue();
    return {
      type: "clause",
      field: named?.field ?? null,
      op: named?.op ?? ":",
      value,
      start,
      end: this.at,
    };
  }

  private fieldAndOperator(): { field: string; op: Operator } | null {
    const start = this.at;
    const field = this.text[this.at] === '"' ? this.quoted() : this.plainName();
    const apart = /^\s*/.exec(this.rest())?.[0].length ?? 0;
    // An operator stands right behind a quoted name; behind a phrase it would be anything.
    if (this.text[start] !== '"') this.at += apart;
    const op = this.operator();
    // "expected <nil>" and "std::io" are text.
    const isText = apart > 0 && (op === "<" || op === ">") && /^.\p{L}/u.test(this.rest());
    if (!field || !op || isText) {
      this.at = start;
      return null;
    }
    this.at += op.length;
    this.space();
    return { field, op };
  }

  private plainName(): string | null {
    FIELD_NAME.lastIndex = this.at;
    const name = FIELD_NAME.exec(this.text)?.[0];
    if (name === undefined || /[-./]$|\.\./.test(name)) return null;
    this.at += name.length;
    return name;
  }

  private operator(): Operator | undefined {
    if (/^:(?::|\/\/)/.test(this.rest())) return undefined;
    return OPERATORS.find((candidate) => this.text.startsWith(candidate, this.at));
  }

  private rest(): string {
    return this.text.slice(this.at);
  }

  private fieldValue(op: Operator, inSet = false): Value {
    const next = this.text[this.at];
    if (op !== ":") return this.bareValue(inSet);
    if (next === "(") return this.set();
    if (next === "[" || next === "{") return this.range();
    const compare = this.operator();
    if (compare !== undefined && compare !== ":") {
      this.at += compare.length;
      this.space();
      return { kind: "compare", op: compare, value: this.bareValue(inSet) };
    }
    const value = this.bareValue(inSet);
    return value.kind === "word" && value.wildcard && value.text === "*" ? { kind: "exists" } : value;
  }

  private set(): Value {
    this.at++;
    const items: Value[] = [];
    for (;;) {
      this.space();
      items.push(this.fieldValue(":", true));
      this.space();
      if (this.text[this.at] === ")") {
        this.at++;
        return { kind: "set", items };
      }
      if (this.text[this.at] === ",") this.at++;
      else if (!this.keyword("OR") && !this.keyword("or") && !this.keyword("||")) throw new Unreadable();
    }
  }

  private range(): Value {
    const bound = String.raw`(?:"(?:[^"\\]|\\.)*"|[^\s"\]}]+)`;
    const match = new RegExp(String.raw`^[[{]\s*${bound}\s+(?:TO|to)\s+${bound}\s*[\]}]`).exec(this.rest());
    if (!match) throw new Unreadable();
    this.at += match[0].length;
    return { kind: "range", raw: match[0] };
  }

  private bareValue(inSet = false): Value {
    const next = this.text[this.at];
    if (next === '"') {
      const text = this.quoted();
      const prefix = this.text[this.at] === "*";
      if (prefix) this.at++;
      if (!/^(?:[\s),]|\|\||&&|$)/.test(this.rest())) throw new Unreadable();
      return { kind: "phrase", text, prefix };
    }
    return (next === "/" ? this.regex() : null) ?? this.word(inSet);
  }

  private quoted(): string {
    let out = "";
    for (this.at++; ; this.at++) {
      const next = this.text[this.at];
      if (next === undefined) throw new Unreadable();
      if (next === '"') break;
      out += next === "\\" ? this.escaped(ESCAPES) : next;
    }
    this.at++;
    return out;
  }

  /** A backslash takes a sign as it is; before a letter or a digit it is itself, but for those in `special`. */
  private escaped(special: Record<string, string> = {}): string {
    const next = this.text[++this.at];
    if (next === undefined) return "\\";
    return special[next] ?? (/[\p{L}\p{N}]/u.test(next) ? `\\${next}` : next);
  }

  private regex(): Value | null {
    const match = /^\/((?:[^/\\]|\\[\s\S])+)\/(i?)(?=[\s),]|\|\||&&|$)/.exec(this.rest());
    if (!match) return null;
    this.at += match[0].length;
    return { kind: "regex", pattern: match[1] ?? "", ignoreCase: match[2] === "i" };
  }

  private word(inSet: boolean): Value {
    let text = "";
    let wildcard = false;
    for (; !this.done(); this.at++) {
      const next = this.text[this.at] ?? "";
      if (/[\s()"]/.test(next) || (inSet && next === ",") || /^(?:\|\||&&)/.test(this.rest())) break;
      if (next === "*" || next === "?") wildcard = true;
      text += next === "\\" ? this.escaped() : next;
    }
    if (!text || /["(]/.test(this.text[this.at] ?? "")) throw new Unreadable();
    return { kind: "word", text, wildcard };
  }

  private sees(word: string): boolean {
    if (!this.text.startsWith(word, this.at)) return false;
    return /\W/.test(word) || /^(?:[\s()"]|$)/.test(this.text.slice(this.at + word.length));
  }

  private keyword(word: string): boolean {
    if (!this.sees(word)) return false;
    this.at += word.length;
    return true;
  }
}
