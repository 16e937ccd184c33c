import type { Api } from "../api/client";
import { removeClause, topClauses } from "../filters/edit";

/** Why a search found nothing. */
export type Explanation =
  /** There are matches, at another time. The times are those of the earliest and the latest. */
  | { kind: "elsewhere"; total: number; earliest: string; latest: string }
  /** Without one of its clauses the query would find something. */
  | { kind: "clause"; clause: string; without: string; total: number }
  /** No clause alone is the reason. */
  | { kind: "nothing" }
  | { kind: "empty-store" };

/** Clauses that are tried; each is one search. */
const TRIED = 6;

export async function explain(
  api: Pick<Api, "search">,
  query: string,
  bounded: boolean,
  signal: AbortSignal,
): Promise<Explanation> {
  if (bounded) {
    const [latest, earliest] = await Promise.all([
      api.search({ q: query, limit: 1, order: "desc" }, signal),
      api.search({ q: query, limit: 1, order: "asc" }, signal),
    ]);
    const [first, last] = [earliest.entries[0], latest.entries[0]];
    if (first && last) {
      return { kind: "elsewhere", total: latest.total, earliest: first.timestamp, latest: last.timestamp };
    }
  }
  if (!query.trim()) return { kind: "empty-store" };

  const everything = await api.search({ q: "", limit: 1 }, signal);
  if (everything.total === 0) return { kind: "empty-store" };

  const clauses = topClauses(query) ?? [];
  if (clauses.length < 2) return { kind: "nothing" };
  const tried = await Promise.all(
    clauses.slice(0, TRIED).map(async (clause) => {
      const without = removeClause(query, clause);
      const { total } = await api.search({ q: without, limit: 1 }, signal);
      return { clause: query.slice(clause.start, clause.end), without, total };
    }),
  );
  const culprit = tried.filter(({ total }) => total > 0).sort((a, b) => b.total - a.total)[0];
  return culprit ? { kind: "clause", ...culprit } : { kind: "nothing" };
}
