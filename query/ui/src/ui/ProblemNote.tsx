import type { Problem } from "../api/problem";
import { WarnIcon } from "./icons";

interface Props {
  problem: Problem;
  /** Seconds until the next try by itself. */
  retryIn?: number | null;
  onRetry?: () => void;
}

const TITLES: Record<string, string> = {
  offline: "No connection",
  "invalid-query": "The query cannot be read",
  "invalid-parameter": "The request cannot be read",
  "store-unavailable": "The store is not available",
  "not-found": "Not found",
};

export function ProblemNote({ problem, retryIn, onRetry }: Props) {
  return (
    <div className="note error" role="alert">
      <WarnIcon />
      <div className="note-text">
        <strong>{TITLES[problem.kind] ?? "The request failed"}</strong>
        <span>{problem.detail}</span>
        {problem.hint && <span className="muted">{problem.hint}</span>}
        {typeof retryIn === "number" && <span className="muted">Trying again every {retryIn} s.</span>}
      </div>
      {onRetry && (
        <button type="button" className="button" onClick={onRetry}>
          Retry
        </button>
      )}
    </div>
  );
}
