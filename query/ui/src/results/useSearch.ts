import { useCallback, useEffect, useReducer, useRef } from "react";
import { api } from "../api/client";
import { toProblem } from "../api/problem";
import type { Bounds, Order } from "../api/types";
import { FIRST_PAGE, NEXT_PAGE, NO_RESULTS, reduceResults, wantsMore, type Results } from "./paging";

export interface Search {
  results: Results;
  /** To be told which row is seen last; loads the next page when that nears the end. */
  reached: (lastSeen: number) => void;
  retryMore: () => void;
}

/** Runs a search anew when what it asks, or `run`, changes. */
export function useSearch(query: string, bounds: Bounds, order: Order, run: number): Search {
  const [results, dispatch] = useReducer(reduceResults, NO_RESULTS);
  const current = useRef<AbortController | null>(null);
  const { from, to } = bounds;

  useEffect(() => {
    const controller = new AbortController();
    current.current = controller;
    const asked: Bounds = { ...(from && { from }), ...(to && { to }) };
    dispatch({ type: "started" });
    api
      .search({ q: query, ...asked, order, limit: FIRST_PAGE }, controller.signal)
      .then((response) => dispatch({ type: "arrived", response, asked }))
      .catch((error: unknown) => {
        if (!controller.signal.aborted) dispatch({ type: "failed", problem: toProblem(error) });
      });
    return () => controller.abort();
  }, [query, from, to, order, run]);

  const loadMore = useCallback(
    (cursor: string, asked: Bounds) => {
      const signal = current.current?.signal;
      dispatch({ type: "more-started" });
      api
        .search({ q: query, ...asked, order, cursor, limit: NEXT_PAGE }, signal)
        .then((response) => {
          if (!signal?.aborted) dispatch({ type: "more-arrived", response });
        })
        .catch((error: unknown) => {
          if (!signal?.aborted) dispatch({ type: "failed", problem: toProblem(error) });
        });
    },
    [query, order],
  );

  const reached = useCallback(
    (lastSeen: number) => {
      if (wantsMore(results, lastSeen) && results.cursor !== null) loadMore(results.cursor, results.bounds);
    },
    [results, loadMore],
  );

  const retryMore = useCallback(() => {
    if (results.cursor !== null) loadMore(results.cursor, results.bounds);
  }, [results, loadMore]);

  return { results, reached, retryMore };
}
