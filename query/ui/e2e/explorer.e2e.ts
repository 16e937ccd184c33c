import { readFile } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { NumberLiteral } from "../src/api/json";
import { clauseFor, type Scalar } from "../src/filters/edit";
import { complaints, count, launch, openPage, param, picture, rows, until, view } from "./browser";
import { ingest, total, untilFound } from "./servers";

const SAMPLE = {
  level: "error",
  message: "Failed to connect to DB",
  resourceId: "server-1234",
  timestamp: "2023-09-15T08:00:00Z",
  traceId: "abc-xyz-123",
  spanId: "span-456",
  commit: "5e5342f",
  metadata: { parentResourceId: "server-0987" },
};
const SAMPLE_QUERY = 'level:error message:"Failed to connect" resourceId:server-1234';
/** Tells this run's entries from those of earlier ones. */
const RUN = `run-${Date.now().toString(36)}`;
const HOUR = Array.from({ length: 60 }, (_, minute) => ({
  ...SAMPLE,
  level: minute % 3 ? "info" : "error",
  resourceId: minute % 2 ? "even-1" : "odd 2",
  timestamp: `2023-09-14T10:${String(minute).padStart(2, "0")}:30.000000${String(minute).padStart(3, "0")}Z`,
  metadata: { run: RUN, minute },
}));
const HOUR_VIEW = { q: `metadata.run:${RUN}`, from: "2023-09-14T10:00:00Z", to: "2023-09-14T10:59:59Z" };
const MANY = 3000;

let browser: Browser;
let page: Page;

beforeAll(async () => {
  browser = await launch();
  page = await openPage(browser);
  await ingest(SAMPLE);
  await ingest(...HOUR);
  const many = Array.from({ length: MANY }, (_, index) => ({
    message: `row ${index}`,
    timestamp: `2023-09-13T00:00:00.${String(index).padStart(6, "0")}Z`,
    metadata: { many: RUN },
  }));
  await ingest(...many);
  await untilFound(SAMPLE_QUERY, 1);
  await untilFound(`metadata.run:${RUN}`, HOUR.length);
  await untilFound(`metadata.many:${RUN}`, MANY);
});

afterAll(() => browser.close());

afterEach(async ({ task }) => {
  if (task.result?.state === "fail") await picture(page, "failed");
});

test("the empty result leads to the sample entry", async () => {
  await view(page, {});
  await page.locator(".count strong").waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type(SAMPLE_QUERY);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Nothing in the last 15 minutes" }).waitFor();
  const show = page.getByRole("button", { name: /^Show (it|all)/ });
  await show.waitFor();
  await picture(page, "empty");
  await show.click();
  const first = rows(page).first();
  await first.waitFor();
  expect(await first.locator(".cell-time").textContent()).toBe("2023-09-15 08:00:00.000");
  expect(await first.locator(".cell-level").textContent()).toBe("error");
  expect(await first.locator(".cell-resource").textContent()).toBe("server-1234");
  expect(await first.locator(".cell-message").textContent()).toBe("Failed to connect to DB");
  expect(await first.locator("mark").textContent()).toBe("Failed to connect");
  expect(await count(page)).toBe(await total(SAMPLE_QUERY));
  await picture(page, "sample");
});

test("a mistake in the query is underlined and explained while it is typed", async () => {
  await view(page, { range: "all" });
  const input = page.getByRole("combobox", { name: "Query" });
  await input.fill('Zürich level:(error "open');
  await page.locator(".query-error").waitFor();
  expect(await page.locator(".query-mirror mark").count()).toBe(1);
  expect(await input.getAttribute("aria-invalid")).toBe("true");
  await picture(page, "query-error");

  await page.keyboard.press("Enter");
  await page.locator(".note.error").waitFor();
  await page.locator(".query-error").waitFor({ state: "detached" });
  expect(await page.getByRole("alert").count()).toBe(1);
  expect(await page.getByRole("alert").innerText()).toMatch(/^The query cannot be read\n[A-Z]/);
  await picture(page, "query-refused");
});

test("dragging over the histogram zooms in, back and double-click zoom out", async () => {
  await view(page, HOUR_VIEW);
  await rows(page).first().waitFor();
  expect(await count(page)).toBe(60);
  await page.locator(".plot .bar").first().waitFor();
  await dragPlot(0.25, 0.5);
  await until(
    () => count(page),
    (shown) => shown < 60,
    "the count after zooming",
  );
  const [from, to] = [param(page, "from")?.slice(0, 19) ?? "", param(page, "to")?.slice(0, 19) ?? ""];
  const inside = HOUR.map(({ timestamp }) => timestamp.slice(0, 19)).filter(
    (time) => from <= time && time <= to,
  );
  expect(inside.length).toBeGreaterThanOrEqual(14);
  expect(inside.length).toBeLessThanOrEqual(18);
  expect(await count(page)).toBe(inside.length);
  await picture(page, "zoomed");

  await page.goBack();
  await until(
    () => count(page),
    (shown) => shown === 60,
    "the count after going back",
  );
  await page.goForward();
  await until(
    () => count(page),
    (shown) => shown === inside.length,
    "the count after going forward",
  );

  await page.locator(".plot").dblclick();
  await until(
    () => count(page),
    (shown) => shown > inside.length,
    "the count after a double-click",
  );
});

test("a row opens to all of its fields, and its URL opens it again", async () => {
  await view(page, HOUR_VIEW);
  await rows(page).nth(2).click();
  const detail = page.getByRole("region", { name: "Entry" });
  await detail.waitFor();
  const table = await detail.locator("table").innerText();
  expect(table).toContain("2023-09-14 10:57:30.000000057");
  expect(table).toContain("metadata.minute");
  await picture(page, "expanded");

  const url = page.url();
  expect(param(page, "entry")).not.toBeNull();
  await page.reload();
  await detail.waitFor();
  expect(page.url()).toBe(url);
  expect(await detail.locator("table").innerText()).toBe(table);

  await detail.getByRole("button", { name: "JSON", exact: true }).click();
  const json = JSON.parse((await detail.locator("pre").textContent()) ?? "") as typeof SAMPLE;
  expect(json).toMatchObject({
    timestamp: "2023-09-14T10:57:30.000000057Z",
    metadata: { run: RUN, minute: 57 },
  });

  await detail.getByRole("button", { name: "Surroundings" }).click();
  const times = detail.locator(".surroundings li time");
  await times.nth(5).waitFor();
  const around = await times.allTextContents();
  expect(around.length).toBeGreaterThan(5);
  expect(around).toEqual([...around].sort());
  await picture(page, "surroundings");

  await page.keyboard.press("Escape");
  await detail.waitFor({ state: "detached" });
  expect(param(page, "entry")).toBeNull();
});

test("a linked entry is shown also where the list does not hold it", async () => {
  await view(page, HOUR_VIEW);
  await rows(page).first().click();
  const entry = await until(
    () => param(page, "entry"),
    (id) => id !== null,
    "the entry in the URL",
  );
  await view(page, { q: `metadata.many:${RUN}`, range: "all", entry: entry! });
  await page.getByRole("region", { name: "Linked entry" }).getByText("metadata.minute").waitFor();
});

test("the zone of the times and what is shown of an entry are in the URL", async () => {
  const far = await openPage(browser, { timezone: "America/Argentina/Buenos_Aires" });
  await view(far, HOUR_VIEW);
  const time = () => rows(far).first().locator(".cell-time").textContent();
  expect(await time()).toBe("2023-09-14 07:59:30.000");
  await far.getByRole("button", { name: /Switch to UTC/ }).click();
  expect([await time(), param(far, "zone")]).toEqual(["2023-09-14 10:59:30.000", "utc"]);
  await rows(far).first().click();
  const detail = far.getByRole("region", { name: "Entry" });
  await detail.getByRole("button", { name: "JSON", exact: true }).click();
  expect(param(far, "show")).toBe("json");
  const url = far.url();

  const other = await openPage(browser, { timezone: "Asia/Tokyo" });
  await other.goto(url);
  await other.getByRole("region", { name: "Entry" }).locator("pre").waitFor();
  expect(await rows(other).first().locator(".cell-time").textContent()).toBe("2023-09-14 10:59:30.000");
  await view(other, HOUR_VIEW);
  expect(
    await rows(other).first().locator(".cell-time").textContent(),
    "the viewer's own setting stays",
  ).toBe("2023-09-14 19:59:30.000");

  await view(far, HOUR_VIEW);
  await until(
    () => param(far, "zone"),
    (zone) => zone === "utc",
    "a setting that is kept in the URL too",
  );
  await far.context().close();
  await other.context().close();
});

test("the keyboard walks, opens and closes", async () => {
  await view(page, HOUR_VIEW);
  await rows(page).first().waitFor();
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  const active = page.locator(".row.active");
  expect(await active.locator(".cell-time").textContent()).toBe("2023-09-14 10:58:30.000");
  await page.keyboard.press("Enter");
  await page.getByRole("region", { name: "Entry" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("region", { name: "Entry" }).waitFor({ state: "detached" });
});

test("a value is filtered in and out", async () => {
  await view(page, HOUR_VIEW);
  await rows(page).first().click();
  const field = "resourceId even-1";
  await page.getByRole("button", { name: `Filter in ${field}` }).click();
  await until(
    () => count(page),
    (shown) => shown === 30,
    "the count of what is filtered in",
  );
  expect(param(page, "q")).toBe(`${HOUR_VIEW.q} resourceId:even-1`);
  await picture(page, "filtered");

  await page.getByRole("button", { name: `Filter out ${field}` }).click();
  await until(
    () => rows(page).first().locator(".cell-resource").textContent(),
    (text) => text === "odd 2",
    "the rows",
  );
  expect(param(page, "q")).toBe(`${HOUR_VIEW.q} -resourceId:even-1`);
  expect(await count(page)).toBe(30);

  await rows(page).first().click();
  await page.getByRole("button", { name: "Filter in resourceId odd 2" }).click();
  await until(
    () => param(page, "q"),
    (q) => q === `${HOUR_VIEW.q} -resourceId:even-1 resourceId:"odd 2"`,
    "the query",
  );
  expect(await count(page)).toBe(30);
  expect(await page.getByRole("combobox", { name: "Query" }).inputValue()).toBe(param(page, "q"));
});

test("any value's filter finds its entry", async () => {
  const values: Scalar[] = [
    ...[
      'say "hi"',
      "C:\\temp\\new",
      "ends \\",
      "a:b=c>d",
      "(x)[y]{z}",
      "star*and?",
      "/re/i",
      "-minus",
      "OR",
      "not",
    ],
    ...[
      "500",
      "true",
      "now",
      "line\nbreak\r\ttab",
      "nul\u0000",
      "Zürich 日本 🚀 İ",
      "<b>&amp;</b>",
      " ",
      "a||b&&c,d",
    ],
    ...[500, -5, 0.25, true, false, new NumberLiteral("12345678901234567890"), new NumberLiteral("1.50")],
  ];
  const field = "odd-key x";
  await ingest(
    ...values.map((value, index) => ({
      message: `nasty ${index}`,
      timestamp: "2023-09-12T00:00:00Z",
      metadata: { nasty: RUN, index, [field]: value },
    })),
  );
  await untilFound(`metadata.nasty:${RUN}`, values.length);
  for (const [index, value] of values.entries()) {
    const target = { field: `metadata.${field}`, value };
    const found = `metadata.nasty:${RUN} metadata.index:${index} ${clauseFor(target, "in")}`;
    expect(await total(found), found).toBe(1);
    const others = `metadata.nasty:${RUN} metadata.index:${index} ${clauseFor(target, "out")}`;
    expect(await total(others), others).toBe(0);
  }
});

test("thousands of rows are paged in while scrolling, few are in the page", async () => {
  await view(page, { q: `metadata.many:${RUN}`, range: "all", order: "asc" });
  await rows(page).first().waitFor();
  expect(await count(page)).toBe(MANY);
  expect(await page.locator(".count").textContent()).toContain("3,000 entries");
  const scroller = page.locator(".scroller");
  await until(
    async () => {
      await scroller.evaluate((element) => element.scrollTo({ top: element.scrollHeight }));
      return rows(page).last().locator(".cell-message").textContent();
    },
    (text) => text === `row ${MANY - 1}`,
    "the last row",
  );
  expect(await rows(page).count()).toBeLessThan(100);
  await page.getByText("No more entries").waitFor();
});

test("an export brings all that is found", async () => {
  await view(page, { q: `metadata.many:${RUN}`, range: "all", order: "asc" });
  await rows(page).first().waitFor();
  for (const [format, lines] of [
    ["NDJSON", MANY],
    ["CSV", MANY + 1],
  ] as const) {
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: format, exact: true }).click(),
    ]);
    const text = await readFile(await download.path(), "utf8");
    expect(text.trimEnd().split(/\r?\n/).length, format).toBe(lines);
  }
});

test("the tail shows a new entry, and waits while the reader is elsewhere", async () => {
  const q = `metadata.tail:${RUN}`;
  const send = (message: string) => ingest({ level: "warn", message, metadata: { tail: RUN } });
  await view(page, { q });
  await page.getByRole("button", { name: "Live", exact: true }).click();
  await page.locator(".tail-state.live").waitFor();
  expect(param(page, "tail")).toBe("1");
  await send("live one");
  await rows(page).first().getByText("live one").waitFor();
  expect(await page.locator(".head .cell-time").textContent()).toBe("Time ↓ as they arrive");
  await send("live two");
  await until(
    () => rows(page).first().locator(".cell-message").textContent(),
    (text) => text === "live two",
    "the top row",
  );
  await picture(page, "tail");

  await rows(page).nth(1).click();
  await page.getByText("Live, paused").waitFor();
  await send("live three");
  await page.getByRole("button", { name: "1 new entry" }).click();
  await until(
    () => rows(page).first().locator(".cell-message").textContent(),
    (text) => text === "live three",
    "the top row",
  );

  await page.reload();
  await page.locator(".tail-state.live").waitFor();
  await until(
    () => rows(page).count(),
    (shown) => shown === 3,
    "the rows after a reload",
  );
  await send("live four");
  await rows(page).first().getByText("live four").waitFor();
  await page.getByRole("button", { name: "Live", exact: true }).click();
  await page.locator(".tail-state").waitFor({ state: "detached" });
  await until(
    () => rows(page).count(),
    (shown) => shown === 4,
    "the rows after the end of the tail",
  );
  expect(await page.locator(".head .cell-time").textContent()).toBe("Time ↓ newest first");
});

test("the time picker sets relative and absolute ranges, which the URL keeps", async () => {
  await view(page, { q: `metadata.run:${RUN}` });
  await page.getByRole("button", { name: /^Time range/ }).click();
  await page.getByRole("button", { name: "Last 24 hours" }).click();
  expect(param(page, "range")).toBe("24h");
  await page.getByRole("button", { name: /^Time range/ }).click();
  const ends = await Promise.all(
    ["From", "To, included"].map((label) => page.getByLabel(label).inputValue()),
  );
  const [start, end] = ends.map((value) => Date.parse(`${value}Z`));
  expect(end! - start!).toBe(24 * 3_600_000);
  await picture(page, "picker");
  await page.getByLabel("From").fill("2023-09-14T10:00:00");
  await page.getByLabel("To, included").fill("2023-09-14T10:29:59");
  await page.getByRole("button", { name: "Apply" }).click();
  await until(
    () => count(page),
    (shown) => shown === 30,
    "the count within half an hour",
  );
  expect([param(page, "from"), param(page, "to")]).toEqual(["2023-09-14T10:00:00Z", "2023-09-14T10:29:59Z"]);
  await page.goBack();
  expect(param(page, "range")).toBe("24h");
});

test("a server that is away is said to be, and found again by itself", async () => {
  await view(page, HOUR_VIEW);
  await rows(page).first().waitFor();
  await page.route("**/api/v1/**", (route) => route.abort());
  await page.getByRole("button", { name: "Refresh" }).click();
  await page.getByText("The query server cannot be reached.").waitFor();
  expect(await rows(page).count()).toBeGreaterThan(0);
  await picture(page, "offline");
  await page.unroute("**/api/v1/**");
  await page.getByText("The query server cannot be reached.").waitFor({ state: "detached" });
  expect(await count(page)).toBe(60);
  const refused = complaints.filter((complaint) => complaint.includes("ERR_FAILED"));
  expect(refused.length).toBeGreaterThan(0);
  for (const complaint of refused) complaints.splice(complaints.indexOf(complaint), 1);
});

test("it can be read in the dark and on a telephone", async () => {
  const dark = await openPage(browser, { dark: true });
  await view(dark, HOUR_VIEW);
  await dark.locator(".plot .bar").first().waitFor();
  await rows(dark).first().waitFor();
  await picture(dark, "dark");
  const narrow = await openPage(browser, { width: 400 });
  await view(narrow, HOUR_VIEW);
  await narrow.locator(".plot .bar").first().waitFor();
  await rows(narrow).nth(1).click();
  await narrow.getByRole("region", { name: "Entry" }).waitFor();
  expect(await narrow.evaluate(() => document.documentElement.scrollWidth)).toBe(400);
  await picture(narrow, "narrow");
});

test("on a telephone the export is in reach and nothing of its line overlaps", async () => {
  const narrow = await openPage(browser, { width: 420, timezone: "America/Argentina/Buenos_Aires" });
  await view(narrow, { q: `metadata.run:${RUN}`, tail: "1" });
  await narrow.locator(".tail-state.live").waitFor();
  for (const format of ["NDJSON", "CSV"]) {
    const link = narrow.getByRole("link", { name: format });
    await link.click({ trial: true });
    expect(await link.getAttribute("href")).toContain(`format=${format.toLowerCase()}`);
  }
  const parts = [".count", ".tail-state", ".exports", ".results-bar .button"];
  const boxes = await Promise.all(parts.map((part) => narrow.locator(part).boundingBox()));
  for (const [index, box] of boxes.entries()) {
    expect(box!.x, parts[index]).toBeGreaterThanOrEqual(0);
    expect(box!.x + box!.width, parts[index]).toBeLessThanOrEqual(420);
    for (const other of boxes.slice(index + 1)) {
      const apart =
        box!.x + box!.width <= other!.x ||
        other!.x + other!.width <= box!.x ||
        box!.y + box!.height <= other!.y ||
        other!.y + other!.height <= box!.y;
      expect(apart, parts[index]).toBe(true);
    }
  }
  await picture(narrow, "narrow-live");
  await narrow.close();
});

test("nothing went wrong in the page, and nothing left its origin", () => {
  expect(complaints).toEqual([]);
});

async function dragPlot(from: number, to: number): Promise<void> {
  const box = await page.locator(".plot").boundingBox();
  if (!box) throw new Error("the histogram is not shown");
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + from * box.width, y);
  await page.mouse.down();
  await page.mouse.move(box.x + to * box.width, y, { steps: 8 });
  await page.mouse.up();
}
