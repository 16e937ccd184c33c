import { useCallback, useState } from "react";

/** A viewer's own setting, one of `choices`, kept by the browser where it keeps things. */
export function useStored<T extends string>(
  name: string,
  choices: readonly T[],
  initial: T,
): [T, (value: T) => void] {
  const key = `logpipeline.${name}`;
  const [value, setValue] = useState<T>(() => {
    try {
      const stored = localStorage.getItem(key);
      return choices.find((choice) => choice === stored) ?? initial;
    } catch {
      return initial;
    }
  });
  const store = useCallback(
    (next: T) => {
      setValue(next);
      try {
        localStorage.setItem(key, next);
      } catch {
        // It then lasts as long as the page.
      }
    },
    [key],
  );
  return [value, store];
}
