import { useEffect, useState } from "react";
import { api } from "../api/client";
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
      .catch(() => {
        if (!controller.signal.aborted) setState((last) => ({ ...last, loading: false, failed: true }));
      });
    return () => controller.abort();
  }, [query, from, to, buckets, run]);

  return state;
}
