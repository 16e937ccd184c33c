import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { api } from "../api/client";
import type { Entry, SearchResponse } from "../api/types";
import { EmptyState } from "./EmptyState";

afterEach(cleanup);

function answer(total: number, timestamps: [string, string]) {
  vi.spyOn(api, "search").mockImplementation(({ q, order }) => {
    const timestamp = order === "asc" ? timestamps[0] : timestamps[1];
    const entry: Entry = { id: "x", receivedAt: timestamp, timestamp, message: "" };
    const found = q === "level:error" ? total : 0;
    const response: SearchResponse = {
      entries: found ? [entry] : [],
      total: found,
      partial: false,
      from: null,
      to: null,
      cursor: null,
    };
    return Promise.resolve(response);
  });
}

function show(onShow = vi.fn()) {
  render(
    <EmptyState
      query="level:error"
      range={{ kind: "relative", last: "15m" }}
      zone="utc"
      run={0}
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

test("an empty store says how to send the first entry", async () => {
  answer(0, ["", ""]);
  show();
  expect(await screen.findByRole("heading", { name: "No entries yet" })).toBeTruthy();
  expect(screen.getByText(/curl -X POST/).textContent).toContain(":3000/api/v1/logs");
});
