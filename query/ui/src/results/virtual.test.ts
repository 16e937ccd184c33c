import { describe, expect, test } from "vitest";
import { offsetOf, scrollFor, totalHeight, windowAt, type ListLayout } from "./virtual";

const plain: ListLayout = { count: 100_000, rowHeight: 20, expanded: -1, panelHeight: 0 };
const open: ListLayout = { ...plain, expanded: 10, panelHeight: 300 };

describe("the window", () => {
  test("holds what is seen and a little more, however long the list", () => {
    expect(windowAt(plain, 0, 200, 5)).toEqual({ first: 0, last: 16 });
    expect(windowAt(plain, 1_000_000, 200, 5)).toEqual({ first: 49_995, last: 50_016 });
    expect(windowAt(plain, totalHeight(plain) - 200, 200, 5)).toEqual({ first: 99_985, last: 100_000 });
  });

  test("of nothing is empty", () => {
    expect(windowAt({ ...plain, count: 0 }, 0, 500)).toEqual({ first: 0, last: 0 });
  });

  test("covers every pixel, with a panel open too", () => {
    for (const layout of [plain, open]) {
      for (let top = 0; top < 2000; top += 7) {
        const { first, last } = windowAt(layout, top, 100, 0);
        expect(offsetOf(layout, first)).toBeLessThanOrEqual(top);
        expect(offsetOf(layout, last)).toBeGreaterThanOrEqual(top + 100);
      }
    }
  });

  test("keeps the expanded row while its panel is seen", () => {
    const { first, last } = windowAt(open, 11 * 20 + 100, 50, 0);
    expect(first).toBe(10);
    expect(last).toBe(11);
  });
});

test("the panel moves the rows below it only", () => {
  expect(offsetOf(open, 10)).toBe(200);
  expect(offsetOf(open, 11)).toBe(520);
  expect(totalHeight(open)).toBe(2_000_300);
});

describe("scrolling to a row", () => {
  test("is not needed where it is seen", () => {
    expect(scrollFor(plain, 5, 0, 200)).toBeNull();
  });
  test("goes up to its top, down to its end", () => {
    expect(scrollFor(plain, 5, 400, 200)).toBe(100);
    expect(scrollFor(plain, 50, 0, 200)).toBe(820);
  });
  test("shows the panel too, the row staying in sight", () => {
    expect(scrollFor(open, 10, 0, 200)).toBe(200);
    expect(scrollFor(open, 10, 0, 400)).toBe(120);
  });
});
