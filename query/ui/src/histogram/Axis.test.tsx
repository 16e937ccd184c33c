import { cleanup, render } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import { Axis } from "./Axis";
import { Bars } from "./Bars";
import type { Chart } from "./buckets";

afterEach(cleanup);

test("the peak's count stands above every bar, within the plot", () => {
  const chart: Chart = {
    from: 0,
    to: 60_000,
    intervalMs: 30_000,
    bars: [
      { start: 0, end: 30_000, total: 1, levels: { info: 1 } },
      { start: 30_000, end: 60_000, total: 1200, levels: { error: 700, info: 500 } },
    ],
    highest: 1200,
  };
  const { container } = render(
    <svg>
      <Bars chart={chart} width={600} height={92} active={null} />
      <Axis chart={chart} width={600} height={92} zone="utc" />
    </svg>,
  );
  const peak = container.querySelector(".peak")!;
  expect(peak.textContent).toBe("peak 1,200");
  const baseline = Number(peak.getAttribute("y"));
  const tops = [...container.querySelectorAll(".bar rect")].map((bar) => Number(bar.getAttribute("y")));
  expect(tops).toHaveLength(3);
  expect(baseline).toBeLessThan(Math.min(...tops));
  // The text is 10.5 pixels high.
  expect(baseline).toBeGreaterThanOrEqual(10);
});
