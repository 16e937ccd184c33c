import { formatClock, formatDate, type Zone } from "../time/timestamp";
import { formatCount } from "../ui/format";
import { shareOf, ticks, type Chart } from "./buckets";

interface Props {
  chart: Chart;
  width: number;
  height: number;
  zone: Zone;
}

const LABEL_WIDTH = 96;

export function Axis({ chart, width, height, zone }: Props) {
  const offset = zone === "utc" ? 0 : -new Date(chart.from).getTimezoneOffset() * 60_000;
  return (
    <g className="axis">
      <line x1={0} x2={width} y1={height + 0.5} y2={height + 0.5} />
      {ticks(chart, Math.max(2, Math.floor(width / LABEL_WIDTH)), offset).map(({ at, step }) => {
        const x = shareOf(chart, at) * width;
        const anchor = x < 30 ? "start" : x > width - 30 ? "end" : "middle";
        return (
          <g key={at}>
            <line x1={x} x2={x} y1={height} y2={height + 4} />
            <text x={x} y={height + 14} textAnchor={anchor}>
              {tickLabel(at, step, zone)}
            </text>
          </g>
        );
      })}
      {chart.highest > 0 && (
        <text x={width} y={9} textAnchor="end">
          {formatCount(chart.highest)}
        </text>
      )}
    </g>
  );
}

function tickLabel(at: number, step: number, zone: Zone): string {
  const date = formatDate(at, zone);
  const clock = formatClock(at, zone);
  if (step >= 31_536_000_000) return date.slice(0, 4);
  if (step >= 86_400_000) return date;
  if (step >= 60_000) return clock === "00:00:00" ? date.slice(5) : clock.slice(0, 5);
  if (step >= 1000) return clock;
  const ms = ((at % 1000) + 1000) % 1000;
  return `${clock.slice(3)}.${String(ms).padStart(3, "0")}`;
}
