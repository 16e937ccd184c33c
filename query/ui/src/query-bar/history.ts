const KEY = "logpipeline.query-history";
const LIMIT = 50;

/** Queries that were run, newest first. A browser that keeps nothing has an empty history. */
export function loadHistory(): string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(stored) ? stored.filter((item) => typeof item === "string") : [];
  } catch {
    return [];
  }
}

export function remember(query: string): void {
  const text = query.trim();
  if (!text) return;
  const history = [text, ...loadHistory().filter((item) => item !== text)].slice(0, LIMIT);
  try {
    localStorage.setItem(KEY, JSON.stringify(history));
  } catch {
    // Private windows and full stores refuse; the history is a convenience.
  }
}
