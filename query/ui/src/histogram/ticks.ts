import { formatClock, formatDate, type Zone } from "../time/timestamp";
import type { Chart } from "./buckets";

export interface Tick {
  /** Milliseconds since 1970. */
  at: number;
  label: string;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR),
  ...[1, 2, 5, 10].map((days) => days * DAY),
];
const MONTH_STEPS = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 6000, 12000];
const MONTH = 30.44 * DAY;

/** Round times of the zone for the axis, at most about `count` of them. */
export function ticks(chart: Chart, count: number, zone: Zone): Tick[] {
  const span = chart.to - chart.from;
  const step = STEPS.find((candidate) => span / candidate <= count);
  return step === undefined ? monthTicks(chart, count, zone) : stepTicks(chart, step, zone);
}

function stepTicks(chart: Chart, step: number, zone: Zone): Tick[] {
  const out: Tick[] = [];
  const offset = offsetOf(chart.from, zone);
  for (let wall = Math.ceil((chart.from + offset) / step) * step; ; wall += step) {
    // Where the clock changes within the range, the marks go with it.
    const at = wall - offsetOf(wall - offset, zone);
    if (at > chart.to) return out;
    out.push({ at, label: stepLabel(at, step, zone) });
  }
}

function monthTicks(chart: Chart, count: number, zone: Zone): Tick[] {
  const step = MONTH_STEPS.find((months) => (chart.to - chart.from) / MONTH / months <= count) ?? 12000;
  const [year = 0, month = 1] = formatDate(chart.from, zone).split("-").map(Number);
  const out: Tick[] = [];
  for (let months = Math.floor((year * 12 + month - 1) / step) * step; ; months += step) {
    const at = monthStart(months, zone);
    if (at > chart.to) return out;
    if (at < chart.from) continue;
    const date = formatDate(at, zone);
    out.push({ at, label: step % 12 ? date.slice(0, 7) : date.slice(0, 4) });
  }
}

function monthStart(months: number, zone: Zone): number {
  const date = new Date(0);
  if (zone === "utc") {
    date.setUTCFullYear(Math.floor(months / 12), months % 12, 1);
    return date.getTime();
  }
  date.setFullYear(Math.floor(months / 12), months % 12, 1);
  return date.setHours(0, 0, 0, 0);
}

function offsetOf(ms: number, zone: Zone): number {
  return zone === "utc" ? 0 : -new Date(ms).getTimezoneOffset() * MINUTE;
}

function stepLabel(at: number, step: number, zone: Zone): string {
  const date = formatDate(at, zone);
  const clock = formatClock(at, zone);
  if (step >= DAY) return date;
  if (step >= MINUTE) return clock === "00:00:00" ? date.slice(5) : clock.slice(0, 5);
  if (step >= SECOND) return clock;
  return `${clock}.${String(((at % SECOND) + SECOND) % SECOND).padStart(3, "0")}`;
}
