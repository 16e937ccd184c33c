import { useEffect } from "react";
import { isPassing, type Problem } from "../api/problem";

const EVERY = 5;

/** Tries again by itself while the problem is one that passes. Answers the seconds between two tries. */
export function useRetry(problem: Problem | null, retry: () => void): number | null {
  const passing = problem !== null && isPassing(problem);
  useEffect(() => {
    if (!passing) return;
    const timer = setInterval(retry, EVERY * 1000);
    return () => clearInterval(timer);
  }, [passing, retry]);
  return passing ? EVERY : null;
}
