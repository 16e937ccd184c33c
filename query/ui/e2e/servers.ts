import { stringifyJson, type Json } from "../src/api/json";
import type { SearchResponse } from "../src/api/types";

export const QUERY_URL = required("QUERY_URL");
export const INGEST_URL = required("INGEST_URL");
/** A query server over the same entries that asks who it is, and whom it lets in: `NAME:PASSWORD`. */
export const GUARDED_URL = process.env.GUARDED_URL?.replace(/\/$/, "") ?? "";
export const GUARDED_USER = process.env.GUARDED_USER ?? "";

function required(name: string): string {
  const value = process.env[name];
  if (!value) {
    throw new Error(
      `Set ${name}, for example QUERY_URL=http://127.0.0.1:8080 INGEST_URL=http://127.0.0.1:3000`,
    );
  }
  return value.replace(/\/$/, "");
}

/** Sends entries as NDJSON; all must be accepted. */
export async function ingest(...entries: Record<string, Json>[]): Promise<void> {
  const response = await fetch(`${INGEST_URL}/api/v1/logs`, {
    method: "POST",
    headers: { "content-type": "application/x-ndjson" },
    body: entries.map((entry) => stringifyJson(entry, 0)).join("\n"),
  });
  const text = await response.text();
  const { accepted } = JSON.parse(text) as { accepted?: number };
  if (response.status !== 202 || accepted !== entries.length) {
    throw new Error(`sending ${entries.length} entries was answered ${response.status}: ${text}`);
  }
}

export async function total(q: string): Promise<number> {
  const response = await fetch(
    `${QUERY_URL}/api/v1/search?${new URLSearchParams({ q, limit: "1" }).toString()}`,
  );
  const text = await response.text();
  if (!response.ok) throw new Error(`searching ${q} was answered ${response.status}: ${text}`);
  return (JSON.parse(text) as SearchResponse).total;
}

/** Waits until a search finds at least this many; entries are searchable a moment after they are accepted. */
export async function untilFound(q: string, count: number): Promise<void> {
  const end = Date.now() + 20_000;
  while ((await total(q)) < count) {
    if (Date.now() > end)
      throw new Error(`${q} still finds ${await total(q)} of ${count} entries after 20 s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
