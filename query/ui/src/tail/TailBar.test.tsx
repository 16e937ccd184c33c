import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import { TailState } from "./TailBar";

afterEach(cleanup);

test("each state of the tail is announced by one place that stays", () => {
  const { rerender } = render(<TailState connection="off" paused={false} />);
  const status = screen.getByRole("status");
  expect(status.textContent).toBe("");
  const says = (connection: "connecting" | "live" | "reconnecting", paused = false) => {
    rerender(<TailState connection={connection} paused={paused} />);
    expect(screen.getByRole("status")).toBe(status);
    return status.textContent.trim();
  };
  expect(says("connecting")).toBe("Connecting…");
  expect(says("live")).toBe("Live");
  expect(says("live", true)).toBe("Live, paused");
  expect(says("reconnecting")).toBe("Connection lost, reconnecting…");
});
