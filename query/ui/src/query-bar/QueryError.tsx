import type { Problem } from "../api/problem";
import { Sentences } from "../ui/Sentences";
import { SuggestedQuery } from "../ui/SuggestedQuery";

interface Props {
  id: string;
  problem: Problem;
  onTake: (suggestion: string) => void;
}

/** What is wrong with the query, what to do, and the query as it was probably meant. */
export function QueryError({ id, problem, onTake }: Props) {
  const { suggestion } = problem;
  return (
    <div id={id} className="query-error" role="alert">
      <strong>
        <Sentences text={problem.message ?? problem.detail} />
      </strong>
      {problem.hint && (
        <span>
          <Sentences text={problem.hint} />
        </span>
      )}
      {suggestion !== undefined && <SuggestedQuery query={suggestion} onTake={onTake} />}
    </div>
  );
}
