import { useId, useRef, useState, type KeyboardEvent, type PointerEvent } from "react";
import { formatDuration, formatInstant, type Zone } from "../time/timestamp";
import { countOf, formatCount } from "../ui/format";
import { ZoomOutIcon } from "../ui/icons";
import { barAt, levelTotals, shareOf, zoomTo, type Chart } from "./buckets";
import { Axis } from "./Axis";
import { Bars } from "./Bars";
import { Legend } from "./Legend";
import { Tooltip } from "./Tooltip";

interface Props {
  chart: Chart | null;
  width: number;
  zone: Zone;
  loading: boolean;
  failed: boolean;
  partial: boolean;
  onZoom: (range: { from: string; to: string }) => void;
  onZoomOut: () => void;
}

const HEIGHT = 92;
/** Pixels that the pointer must travel before a press is a drag. */
const DRAG = 4;

/** Entries over time by level. Drag to zoom in, double-click to zoom out; the arrow keys walk the bars. */
export function Histogram({ chart, width, zone, loading, failed, partial, onZoom, onZoomOut }: Props) {
  const id = useId();
  const plot = useRef<HTMLDivElement>(null);
  const [pointer, setPointer] = useState<number | null>(null);
  const [drag, setDrag] = useState<number | null>(null);
  const [walked, setWalked] = useState<number | null>(null);

  const share = (event: PointerEvent) => {
    const box = plot.current?.getBoundingClientRect();
    return box ? Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) : 0;
  };

  const onPointerUp = (event: PointerEvent) => {
    const end = share(event);
    if (chart && drag !== null && Math.abs(end - drag) * width >= DRAG) onZoom(zoomTo(chart, drag, end));
    setDrag(null);
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (!chart?.bars.length) return;
    const last = chart.bars.length - 1;
    if (event.key === "ArrowRight") setWalked(Math.min((walked ?? -1) + 1, last));
    else if (event.key === "ArrowLeft") setWalked(Math.max((walked ?? last + 1) - 1, 0));
    else if (event.key === "Escape" && walked !== null) setWalked(null);
    else if (event.key === "Enter" && walked !== null) {
      const bar = chart.bars[walked];
      if (bar) onZoom(zoomTo(chart, shareOf(chart, bar.start), shareOf(chart, bar.start)));
      setWalked(null);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const walkedBar = walked === null ? null : (chart?.bars[walked] ?? null);
  const bar = walkedBar ?? (chart && pointer !== null ? barAt(chart, pointer) : null);
  const selecting = drag !== null && pointer !== null && Math.abs(pointer - drag) * width >= DRAG;

  return (
    <section className={loading ? "histogram stale" : "histogram"} aria-label="Entries over time">
      <div
        ref={plot}
        className="plot"
        tabIndex={0}
        role="group"
        aria-label="Histogram by level. Arrow keys walk the bars, Enter zooms to one."
        aria-describedby={`${id}-text`}
        onPointerDown={(event) => {
          if (event.button !== 0 || !chart) return;
          plot.current?.setPointerCapture(event.pointerId);
          setDrag(share(event));
        }}
        onPointerMove={(event) => {
          setWalked(null);
          setPointer(share(event));
        }}
        onPointerUp={onPointerUp}
        onPointerCancel={() => setDrag(null)}
        onPointerLeave={() => setPointer(null)}
        onDoubleClick={onZoomOut}
        onKeyDown={onKeyDown}
        onBlur={() => setWalked(null)}
      >
        {chart && width > 0 && (
          <svg width={width} height={HEIGHT + 18} aria-hidden="true">
            <Bars chart={chart} width={width} height={HEIGHT} active={bar} />
            <Axis chart={chart} width={width} height={HEIGHT} zone={zone} />
            {selecting && (
              <rect
                className="selection"
                x={Math.min(drag, pointer) * width}
                width={Math.abs(pointer - drag) * width}
                y={0}
                height={HEIGHT}
              />
            )}
          </svg>
        )}
        {chart && bar && !selecting && (
          <Tooltip bar={bar} share={shareOf(chart, (bar.start + bar.end) / 2)} zone={zone} />
        )}
        {failed && !chart && <p className="plot-note">The histogram could not be loaded.</p>}
      </div>
      <div className="histogram-foot">
        <Legend totals={chart ? levelTotals(chart.bars) : []} />
        {chart && <span className="muted">{formatDuration(chart.intervalMs)} a bar</span>}
        {partial && <span className="badge warn-badge">counts are partial</span>}
        <button type="button" className="button quiet" onClick={onZoomOut} disabled={!chart}>
          <ZoomOutIcon /> Zoom out
        </button>
      </div>
      <p className="visually-hidden" aria-live="polite">
        {walkedBar &&
          `${formatInstant({ ms: walkedBar.start, nanos: 0 }, zone)}: ${countOf(walkedBar.total, "entry", "entries")}`}
      </p>
      <div id={`${id}-text`} className="visually-hidden">
        {chart ? describe(chart, zone) : "No data"}
      </div>
    </section>
  );
}

function describe(chart: Chart, zone: Zone): string {
  const at = (ms: number) => formatInstant({ ms, nanos: 0 }, zone, "s");
  const levels = levelTotals(chart.bars).map(({ level, count }) => `${formatCount(count)} ${level}`);
  const peak = chart.bars.find((bar) => bar.total === chart.highest);
  return [
    `From ${at(chart.from)} to ${at(chart.to)}, ${formatDuration(chart.intervalMs)} a bar.`,
    levels.length ? `${levels.join(", ")}.` : "No entries.",
    peak ? `Most at ${at(peak.start)}: ${formatCount(peak.total)}.` : "",
  ].join(" ");
}
