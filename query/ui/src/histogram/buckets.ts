import type { HistogramResponse } from "../api/types";
import { parseTimestamp, toLiteral } from "../time/timestamp";

/** From the least severe: the last is drawn at the bottom, where small counts are seen. */
export const LEVELS = ["trace", "debug", "info", "warn", "error", "fatal"] as const;
export type LevelKey = (typeof LEVELS)[number] | "other";

export interface Bar {
  /** Milliseconds since 1970. */
  start: number;
  end: number;
  total: number;
  levels: Partial<Record<LevelKey, number>>;
}

export interface Chart {
  /** Milliseconds since 1970; the axis. */
  from: number;
  to: number;
  intervalMs: number;
  /** In time order. Where nothing happened there is no bar. */
  bars: Bar[];
  highest: number;
}

/** Null where there is no time to draw. */
export function toChart(response: HistogramResponse): Chart | null {
  const intervalMs = response.intervalSeconds * 1000;
  if (!(intervalMs > 0)) return null;
  const bars = response.buckets
    .map((bucket): Bar | null => {
      const start = parseTimestamp(bucket.start)?.ms;
      if (start === undefined) return null;
      return { start, end: start + intervalMs, total: bucket.total, levels: byLevel(bucket.levels) };
    })
    .filter((bar) => bar !== null)
    .sort((a, b) => a.start - b.start);
  const from = response.from === null ? bars[0]?.start : parseTimestamp(response.from)?.ms;
  const to = response.to === null ? bars.at(-1)?.end : parseTimestamp(response.to)?.ms;
  if (from === undefined || to === undefined) return null;
  return {
    from,
    to: Math.max(to, from + 1),
    intervalMs,
    bars,
    highest: bars.reduce((highest, bar) => Math.max(highest, bar.total), 0),
  };
}

function byLevel(levels: Record<string, number>): Bar["levels"] {
  const sums: Bar["levels"] = {};
  for (const [level, count] of Object.entries(levels)) {
    const key = levelKey(level);
    sums[key] = (sums[key] ?? 0) + count;
  }
  return sums;
}

export function levelKey(level: string | undefined): LevelKey {
  return (LEVELS as readonly string[]).includes(level ?? "") ? (level as LevelKey) : "other";
}

/** The sums of the bars, from the most severe; levels that don't occur are left out. */
export function levelTotals(bars: Bar[]): { level: LevelKey; count: number }[] {
  return (["fatal", "error", "warn", "info", "debug", "trace", "other"] as const)
    .map((level) => ({ level, count: bars.reduce((sum, bar) => sum + (bar.levels[level] ?? 0), 0) }))
    .filter(({ count }) => count > 0);
}

/** The time at a share of the axis, 0 its left and 1 its right end. */
export function timeAt(chart: Chart, share: number): number {
  return chart.from + clamp(share) * (chart.to - chart.from);
}

export function shareOf(chart: Chart, ms: number): number {
  return clamp((ms - chart.from) / (chart.to - chart.from));
}

export function barAt(chart: Chart, share: number): Bar | null {
  const ms = timeAt(chart, share);
  return chart.bars.find((bar) => bar.start <= ms && ms < bar.end) ?? null;
}

/**
 * The range that a drag between two shares of the axis asks for, widened to whole buckets and kept within the
 * axis. Both ends are inclusive: the last millisecond before the next bucket means all of its nanoseconds.
 */
export function zoomTo(chart: Chart, a: number, b: number): { from: string; to: string } {
  const [left, right] = [timeAt(chart, Math.min(a, b)), timeAt(chart, Math.max(a, b))];
  const origin = chart.bars[0]?.start ?? Math.floor(chart.from / chart.intervalMs) * chart.intervalMs;
  const snap = (ms: number, round: (steps: number) => number) =>
    origin + round((ms - origin) / chart.intervalMs) * chart.intervalMs;
  const from = Math.max(snap(left, Math.floor), chart.from);
  const to = Math.min(Math.max(snap(right, Math.ceil), from + chart.intervalMs), chart.to + 1);
  return { from: toLiteral(Math.floor(from)), to: toInclusiveEnd(Math.ceil(to)) };
}

/** Three times the stretch, about the same middle. */
export function widened(chart: Chart): { from: string; to: string } {
  const span = chart.to - chart.from;
  return { from: toLiteral(Math.floor(chart.from - span)), to: toInclusiveEnd(Math.ceil(chart.to + span)) };
}

/** The literal that includes everything before `ms`. A whole second needs no fraction: it means all of itself. */
export function toInclusiveEnd(ms: number): string {
  return ms % 1000 === 0 ? toLiteral(ms - 1000) : toLiteral(ms - 1);
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}
