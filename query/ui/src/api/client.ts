import { parseJson } from "./json";
import { ApiError, OFFLINE, problemOf } from "./problem";
import type {
  Bounds,
  ContextResponse,
  Entry,
  FieldsResponse,
  HistogramParams,
  HistogramResponse,
  SearchParams,
  SearchResponse,
  SessionResponse,
  ValuesParams,
  ValuesResponse,
} from "./types";

const BASE = "/api/v1";

type Params = Record<string, string | number | undefined>;

export const api = {
  search: (params: SearchParams, signal?: AbortSignal) =>
    get<SearchResponse>("/search", { ...params }, signal),

  histogram: (params: HistogramParams, signal?: AbortSignal) =>
    get<HistogramResponse>("/histogram", { ...params }, signal, JSON.parse),

  fields: (bounds: Bounds, signal?: AbortSignal) =>
    get<FieldsResponse>("/fields", { ...bounds }, signal, JSON.parse),

  values: (field: string, params: ValuesParams, signal?: AbortSignal) =>
    get<ValuesResponse>(`/fields/${encodeURIComponent(field)}/values`, { ...params }, signal),

  entry: (id: string, signal?: AbortSignal) => get<Entry>(`/logs/${encodeURIComponent(id)}`, {}, signal),

  context: (id: string, params: { before: number; after: number; q?: string }, signal?: AbortSignal) =>
    get<ContextResponse>(`/logs/${encodeURIComponent(id)}/context`, params, signal),

  /** Rejects with the problem `invalid-query` where the query is not one. */
  parse: async (q: string, signal?: AbortSignal): Promise<void> => {
    await get("/parse", { q }, signal);
  },

  session: (signal?: AbortSignal) => send<SessionResponse>("/session", withSignal(signal), JSON.parse),

  signIn: (user: string, password: string) =>
    send<SessionResponse>(
      "/session",
      {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ user, password }),
      },
      JSON.parse,
    ),

  signOut: () => send<null>("/session", { method: "DELETE" }, () => null),

  /** For streams, which are not told why they end: lets `onSignedOut` know where it is because nobody is signed in. */
  checkSession: async (): Promise<void> => {
    const session = await api.session().catch(() => null);
    if (session?.signInRequired && session.user === null && session.token === null) tellSignedOut();
  },

  tailUrl: (q: string): string => url("/tail", { q }),

  exportUrl: (params: SearchParams & { format: "ndjson" | "csv" }): string => url("/export", { ...params }),
};

export type Api = typeof api;

const listeners = new Set<() => void>();

/** Calls back whenever the server no longer knows who asks; answers how to end that. */
export function onSignedOut(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function tellSignedOut(): void {
  for (const listener of listeners) listener();
}

function url(path: string, params: Params): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== "") search.set(name, String(value));
  }
  const text = search.toString();
  return BASE + path + (text && `?${text}`);
}

/** `read` is lossless where an answer holds entries, whose numbers may be any; elsewhere numbers are just numbers. */
async function get<T>(
  path: string,
  params: Params,
  signal?: AbortSignal,
  read: (text: string) => unknown = parseJson,
): Promise<T> {
  try {
    return await send<T>(url(path, params).slice(BASE.length), withSignal(signal), read);
  } catch (error) {
    if (error instanceof ApiError && error.problem.status === 401 && !signal?.aborted) tellSignedOut();
    throw error;
  }
}

function withSignal(signal: AbortSignal | undefined): RequestInit {
  return { headers: { accept: "application/json" }, ...(signal && { signal }) };
}

async function send<T>(path: string, init: RequestInit, read: (text: string) => unknown): Promise<T> {
  let response: Response;
  let body: string;
  try {
    response = await fetch(BASE + path, init);
    body = await response.text();
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError(OFFLINE);
  }
  if (!response.ok) throw new ApiError(problemOf(response.status, response.statusText, body));
  try {
    return read(body) as T;
  } catch {
    throw new ApiError({
      kind: "http",
      status: response.status,
      detail: "The server's answer is not JSON. Is something else listening at this address?",
    });
  }
}
