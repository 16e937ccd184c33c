import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { useState } from "react";
import { afterEach, expect, test, vi } from "vitest";
import type { TimeRange } from "../time/range";
import * as timestamp from "../time/timestamp";
import type { Zone } from "../time/timestamp";
import { TimePicker, ZoneToggle } from "./TimePicker";

afterEach(cleanup);

const DAY: TimeRange = { kind: "absolute", from: "2023-09-15T00:00:01Z", to: "2023-09-15T23:59:59Z" };

function open(range: TimeRange, zone: Zone = "utc") {
  const onRange = vi.fn();
  function Host() {
    const [shown, setShown] = useState(zone);
    return <TimePicker range={range} zone={shown} onRange={onRange} onZone={setShown} />;
  }
  render(<Host />);
  fireEvent.click(screen.getByRole("button", { name: /^Time range/ }));
  return onRange;
}

const input = (label: string) => screen.getByLabelText<HTMLInputElement>(label);

test("the form begins with the range that is shown", () => {
  open(DAY);
  expect([input("From").value, input("To, included").value]).toEqual([
    "2023-09-15T00:00:01",
    "2023-09-15T23:59:59",
  ]);
  cleanup();
  open({ kind: "relative", last: "6h" });
  const [from, to] = ["From", "To, included"].map((label) => Date.parse(`${input(label).value}Z`));
  expect(to! - from!).toBe(6 * 3_600_000);
  expect(Math.abs(Date.now() - to!)).toBeLessThan(10_000);
  cleanup();
  open({ kind: "all" });
  expect([input("From").value, input("To, included").value]).toEqual(["", ""]);
});

test("what was typed is kept, as the same time, in another zone", () => {
  vi.spyOn(timestamp, "localIsUtc").mockReturnValue(false);
  const onRange = open(DAY);
  fireEvent.change(input("From"), { target: { value: "2023-09-15T08:00:00" } });
  fireEvent.click(screen.getByRole("radio", { name: /^Local/ }));
  fireEvent.click(screen.getByRole("button", { name: "Apply" }));
  expect(onRange).toHaveBeenCalledExactlyOnceWith({ ...DAY, from: "2023-09-15T08:00:00Z" });
});

test("where local time is UTC there is no zone to choose", () => {
  vi.spyOn(timestamp, "localIsUtc").mockReturnValue(true);
  open(DAY, "local");
  expect(screen.queryByRole("radio")).toBeNull();
  expect(screen.getByText("Times are in UTC.")).toBeTruthy();
  cleanup();
  const { container } = render(<ZoneToggle zone="local" onZone={vi.fn()} now={0} />);
  expect(container.textContent).toBe("UTC");
  expect(screen.queryByRole("button")).toBeNull();
});

test("opening moves the focus in, Escape back, and leaving closes", () => {
  open({ kind: "relative", last: "15m" });
  expect(document.activeElement?.textContent).toBe("Last 15 minutes");
  fireEvent.keyDown(document.activeElement!, { key: "Escape" });
  expect(screen.queryByRole("dialog")).toBeNull();
  const toggle = screen.getByRole("button", { name: /^Time range/ });
  expect(document.activeElement).toBe(toggle);
  fireEvent.click(toggle);
  fireEvent.blur(screen.getByRole("button", { name: "Apply" }), { relatedTarget: document.body });
  expect(screen.queryByRole("dialog")).toBeNull();
});
