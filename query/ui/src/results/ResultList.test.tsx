import { cleanup, render, screen } from "@testing-library/react";
import { createRef } from "react";
import { afterEach, expect, test, vi } from "vitest";
import type { Order } from "../api/types";
import { ResultList } from "./ResultList";

afterEach(cleanup);

test.each([
  ["desc", false, "Time ↓ newest first", "descending"],
  ["asc", false, "Time ↑ oldest first", "ascending"],
  ["desc", true, "Time ↓ as they arrive", "other"],
] as const)("the header of %s, live %s, says how the rows are ordered", (order: Order, live, text, sort) => {
  render(
    <ResultList
      entries={[]}
      total={0}
      zone="utc"
      order={order}
      live={live}
      onOrder={vi.fn()}
      highlight={null}
      active={-1}
      expanded={-1}
      stale={false}
      onToggle={vi.fn()}
      onWalk={vi.fn()}
      onReached={vi.fn()}
      onScrolled={vi.fn()}
      listRef={createRef()}
      renderDetail={() => null}
      end={null}
    />,
  );
  const header = screen.getByRole("columnheader", { name: /^Time/ });
  expect(header.textContent).toBe(text);
  expect(header.getAttribute("aria-sort")).toBe(sort);
});
