/** What `/api/v1` speaks. One interface a schema of the API's description, under the schema's name. */
import type { Json, JsonObject } from "./json";

export interface Entry {
  id: string;
  receivedAt: string;
  timestamp: string;
  level?: string;
  message: string;
  resourceId?: string;
  traceId?: string;
  spanId?: string;
  commit?: string;
  metadata?: JsonObject;
  /** Fields of which only the first 8 KiB are searched. */
  truncated?: string[];
}

export type Order = "asc" | "desc";

/** Bounds take the language's time literals and are inclusive; an absent one is open. */
export interface Bounds {
  from?: string;
  to?: string;
}

export interface SearchParams extends Bounds {
  q: string;
  limit?: number;
  order?: Order;
  cursor?: string;
}

export interface SearchResponse {
  entries: Entry[];
  total: number;
  partial: boolean;
  from: string | null;
  to: string | null;
  cursor: string | null;
  tookMs?: number;
}

export interface HistogramParams extends Bounds {
  q: string;
  buckets?: number;
}

export interface HistogramResponse {
  intervalSeconds: number;
  from: string | null;
  to: string | null;
  total: number;
  partial: boolean;
  /** Buckets without an entry are left out. */
  buckets: HistogramBucket[];
}

export interface HistogramBucket {
  start: string;
  total: number;
  /** Entries by level; the key "" counts those without one. */
  levels: Record<string, number>;
}

export interface FieldInfo {
  name: string;
  kind: string;
}

export interface FieldsResponse {
  fields: FieldInfo[];
  partial: boolean;
}

export interface ValuesParams extends Bounds {
  q?: string;
  prefix?: string;
  limit?: number;
}

export interface ValuesResponse {
  field: string;
  values: { value: Json; count: number }[];
  withField: number;
  partial: boolean;
  approximate: boolean;
}

export interface ContextResponse {
  /** Oldest first. */
  before: Entry[];
  entry: Entry;
  /** Oldest first. */
  after: Entry[];
  partial: boolean;
}

export interface SessionResponse {
  user: string | null;
  /** The name of a token that a proxy in between sends along. */
  token: string | null;
  /** Anybody may search. */
  insecure: boolean;
  signInRequired: boolean;
}

/** Bytes `start..end` of the query, encoded as UTF-8. */
export interface Span {
  start: number;
  end: number;
}

/** The body of an error, `application/problem+json`. */
export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  detail: string;
  message?: string;
  span?: Span;
  hint?: string;
  suggestion?: string;
  parameter?: string;
}
