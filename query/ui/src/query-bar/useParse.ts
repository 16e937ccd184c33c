import { useEffect, useState } from "react";
import { api } from "../api/client";
import { toProblem, type Problem } from "../api/problem";

const PAUSE = 250;

/** What is wrong with the query while it is typed; null where it is well, or the server cannot tell. */
export function useParse(text: string): Problem | null {
  const [found, setFound] = useState<{ text: string; problem: Problem | null }>({ text: "", problem: null });

  useEffect(() => {
    if (!text.trim()) return;
    const controller = new AbortController();
    const timer = setTimeout(() => {
      api
        .parse(text, controller.signal)
        .then(() => setFound({ text, problem: null }))
        .catch((error: unknown) => {
          if (controller.signal.aborted) return;
          const problem = toProblem(error);
          setFound({ text, problem: problem.kind === "invalid-query" ? problem : null });
        });
    }, PAUSE);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [text]);

  return text.trim() && found.text === text ? found.problem : null;
}
