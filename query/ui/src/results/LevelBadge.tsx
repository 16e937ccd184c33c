import { levelKey } from "../histogram/buckets";

/** The level in words; the colour only repeats it. */
export function LevelBadge({ level }: { level: string | undefined }) {
  if (level === undefined) return <span className="level level-none">—</span>;
  return <span className={`level level-${levelKey(level)}`}>{level}</span>;
}
