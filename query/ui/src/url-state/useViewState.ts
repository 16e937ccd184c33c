import { useCallback, useEffect, useState } from "react";
import { decodeView, encodeView, type ViewState } from "./view-state";

/** `replace` changes the view in place, so that "back" does not stop at it. */
export type Navigate = (change: Partial<ViewState>, how?: "push" | "replace") => void;

/** The view as the address bar has it; it follows "back" and "forward". */
export function useViewState(): [ViewState, Navigate] {
  const [view, setView] = useState(() => decodeView(location.search));

  useEffect(() => {
    const follow = () => setView(decodeView(location.search));
    addEventListener("popstate", follow);
    return () => removeEventListener("popstate", follow);
  }, []);

  const navigate = useCallback<Navigate>((change, how = "push") => {
    const next = { ...decodeView(location.search), ...change };
    const url = `${location.pathname}?${encodeView(next)}`;
    if (url !== location.pathname + location.search) {
      if (how === "push") history.pushState(null, "", url);
      else history.replaceState(null, "", url);
    }
    setView(next);
  }, []);

  return [view, navigate];
}
