import { useState } from "react";

/** What is being typed; it starts anew when the query that runs becomes another. */
export function useDraft(query: string): [string, (text: string) => void] {
  const [draft, setDraft] = useState({ query, text: query });
  if (draft.query !== query) setDraft({ query, text: query });
  return [draft.query === query ? draft.text : query, (text) => setDraft({ query, text })];
}
