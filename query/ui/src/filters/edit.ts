import { NumberLiteral, scalarText } from "../api/json";
import { isSingleValued, resolveField } from "../query-language/fields";
import { parseQuery, type Clause, type Node, type Value } from "../query-language/parse";
import { quoteField, quoteValue } from "./quote";

export type Scalar = null | boolean | number | string | NumberLiteral;

/** A value that an entry has in a field; the field under its canonical name, such as `metadata.http.status`. */
export interface FieldValue {
  field: string;
  value: Scalar;
}

export type FilterMode = "in" | "out";

/** The server searches this many bytes of a value, see `Entry.truncated`. */
const SEARCHED_BYTES = 8 * 1024;

/** The clause that finds entries with this value, or with `out` those without it. */
export function clauseFor({ field, value }: FieldValue, mode: FilterMode): string {
  const name = quoteField(field);
  if (value === null) return mode === "in" ? `-${name}:*` : `${name}:*`;
  const sign = mode === "in" ? "" : "-";
  if (field === "message") return `${sign}message=${quoteValue(value)}`;
  return `${sign}${name}:${quoteValue(typeof value === "string" ? cutToSearched(value) : value)}`;
}

/** Whether the query filters this value in or out at its top level. */
export function filterState(query: string, target: FieldValue): FilterMode | null {
  return (
    topClauses(query)
      ?.map((node) => modeOf(node, target))
      .find((mode) => mode !== null) ?? null
  );
}

/**
 * The query with the value filtered in or out. A filter that is there already is taken away; its opposite, and for
 * a field of one value also another value that was filtered in, is replaced where it stands.
 */
export function toggleFilter(query: string, target: FieldValue, mode: FilterMode): string {
  const clause = clauseFor(target, mode);
  if (!query.trim()) return clause;
  const nodes = topClauses(query);
  if (!nodes) return `(${query.trim()}) ${clause}`;

  const same = nodes.find((node) => modeOf(node, target) === mode);
  if (same) return removeClause(query, same);
  const replaced =
    nodes.find((node) => modeOf(node, target) !== null) ??
    (mode === "in" ? nodes.find((node) => pinsAnotherValue(node, target)) : undefined);
  if (replaced) return query.slice(0, replaced.start) + clause + query.slice(replaced.end);

  const [only] = nodes;
  if (nodes.length === 1 && only?.type === "or") return `(${query.trim()}) ${clause}`;
  return `${query.trimEnd()} ${clause}`;
}

/** The parts of the query that must all hold; null where the query cannot be read. */
export function topClauses(query: string): Node[] | null {
  const root = parseQuery(query);
  if (!root) return query.trim() ? null : [];
  return root.type === "and" ? root.items : [root];
}

/** The query without one of its {@link topClauses}. */
export function removeClause(query: string, removed: Node): string {
  const nodes = topClauses(query) ?? [];
  const kept = nodes.filter((node) => node.start !== removed.start);
  const explicit = nodes.length > 1 && /\bAND\b/.test(betweenClauses(query, nodes));
  return kept.map((node) => query.slice(node.start, node.end)).join(explicit ? " AND " : " ");
}

function betweenClauses(query: string, nodes: Node[]): string {
  return nodes.map((node, index) => query.slice(nodes[index - 1]?.end ?? node.start, node.start)).join(" ");
}

function modeOf(node: Node, target: FieldValue): FilterMode | null {
  const { clause, negated } = underNots(node);
  if (!clause || fieldOf(clause) !== target.field) return null;
  if (target.value === null) return clause.value.kind === "exists" ? (negated ? "in" : "out") : null;
  if (!pinsValue(clause) || !equals(clause, target.value)) return null;
  return negated ? "out" : "in";
}

function pinsAnotherValue(node: Node, target: FieldValue): boolean {
  const { clause, negated } = underNots(node);
  if (!clause || negated || !isSingleValued(target.field)) return false;
  return fieldOf(clause) === target.field && pinsValue(clause);
}

function fieldOf({ field }: Clause): string | null {
  return field === null ? null : resolveField(field);
}

function underNots(node: Node): { clause: Clause | null; negated: boolean } {
  let negated = false;
  let inner = node;
  for (;;) {
    if (inner.type === "not") negated = !negated;
    else if (inner.type !== "group") break;
    inner = inner.item;
  }
  if (inner.type !== "clause") return { clause: null, negated };
  return { clause: inner, negated: inner.op === "!=" ? !negated : negated };
}

/** Whether the clause asks for one whole value. On `message`, ":" asks for a phrase within it. */
function pinsValue(clause: Clause): boolean {
  const { op, value } = clause;
  const whole = op === "=" || op === "!=" || (op === ":" && fieldOf(clause) !== "message");
  return whole && ((value.kind === "word" && !value.wildcard) || (value.kind === "phrase" && !value.prefix));
}

function equals({ op, value }: Clause, wanted: Exclude<Scalar, null>): boolean {
  const text = textOf(value);
  const other = typeof wanted === "string" ? cutToSearched(wanted) : scalarText(wanted);
  if (text === other || (op === ":" && text.toLowerCase() === other.toLowerCase())) return true;
  const numeric = typeof wanted === "number" || wanted instanceof NumberLiteral;
  return (
    numeric &&
    value.kind === "word" &&
    text !== "" &&
    Number(text) === Number(other) &&
    isFinite(Number(text))
  );
}

function textOf(value: Value): string {
  return value.kind === "word" || value.kind === "phrase" ? value.text : "";
}

function cutToSearched(text: string): string {
  if (text.length * 3 <= SEARCHED_BYTES) return text;
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= SEARCHED_BYTES) return text;
  let end = SEARCHED_BYTES;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return new TextDecoder().decode(bytes.subarray(0, end));
}
