/** Fields of every entry that hold one value; any other name is a path below `metadata`. */
export const FIXED_FIELDS = [
  "id",
  "timestamp",
  "receivedAt",
  "level",
  "message",
  "resourceId",
  "traceId",
  "spanId",
  "commit",
] as const;

const ALIASES: Record<string, string> = {
  _id: "id",
  status: "level",
  severity: "level",
  "log.level": "level",
  msg: "message",
  body: "message",
  _msg: "message",
  service: "resourceId",
  time: "timestamp",
  _time: "timestamp",
  trace_id: "traceId",
  span_id: "spanId",
};

/** Other names that people type for the fields, and the fields. */
export function aliases(): [alias: string, field: string][] {
  return Object.entries(ALIASES).filter(([alias]) => !alias.startsWith("_"));
}

/** The canonical name of the field that a query names. */
export function resolveField(name: string): string {
  const plain = name.startsWith("@") ? name.slice(1) : name;
  if (Object.hasOwn(ALIASES, plain)) return ALIASES[plain] ?? plain;
  if ((FIXED_FIELDS as readonly string[]).includes(plain) || plain === "metadata") return plain;
  return plain.startsWith("metadata.") ? plain : `metadata.${plain}`;
}

export function isSingleValued(field: string): boolean {
  return (FIXED_FIELDS as readonly string[]).includes(field);
}
