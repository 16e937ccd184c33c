import { formatCount } from "../ui/format";
import type { LevelKey } from "./buckets";

export function Legend({ totals }: { totals: { level: LevelKey; count: number }[] }) {
  return (
    <ul className="legend" aria-label="Entries by level">
      {totals.map(({ level, count }) => (
        <li key={level}>
          <span className={`swatch back-${level}`} aria-hidden="true" />
          {level} <span className="muted">{formatCount(count)}</span>
        </li>
      ))}
    </ul>
  );
}
