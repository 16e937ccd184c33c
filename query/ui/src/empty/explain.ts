import type { Api } from "../api/client";
import type { Bounds } from "../api/types";
import { removeClause, topClauses } from "../filters/edit";

/** Why a search found nothing. */
export type Explanation =
  /** There are matches, at another time. The times are those of the earliest and the latest that were found. */
  | { kind: "elsewhere"; total: number; earliest: string; latest: string; atLeast: boolean }
  /** Without one of its clauses the query would find something. */
  | { kind: "clause"; clause: string; without: string; total: number; atLeast: boolean; inRange: boolean }
  /** No clause alone is the reason. */
  | { kind: "nothing" }
  /** The searches for a reason found nothing until their time was up. */
  | { kind: "unknown" }
  | { kind: "empty-store" };

/** Clauses that are tried; each is one search. */
const TRIED = 6;

export async function explain(
  api: Pick<Api, "search">,
  query: string,
  bounds: Bounds,
  signal: AbortSignal,
): Promise<Explanation> {
  const bounded = bounds.from !== undefined || bounds.to !== undefined;
  if (bounded) {
    const [latest, earliest] = await Promise.all([
      api.search({ q: query, limit: 1, order: "desc" }, signal),
      api.search({ q: query, limit: 1, order: "asc" }, signal),
    ]);
    const [first, last] = [earliest.entries[0], latest.entries[0]];
    const atLeast = latest.partial || earliest.partial;
    if (first && last) {
      const total = Math.max(latest.total, earliest.total);
      return { kind: "elsewhere", total, earliest: first.timestamp, latest: last.timestamp, atLeast };
    }
    if (atLeast) return { kind: "unknown" };
  }
  if (!query.trim()) return { kind: "empty-store" };

  const everything = await api.search({ q: "", limit: 1 }, signal);
  if (everything.total === 0) return { kind: everything.partial ? "unknown" : "empty-store" };

  const clauses = topClauses(query) ?? [];
  if (clauses.length < 2) return { kind: "nothing" };
  const tries = (within: Bounds) =>
    Promise.all(
      clauses.slice(0, TRIED).map(async (clause) => {
        const without = removeClause(query, clause);
        const { total, partial } = await api.search({ q: without, ...within, limit: 1 }, signal);
        return { clause: query.slice(clause.start, clause.end), without, total, atLeast: partial };
      }),
    );
  const best = (tried: Awaited<ReturnType<typeof tries>>) =>
    tried.filter(({ total }) => total > 0).sort((a, b) => b.total - a.total)[0];
  const inRange = bounded ? best(await tries(bounds)) : undefined;
  if (inRange) return { kind: "clause", ...inRange, inRange: true };
  const tried = await tries({});
  const culprit = best(tried);
  if (culprit) return { kind: "clause", ...culprit, inRange: false };
  return { kind: tried.some(({ atLeast }) => atLeast) ? "unknown" : "nothing" };
}
