import { useEffect, useState } from "react";
import { api } from "../api/client";
import { toProblem } from "../api/problem";
import type { Bounds } from "../api/types";
import { toChart, type Chart } from "./buckets";

export interface HistogramState {
  chart: Chart | null;
  partial: boolean;
  loading: boolean;
  failed: boolean;
}

/** The chart of what a search finds; the last one stays until the next has come. */
export function useHistogram(query: string, bounds: Bounds, buckets: number, run: number): HistogramState {
  const [state, setState] = useState<HistogramState>({
    chart: null,
    partial: false,
    loading: true,
    failed: false,
  });
  const { from, to } = bounds;

  useEffect(() => {
    if (!buckets) return;
    const controller = new AbortController();
    setState((last) => ({ ...last, loading: true }));
    api
      .histogram({ q: query, ...(from && { from }), ...(to && { to }), buckets }, controller.signal)
      .then((response) =>
        setState({ chart: toChart(response), partial: response.partial, loading: false, failed: false }),
      )
      .catch((error: unknown) => {
        if (controller.signal.aborted) return;
        // What was refused has no chart; the search says why. What failed may keep its last one.
        const refused = toProblem(error).status === 400;
        setState((last) => ({
          ...last,
          chart: refused ? null : last.chart,
          loading: false,
          failed: !refused,
        }));
      });
    return () => controller.abort();
  }, [query, from, to, buckets, run]);

  return state;
}
