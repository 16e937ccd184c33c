import { expect, test } from "vitest";
import { fromInput, toInput } from "./local-input";

test.each(["utc", "local"] as const)("an input's time comes back in %s", (zone) => {
  for (const value of ["2023-09-15T08:00:00", "2023-09-15T08:00:00.250", "1969-07-20T20:17:40"]) {
    expect(toInput(fromInput(value, zone)!, zone)).toBe(value);
  }
});

test("a browser may leave the seconds out", () => {
  expect(fromInput("2023-09-15T08:00", "utc")).toBe("2023-09-15T08:00:00Z");
});

test("literals of other kinds", () => {
  expect(toInput("2023-09-15", "utc")).toBe("2023-09-15T00:00:00");
  expect(toInput("2023-09-15T10:00:00+02:00", "utc")).toBe("2023-09-15T08:00:00");
  expect(toInput("now-1d", "utc")).toBe("");
  expect(toInput(undefined, "utc")).toBe("");
  expect(fromInput("soon", "utc")).toBeNull();
});
