import { useEffect, useState } from "react";
import { api } from "../api/client";
import type { Bounds } from "../api/types";
import {
  completionAt,
  fieldSuggestions,
  valueSuggestions,
  type Completion,
  type Suggestion,
} from "./completion";

export interface Suggestions {
  completion: Completion;
  items: Suggestion[];
}

const PAUSE = 150;
/** Completing these would list whole messages and instants. */
const WITHOUT_VALUES = new Set(["message", "timestamp", "receivedAt", "id"]);

/** What could stand at the caret; null where there is nothing to suggest. `caret` null means: don't. */
export function useSuggestions(text: string, caret: number | null, bounds: Bounds): Suggestions | null {
  const [found, setFound] = useState<(Suggestions & { text: string; caret: number }) | null>(null);
  const { from, to } = bounds;

  useEffect(() => {
    if (caret === null) return;
    const completion = completionAt(text, caret);
    if (!completion || (completion.kind === "value" && WITHOUT_VALUES.has(completion.field))) return;
    const controller = new AbortController();
    const within = { ...(from && { from }), ...(to && { to }) };
    const ask = async (): Promise<Suggestion[]> => {
      if (completion.kind === "field") {
        const { fields } = await api.fields(within, controller.signal);
        return fieldSuggestions(fields, completion.prefix);
      }
      const { prefix, field } = completion;
      const { values } = await api.values(field, { ...within, prefix, limit: 10 }, controller.signal);
      return valueSuggestions(values, prefix);
    };
    const timer = setTimeout(() => {
      ask()
        .then((items) => setFound({ completion, items, text, caret }))
        .catch(() => undefined);
    }, PAUSE);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [text, caret, from, to]);

  return found?.text === text && found.caret === caret && found.items.length ? found : null;
}
