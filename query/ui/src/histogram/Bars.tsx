import { LEVELS, shareOf, type Bar, type Chart } from "./buckets";

interface Props {
  chart: Chart;
  width: number;
  /** Of the plot; the highest bar leaves `HEADROOM` of it free. */
  height: number;
  active: Bar | null;
}

/** Pixels above the highest bar, where its count stands. */
export const HEADROOM = 14;

/** Pixels of the smallest part of a bar: one fatal entry among thousands must be seen. */
const LEAST = 2;

/** From the bottom up. */
const STACK = [...LEVELS].reverse();

export function Bars({ chart, width, height, active }: Props) {
  return (
    <g>
      {chart.bars.map((bar) => {
        const left = shareOf(chart, bar.start) * width;
        const slot = shareOf(chart, bar.end) * width - left;
        const gap = slot > 5 ? 1 : 0;
        let below = 0;
        return (
          <g key={bar.start} className={bar === active ? "bar active" : "bar"}>
            {[...STACK, "other" as const].map((level) => {
              const count = bar.levels[level];
              if (!count) return null;
              const share = Math.max((count / chart.highest) * (height - HEADROOM), LEAST);
              const y = height - below - share;
              below += share;
              return (
                <rect
                  key={level}
                  className={`fill-${level}`}
                  x={left}
                  y={y}
                  width={Math.max(slot - gap, 1)}
                  height={share}
                />
              );
            })}
          </g>
        );
      })}
    </g>
  );
}
