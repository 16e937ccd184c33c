import { useMemo, useRef } from "react";
import type { Bounds } from "../api/types";
import type { Zone } from "../time/timestamp";
import { useSize } from "../ui/useSize";
import { widened } from "./buckets";
import { Histogram } from "./Histogram";
import { useHistogram } from "./useHistogram";

interface Props {
  query: string;
  bounds: Bounds;
  run: number;
  zone: Zone;
  onZoom: (range: { from: string; to: string }) => void;
  /** Asked for with the range to show where no earlier one is known. */
  onZoomOut: (wider: { from: string; to: string }) => void;
}

/** Pixels a bar should have at least, its gap included. */
const BAR = 9;

export function HistogramPanel({ query, bounds, run, zone, onZoom, onZoomOut }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const { width } = useSize(box);
  // In steps, so that resizing the window does not ask the server at each pixel.
  const buckets = useMemo(() => (width ? Math.max(20, Math.floor(width / BAR / 20) * 20) : 0), [width]);
  const { chart, loading, failed, partial } = useHistogram(query, bounds, buckets, run);
  return (
    <div ref={box} className="histogram-panel">
      <Histogram
        chart={chart}
        width={width}
        zone={zone}
        loading={loading}
        failed={failed}
        partial={partial}
        onZoom={onZoom}
        onZoomOut={() => chart && onZoomOut(widened(chart))}
      />
    </div>
  );
}
