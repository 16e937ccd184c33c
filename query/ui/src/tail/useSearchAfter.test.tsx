import { renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { useSearchAfter } from "./useSearchAfter";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test("the end of the tail is searched for at once, and when its last entries can be found", () => {
  const search = vi.fn();
  const { rerender } = renderHook(({ on }) => useSearchAfter(on, search), { initialProps: { on: false } });
  rerender({ on: true });
  vi.advanceTimersByTime(60_000);
  expect(search).not.toHaveBeenCalled();
  rerender({ on: false });
  expect(search).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(60_000);
  expect(search).toHaveBeenCalledTimes(2);
});
