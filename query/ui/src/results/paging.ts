import type { Problem } from "../api/problem";
import type { Bounds, Entry, SearchResponse } from "../api/types";

export interface Results {
  entries: Entry[];
  ids: ReadonlySet<string>;
  /** Of all entries found, loaded or not. */
  total: number;
  /** The time budget ran out: there may be more than `total`. */
  partial: boolean;
  cursor: string | null;
  /** The bounds that the server settled on; the pages that follow must ask for the same. */
  bounds: Bounds;
  tookMs: number | null;
  phase: "loading" | "ready" | "loading-more";
  /** False until a first answer has come. */
  answered: boolean;
  /** Of the last request. What was loaded before stays. */
  problem: Problem | null;
  /** Whether that request was for a further page. */
  failedMore: boolean;
  /** How many searches were answered: what is shown is of the last of them. */
  searches: number;
}

export type ResultsAction =
  | { type: "started" }
  | { type: "arrived"; response: SearchResponse; asked: Bounds }
  | { type: "more-started" }
  | { type: "more-arrived"; response: SearchResponse }
  | { type: "failed"; problem: Problem };

export const NO_RESULTS: Results = {
  entries: [],
  ids: new Set(),
  total: 0,
  partial: false,
  cursor: null,
  bounds: {},
  tookMs: null,
  phase: "loading",
  answered: false,
  problem: null,
  failedMore: false,
  searches: 0,
};

export function reduceResults(state: Results, action: ResultsAction): Results {
  switch (action.type) {
    case "started":
      // The last problem stays until there is an answer, so that it does not flicker while a retry is under way.
      return { ...state, phase: "loading" };
    case "arrived": {
      const { response, asked } = action;
      const from = response.from ?? asked.from;
      const to = response.to ?? asked.to;
      return {
        entries: response.entries,
        ids: new Set(response.entries.map((entry) => entry.id)),
        total: response.total,
        partial: response.partial,
        cursor: response.cursor,
        bounds: { ...(from && { from }), ...(to && { to }) },
        tookMs: response.tookMs ?? null,
        phase: "ready",
        answered: true,
        problem: null,
        failedMore: false,
        searches: state.searches + 1,
      };
    }
    case "more-started":
      return { ...state, phase: "loading-more", problem: null };
    case "more-arrived": {
      const fresh = action.response.entries.filter((entry) => !state.ids.has(entry.id));
      const ids = new Set(state.ids);
      for (const entry of fresh) ids.add(entry.id);
      return {
        ...state,
        entries: state.entries.concat(fresh),
        ids,
        partial: state.partial || action.response.partial,
        cursor: action.response.cursor,
        phase: "ready",
      };
    }
    case "failed":
      return {
        ...state,
        phase: "ready",
        problem: action.problem,
        failedMore: state.phase === "loading-more",
      };
  }
}

/** How close to the end of what is loaded the last seen row may come before more is asked for. */
const AHEAD = 200;

export function wantsMore(state: Results, lastSeen: number): boolean {
  return (
    state.phase === "ready" &&
    state.problem === null &&
    state.cursor !== null &&
    lastSeen + AHEAD >= state.entries.length
  );
}

export const FIRST_PAGE = 100;
export const NEXT_PAGE = 500;
