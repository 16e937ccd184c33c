import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { api } from "../api/client";
import type { Entry } from "../api/types";
import { Surroundings } from "./Surroundings";

afterEach(cleanup);

const ENTRY: Entry = {
  id: "x",
  receivedAt: "2023-09-15T08:00:00Z",
  timestamp: "2023-09-15T08:00:00Z",
  message: "the entry",
};

function show(partial: boolean) {
  vi.spyOn(api, "context").mockResolvedValue({ before: [], entry: ENTRY, after: [], partial });
  render(<Surroundings entry={ENTRY} zone="utc" onOpen={vi.fn()} />);
  return screen.findByText("the entry");
}

test("neighbours that may be missing are said to be", async () => {
  await show(true);
  expect(screen.getByRole("status").textContent).toContain("entries may be missing here");
});

test("a whole answer says nothing of what is missing", async () => {
  await show(false);
  expect(screen.queryByRole("status")).toBeNull();
});
