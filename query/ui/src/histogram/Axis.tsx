import type { Zone } from "../time/timestamp";
import { formatCount } from "../ui/format";
import { shareOf, type Chart } from "./buckets";
import { HEADROOM } from "./Bars";
import { ticks } from "./ticks";

interface Props {
  chart: Chart;
  width: number;
  height: number;
  zone: Zone;
}

const LABEL_WIDTH = 96;

export function Axis({ chart, width, height, zone }: Props) {
  return (
    <g className="axis">
      <line x1={0} x2={width} y1={height + 0.5} y2={height + 0.5} />
      {ticks(chart, Math.max(2, Math.floor(width / LABEL_WIDTH)), zone).map(({ at, label }) => {
        const x = shareOf(chart, at) * width;
        const anchor = x < 30 ? "start" : x > width - 30 ? "end" : "middle";
        return (
          <g key={at}>
            <line x1={x} x2={x} y1={height} y2={height + 4} />
            <text x={x} y={height + 14} textAnchor={anchor}>
              {label}
            </text>
          </g>
        );
      })}
      {chart.highest > 0 && (
        <text className="peak" x={width} y={HEADROOM - 4} textAnchor="end">
          peak {formatCount(chart.highest)}
        </text>
      )}
    </g>
  );
}
