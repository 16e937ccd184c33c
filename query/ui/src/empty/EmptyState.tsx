import { useEffect, useState } from "react";
import { api } from "../api/client";
import { boundsOf, rangePhrase, type TimeRange } from "../time/range";
import { formatTimestamp, type Zone } from "../time/timestamp";
import { CopyButton } from "../ui/CopyButton";
import { countOf, formatCount } from "../ui/format";
import { explain, type Explanation } from "./explain";

interface Props {
  query: string;
  range: TimeRange;
  zone: Zone;
  /** The search ran out of time, so that finding nothing proves nothing. */
  partial: boolean;
  /** Changes when the search ran again. */
  run: number;
  onRetry: () => void;
  onShow: (change: { query?: string; range?: TimeRange }) => void;
}

/** Says why nothing was found, and offers the way to what there is. */
export function EmptyState({ query, range, zone, partial, run, onRetry, onShow }: Props) {
  const [found, setFound] = useState<{ query: string; explanation: Explanation } | null>(null);
  const { from, to } = boundsOf(range);

  useEffect(() => {
    // Reasons are searched for over all time, which would be cut short too.
    if (partial) return;
    const controller = new AbortController();
    explain(api, query, { ...(from && { from }), ...(to && { to }) }, controller.signal)
      .then((explanation) => setFound({ query, explanation }))
      .catch(() => {
        if (!controller.signal.aborted) setFound(null);
      });
    return () => controller.abort();
  }, [query, from, to, partial, run]);

  if (partial) return <CutShort range={range} zone={zone} onRetry={onRetry} />;
  const explanation = found?.query === query ? found.explanation : null;
  return (
    <div className="empty" role="status">
      {explanation?.kind === "empty-store" ? (
        <FirstEntry />
      ) : (
        <>
          <h2>Nothing {rangePhrase(range, zone)}</h2>
          {explanation && <Reason explanation={explanation} range={range} zone={zone} onShow={onShow} />}
        </>
      )}
    </div>
  );
}

function CutShort({ range, zone, onRetry }: Pick<Props, "range" | "zone" | "onRetry">) {
  return (
    <div className="empty" role="status">
      <h2>The search was cut short</h2>
      <p>
        It ran out of time and had found nothing {rangePhrase(range, zone)} until then; there may be entries.
        Narrow the time range, name a field or a whole word, or search again.
        <button type="button" className="button primary" onClick={onRetry}>
          Search again
        </button>
      </p>
    </div>
  );
}

function Reason({
  explanation,
  range,
  zone,
  onShow,
}: {
  explanation: Explanation;
  range: TimeRange;
  zone: Zone;
  onShow: Props["onShow"];
}) {
  switch (explanation.kind) {
    case "elsewhere": {
      const { total, earliest, latest, atLeast } = explanation;
      return (
        <p>
          {atLeast && "At least "}
          {countOf(total, "match", "matches")}{" "}
          {earliest === latest ? (
            <>at {formatTimestamp(earliest, zone, "s")}</>
          ) : (
            <>
              between {formatTimestamp(earliest, zone, "s")} and {formatTimestamp(latest, zone, "s")}
            </>
          )}
          <button
            type="button"
            className="button primary"
            onClick={() => onShow({ range: { kind: "absolute", from: earliest, to: latest } })}
          >
            Show {atLeast ? "them" : total === 1 ? "it" : `all ${formatCount(total)}`}
          </button>
        </p>
      );
    }
    case "clause":
      return (
        <p>
          Without <code>{explanation.clause}</code> there are {explanation.atLeast && "at least "}
          {countOf(explanation.total, "match", "matches")}{" "}
          {explanation.inRange ? rangePhrase(range, zone) : "at any time"}.
          <button
            type="button"
            className="button primary"
            onClick={() =>
              onShow({ query: explanation.without, ...(!explanation.inRange && { range: { kind: "all" } }) })
            }
          >
            Remove it
          </button>
        </p>
      );
    case "nothing":
      return <p>No entry matches this query at any time. Check the spelling of names and values.</p>;
    case "unknown":
      return <p>Whether there are matches at another time could not be found out in time.</p>;
    case "empty-store":
      return null;
  }
}

function FirstEntry() {
  const host = location.hostname || "localhost";
  const command = [
    `curl -X POST http://${host}:3000/api/v1/logs \\`,
    `  -H 'content-type: application/json' \\`,
    `  -d '{"level":"info","message":"hello","resourceId":"server-1"}'`,
  ].join("\n");
  return (
    <>
      <h2>No entries yet</h2>
      <p>Send the first one to the ingestor, which listens on port 3000 unless configured otherwise:</p>
      <pre className="snippet">{command}</pre>
      <CopyButton text={() => command} label="Copy the command" />
    </>
  );
}
