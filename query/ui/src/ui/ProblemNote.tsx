import type { Problem } from "../api/problem";
import { WarnIcon } from "./icons";
import { Sentences } from "./Sentences";
import { SuggestedQuery } from "./SuggestedQuery";

interface Props {
  id?: string;
  problem: Problem;
  /** Seconds until the next try by itself. */
  retryIn?: number | null;
  onRetry?: () => void;
  /** Takes the query that was probably meant. */
  onTake?: (query: string) => void;
}

const TITLES: Record<string, string> = {
  offline: "No connection",
  "invalid-query": "The query cannot be read",
  "invalid-parameter": "The request cannot be read",
  "store-unavailable": "The store is not available",
  "not-found": "Not found",
  "too-many-attempts": "Too many attempts",
};

export function ProblemNote({ id, problem, retryIn, onRetry, onTake }: Props) {
  return (
    <div id={id} className="note error" role="alert">
      <WarnIcon />
      <div className="note-text">
        <strong>{TITLES[problem.kind] ?? "The request failed"}</strong>
        <span>
          <Sentences text={problem.message ?? problem.detail} />
        </span>
        {problem.hint && (
          <span>
            <Sentences text={problem.hint} />
          </span>
        )}
        {problem.suggestion !== undefined && onTake && (
          <SuggestedQuery query={problem.suggestion} onTake={onTake} />
        )}
        {typeof retryIn === "number" && <span>Trying again every {retryIn} s.</span>}
      </div>
      {onRetry && (
        <button type="button" className="button" onClick={onRetry}>
          Retry
        </button>
      )}
    </div>
  );
}
