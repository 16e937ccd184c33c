import { useState } from "react";
import { api } from "../api/client";
import type { Results } from "../results/paging";
import { TailState } from "../tail/TailBar";
import type { Tail } from "../tail/useTail";
import { boundsOf } from "../time/range";
import type { Zone } from "../time/timestamp";
import { ZoneToggle } from "../time-picker/TimePicker";
import { countOf, formatCount } from "../ui/format";
import { WarnIcon } from "../ui/icons";
import type { ViewState } from "../url-state/view-state";

interface Props {
  view: ViewState;
  zone: Zone;
  onZone: (zone: Zone) => void;
  results: Results;
  tail: Tail;
  paused: boolean;
  refused: boolean;
}

export function ResultsBar({ view, zone, onZone, results, tail, paused, refused }: Props) {
  const [opened] = useState(() => Date.now());
  const { query: q, order } = view;
  const { arrived } = tail.buffer;
  const exported = { q, order, ...boundsOf(view.range) };
  return (
    <div className="results-bar">
      {/* While entries pour in, announcing each would drown everything else. */}
      <span className="count" role="status" aria-live={view.tail ? "off" : "polite"}>
        {results.answered && !refused && (
          <>
            <strong>{countOf(results.total, "entry", "entries")}</strong>
            {view.tail && arrived > 0 && <span className="muted"> + {formatCount(arrived)} live</span>}
          </>
        )}
      </span>
      {results.tookMs !== null && !refused && (
        <span className="muted took">{formatCount(results.tookMs)} ms</span>
      )}
      <span role="status">
        {results.partial && !refused && (
          <span className="badge warn-badge">
            <WarnIcon /> Partial: the query ran out of time, there may be more. Narrow the time range or the
            query.
          </span>
        )}
      </span>
      <TailState connection={tail.connection} paused={paused} />
      <span className="spacer" />
      {!refused && (
        <span className="exports">
          <span className="muted">Export</span>
          {(["ndjson", "csv"] as const).map((format) => (
            <a key={format} href={api.exportUrl({ ...exported, format })} download={`logs.${format}`}>
              {format.toUpperCase()}
            </a>
          ))}
        </span>
      )}
      {!refused && <ZoneToggle zone={zone} onZone={onZone} now={opened} />}
    </div>
  );
}
