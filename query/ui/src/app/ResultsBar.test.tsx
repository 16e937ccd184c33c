import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { NO_RESULTS, type Results } from "../results/paging";
import { EMPTY_BUFFER } from "../tail/buffer";
import { DEFAULT_VIEW } from "../url-state/view-state";
import { ResultsBar } from "./ResultsBar";

afterEach(cleanup);

function show(results: Partial<Results>, refused = false) {
  const tail = {
    buffer: EMPTY_BUFFER,
    connection: "off" as const,
    setPaused: vi.fn(),
    dismissDropped: vi.fn(),
  };
  return render(
    <ResultsBar
      view={{ ...DEFAULT_VIEW, query: 'level:error "a b"' }}
      zone="utc"
      onZone={vi.fn()}
      results={{ ...NO_RESULTS, answered: true, phase: "ready", ...results }}
      tail={tail}
      paused={false}
      refused={refused}
    />,
  ).container;
}

test("the count is exact, grouped and announced", () => {
  const count = show({ total: 12345 }).querySelector(".count");
  expect(count?.textContent).toBe("12,345 entries");
  expect(count?.getAttribute("aria-live")).toBe("polite");
  cleanup();
  expect(show({ total: 1 }).querySelector(".count")?.textContent).toBe("1 entry");
});

test("a partial answer says so", () => {
  show({ total: 5, partial: true });
  expect(screen.getByText(/Partial: the query ran out of time/)).toBeTruthy();
  cleanup();
  show({ total: 5 });
  expect(screen.queryByText(/Partial/)).toBeNull();
});

test("a refused query has no count and no export", () => {
  expect(show({ total: 5, partial: true }, true).querySelector(".count")?.textContent).toBe("");
  expect(screen.queryByRole("link")).toBeNull();
});

test("what is exported is what is looked at", () => {
  show({});
  const url = new URL(screen.getByRole<HTMLAnchorElement>("link", { name: "CSV" }).href);
  expect(url.pathname).toBe("/api/v1/export");
  expect(Object.fromEntries(url.searchParams)).toEqual({
    q: 'level:error "a b"',
    order: "desc",
    from: "now-15m",
    to: "now",
    format: "csv",
  });
});
