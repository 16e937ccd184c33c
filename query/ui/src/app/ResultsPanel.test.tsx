import { cleanup, render } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import { ListEnd } from "./ResultsPanel";

afterEach(cleanup);

test("the end of a list that was cut short does not say that there are no more entries", () => {
  const text = (partial: boolean) => render(<ListEnd partial={partial} />).container.textContent;
  expect(text(false)).toBe("No more entries");
  expect(text(true)).toContain("there may be more entries. Narrow the time range or the query.");
});
