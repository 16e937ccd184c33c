import { useEffect, useState } from "react";
import { api } from "../api/client";
import { toProblem, type Problem } from "../api/problem";
import type { ContextResponse, Entry } from "../api/types";
import { quoteText } from "../filters/quote";
import { LevelBadge } from "../results/LevelBadge";
import { formatTimestamp, type Zone } from "../time/timestamp";
import { toOneLine } from "../ui/format";
import { WarnIcon } from "../ui/icons";
import { ProblemNote } from "../ui/ProblemNote";

interface Props {
  entry: Entry;
  zone: Zone;
  onOpen: (id: string) => void;
}

const STEP = 10;
const MOST = 200;

/** What was logged right before and after, whatever the query. */
export function Surroundings({ entry, zone, onOpen }: Props) {
  const [count, setCount] = useState(STEP);
  const [sameResource, setSameResource] = useState(false);
  const [context, setContext] = useState<ContextResponse | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const q = sameResource && entry.resourceId !== undefined ? `resourceId=${quoteText(entry.resourceId)}` : "";

  useEffect(() => {
    const controller = new AbortController();
    api
      .context(entry.id, { before: count, after: count, q }, controller.signal)
      .then((response) => {
        setContext(response);
        setProblem(null);
      })
      .catch((error: unknown) => {
        if (!controller.signal.aborted) setProblem(toProblem(error));
      });
    return () => controller.abort();
  }, [entry.id, count, q]);

  if (problem) return <ProblemNote problem={problem} />;
  if (!context) return <p className="muted detail-note">Loading…</p>;
  const rows = [...context.before, context.entry, ...context.after];
  return (
    <div className="surroundings">
      <div className="surroundings-bar">
        <span className="muted">Oldest first</span>
        {entry.resourceId !== undefined && (
          <label>
            <input type="checkbox" checked={sameResource} onChange={() => setSameResource(!sameResource)} />
            Only {entry.resourceId}
          </label>
        )}
        <button type="button" className="button" disabled={count >= MOST} onClick={() => setCount(count * 2)}>
          Show more
        </button>
      </div>
      {context.partial && (
        <p className="detail-note" role="status">
          <span className="badge warn-badge">
            <WarnIcon /> Partial: the search ran out of time, entries may be missing here. Show fewer, or only
            those of one resource.
          </span>
        </p>
      )}
      <ol>
        {rows.map((row) => (
          <li key={row.id} aria-current={row.id === entry.id || undefined}>
            <button type="button" disabled={row.id === entry.id} onClick={() => onOpen(row.id)}>
              <time>{formatTimestamp(row.timestamp, zone)}</time>
              <LevelBadge level={row.level} />
              <span className="surrounding-resource">{row.resourceId}</span>
              <span className="surrounding-message">{toOneLine(row.message.slice(0, 500))}</span>
            </button>
          </li>
        ))}
      </ol>
    </div>
  );
}
