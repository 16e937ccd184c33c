import { useEffect } from "react";
import { SEARCHABLE } from "./useTail";

/** Searches when the tail ends, and again when all that it showed can be found: what was seen stays to be seen. */
export function useSearchAfter(tailing: boolean, search: () => void): void {
  useEffect(() => {
    if (!tailing) return;
    return () => {
      search();
      setTimeout(search, SEARCHABLE);
    };
  }, [tailing, search]);
}
