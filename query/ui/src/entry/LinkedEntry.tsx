import { useEffect, useState, type ReactNode } from "react";
import { api } from "../api/client";
import { toProblem, type Problem } from "../api/problem";
import type { Entry } from "../api/types";

interface Props {
  id: string;
  onClose: () => void;
  children: (entry: Entry) => ReactNode;
}

/** The entry that the URL names, where the list does not hold it. */
export function LinkedEntry({ id, onClose, children }: Props) {
  const [found, setFound] = useState<{ id: string; entry?: Entry; problem?: Problem } | null>(null);

  useEffect(() => {
    const controller = new AbortController();
    api
      .entry(id, controller.signal)
      .then((entry) => setFound({ id, entry }))
      .catch((error: unknown) => {
        if (!controller.signal.aborted) setFound({ id, problem: toProblem(error) });
      });
    return () => controller.abort();
  }, [id]);

  if (found?.id !== id) return null;
  return (
    <section className="linked" aria-label="Linked entry">
      <p className="linked-title">
        {found.entry
          ? "The linked entry is not among the rows below."
          : "The linked entry could not be shown: "}
        {found.problem && (
          <>
            {found.problem.detail}{" "}
            <button type="button" className="button" onClick={onClose}>
              Dismiss
            </button>
          </>
        )}
      </p>
      {found.entry && children(found.entry)}
    </section>
  );
}
