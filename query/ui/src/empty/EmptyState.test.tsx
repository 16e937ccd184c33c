import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { api } from "../api/client";
import type { Entry, SearchResponse } from "../api/types";
import { EmptyState } from "./EmptyState";

afterEach(cleanup);

function answer(total: number, timestamps: [string, string], partial = false) {
  vi.spyOn(api, "search").mockImplementation(({ q, order }) => {
    const timestamp = order === "asc" ? timestamps[0] : timestamps[1];
    const entry: Entry = { id: "x", receivedAt: timestamp, timestamp, message: "" };
    const found = q === "level:error" ? total : 0;
    const response: SearchResponse = {
      entries: found ? [entry] : [],
      total: found,
      partial,
      from: null,
      to: null,
      cursor: null,
    };
    return Promise.resolve(response);
  });
}

function show({ onShow = vi.fn(), onRetry = vi.fn(), partial = false } = {}) {
  render(
    <EmptyState
      query="level:error"
      range={{ kind: "relative", last: "15m" }}
      zone="utc"
      partial={partial}
      run={0}
      onRetry={onRetry}
      onShow={onShow}
    />,
  );
  return onShow;
}

test("says where the matches are and shows them, to the nanosecond", async () => {
  answer(3214, ["2023-09-10T00:00:00.000000001Z", "2023-09-15T08:00:00.123456789Z"]);
  const onShow = show();
  expect(screen.getByRole("heading").textContent).toBe("Nothing in the last 15 minutes");
  const button = await screen.findByRole("button", { name: "Show all 3,214" });
  expect(screen.getByRole("status").textContent).toContain(
    "3,214 matches between 2023-09-10 00:00:00 and 2023-09-15 08:00:00",
  );
  fireEvent.click(button);
  expect(onShow).toHaveBeenCalledWith({
    range: { kind: "absolute", from: "2023-09-10T00:00:00.000000001Z", to: "2023-09-15T08:00:00.123456789Z" },
  });
});

test("one match is one", async () => {
  answer(1, ["2023-09-15T08:00:00Z", "2023-09-15T08:00:00Z"]);
  show();
  await screen.findByRole("button", { name: "Show it" });
  expect(screen.getByRole("status").textContent).toContain("1 match at 2023-09-15 08:00:00");
});

test("a search that was cut short does not say that there is nothing, and can be run again", () => {
  answer(0, ["", ""]);
  const onRetry = vi.fn();
  show({ onRetry, partial: true });
  expect(screen.getByRole("heading").textContent).toBe("The search was cut short");
  expect(screen.getByRole("status").textContent).toContain("found nothing in the last 15 minutes until then");
  expect(screen.queryByText(/^Nothing/)).toBeNull();
  expect(api.search).not.toHaveBeenCalled();
  fireEvent.click(screen.getByRole("button", { name: "Search again" }));
  expect(onRetry).toHaveBeenCalledOnce();
});

test("a count that was cut short is a least number", async () => {
  answer(3214, ["2023-09-10T00:00:00Z", "2023-09-15T08:00:00Z"], true);
  show();
  await screen.findByRole("button", { name: "Show them" });
  expect(screen.getByRole("status").textContent).toContain("At least 3,214 matches between");
});

test("a reason that was not found in time is not made up", async () => {
  answer(0, ["", ""], true);
  show();
  expect(await screen.findByText(/could not be found out in time/)).toBeTruthy();
  expect(screen.queryByRole("heading", { name: "No entries yet" })).toBeNull();
});

test("an empty store says how to send the first entry", async () => {
  answer(0, ["", ""]);
  show();
  expect(await screen.findByRole("heading", { name: "No entries yet" })).toBeTruthy();
  expect(screen.getByText(/curl -X POST/).textContent).toContain(":3000/api/v1/logs");
});
