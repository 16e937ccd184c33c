import { formatClock, formatInstant, type Zone } from "../time/timestamp";
import { countOf, formatCount } from "../ui/format";
import { levelTotals, type Bar } from "./buckets";

export function Tooltip({ bar, share, zone }: { bar: Bar; share: number; zone: Zone }) {
  const precision = bar.start % 1000 === 0 && bar.end % 1000 === 0 ? "s" : "ms";
  const start = formatInstant({ ms: bar.start, nanos: 0 }, zone, precision);
  const end = formatInstant({ ms: bar.end, nanos: 0 }, zone, precision);
  const sameDay = start.slice(0, 10) === end.slice(0, 10);
  return (
    <div
      className={share > 0.5 ? "tooltip left" : "tooltip"}
      style={{ left: `${share * 100}%` }}
      aria-hidden="true"
    >
      <div>
        {start} – {sameDay && precision === "s" ? formatClock(bar.end, zone) : end}
      </div>
      <strong>{countOf(bar.total, "entry", "entries")}</strong>
      <ul>
        {levelTotals([bar]).map(({ level, count }) => (
          <li key={level}>
            <span className={`swatch back-${level}`} />
            {level} <span className="tooltip-count">{formatCount(count)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
