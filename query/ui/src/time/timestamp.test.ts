import { describe, expect, test, vi } from "vitest";
import {
  compareInstants,
  formatDuration,
  formatTimestamp,
  parseTimestamp,
  toLiteral,
  localIsUtc,
  zoneLabel,
} from "./timestamp";

describe("parsing", () => {
  test("keeps nanoseconds", () => {
    expect(parseTimestamp("2023-09-15T08:00:00.123456789Z")).toEqual({
      ms: Date.UTC(2023, 8, 15, 8, 0, 0, 123),
      nanos: 456_789,
    });
  });

  test("fills up shorter fractions", () => {
    expect(parseTimestamp("1970-01-01T00:00:00.5Z")).toEqual({ ms: 500, nanos: 0 });
    expect(parseTimestamp("1970-01-01T00:00:00.0000005Z")).toEqual({ ms: 0, nanos: 500 });
  });

  test("applies the offset", () => {
    expect(parseTimestamp("2023-09-15T10:00:00+02:00")?.ms).toBe(Date.UTC(2023, 8, 15, 8));
  });

  test("goes before 1970", () => {
    expect(parseTimestamp("1969-12-31T23:59:59.999999999Z")).toEqual({ ms: -1, nanos: 999_999 });
  });

  test.each(["", "now-15m", "2023-09-15", "2023-13-01T00:00:00Z", "2023-09-15T08:00:00"])(
    "refuses %j",
    (text) => {
      expect(parseTimestamp(text)).toBeNull();
    },
  );
});

test("instants are ordered by nanosecond", () => {
  const order = [
    "2023-01-01T00:00:00.000000001Z",
    "2023-01-01T00:00:00.000000002Z",
    "2023-01-01T00:00:00.001Z",
  ];
  const [a, b, c] = order.map((text) => parseTimestamp(text)!);
  expect(compareInstants(a!, b!)).toBeLessThan(0);
  expect(compareInstants(b!, c!)).toBeLessThan(0);
});

describe("formatting", () => {
  test("to the millisecond in lists, to the nanosecond in detail", () => {
    const text = "2023-09-15T08:00:00.000000042Z";
    expect(formatTimestamp(text, "utc")).toBe("2023-09-15 08:00:00.000");
    expect(formatTimestamp(text, "utc", "ns")).toBe("2023-09-15 08:00:00.000000042");
    expect(formatTimestamp(text, "utc", "s")).toBe("2023-09-15 08:00:00");
  });

  test("before 1970 the fraction still counts up", () => {
    expect(formatTimestamp("1969-12-31T23:59:59.250000001Z", "utc", "ns")).toBe(
      "1969-12-31 23:59:59.250000001",
    );
  });

  test("what is no time is shown as it is", () => {
    expect(formatTimestamp("yesterday", "utc")).toBe("yesterday");
  });

  test("local time is the wall clock's", () => {
    const at = new Date(2024, 5, 1, 13, 45, 6, 7);
    expect(formatTimestamp(at.toISOString(), "local")).toBe("2024-06-01 13:45:06.007");
  });

  test("literals have no needless fraction and stay within the years of RFC 3339", () => {
    expect(toLiteral(0)).toBe("1970-01-01T00:00:00Z");
    expect(toLiteral(1)).toBe("1970-01-01T00:00:00.001Z");
    expect(toLiteral(1e18)).toBe("9999-12-31T23:59:59.999Z");
    expect(toLiteral(-1e18)).toBe("0000-01-01T00:00:00Z");
  });

  test.each([
    [1, "1 ms"],
    [1500, "1.5 s"],
    [30_000, "30 s"],
    [300_000, "5 min"],
    [5_400_000, "1 h 30 min"],
    [172_800_000, "2 d"],
  ])("%d ms lasts %s", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  test("the zone is named", () => {
    expect(zoneLabel("utc", 0)).toBe("UTC");
    inZone("Europe/Berlin", -120);
    expect(zoneLabel("local", 0)).toBe("UTC+02:00 Europe/Berlin");
    inZone("America/St_Johns", 210);
    expect(zoneLabel("local", 0)).toBe("UTC−03:30 America/St_Johns");
    inZone("Europe/London", 0);
    expect(zoneLabel("local", 0)).toBe("UTC+00:00 Europe/London");
  });

  test.each(["UTC", "Etc/UTC", "GMT", "Etc/GMT"])("local time that is %s is UTC", (name) => {
    inZone(name, 0);
    expect(localIsUtc()).toBe(true);
    expect(zoneLabel("local", 0)).toBe("UTC");
  });

  test.each(["Europe/London", "Africa/Abidjan", "Etc/GMT+1"])("local time of %s is not", (name) => {
    inZone(name, 0);
    expect(localIsUtc()).toBe(false);
  });
});

function inZone(timeZone: string, offset: number) {
  const options = new Intl.DateTimeFormat().resolvedOptions();
  vi.spyOn(Intl.DateTimeFormat.prototype, "resolvedOptions").mockReturnValue({ ...options, timeZone });
  vi.spyOn(Date.prototype, "getTimezoneOffset").mockReturnValue(offset);
}
