import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { complaints, launch, openPage, picture, rows } from "./browser";
import { GUARDED_URL, GUARDED_USER, ingest, QUERY_URL, untilFound } from "./servers";

const RUN = `signed-${Date.now().toString(36)}`;
const SEARCH = new URLSearchParams({ q: `metadata.run:${RUN}`, range: "all" }).toString();
const [NAME = "", PASSWORD = ""] = GUARDED_USER.split(":");
/** What a browser logs by itself of a refusal. */
const REFUSED = "console: Failed to load resource: the server responded with a status of 401 (Unauthorized)";

let browser: Browser;
let page: Page;

beforeAll(async () => {
  browser = await launch();
  await ingest({ message: "for those who may read", level: "info", metadata: { run: RUN } });
  await untilFound(`metadata.run:${RUN}`, 1);
});

afterAll(() => browser.close());

afterEach(async ({ task }) => {
  if (task.result?.state === "fail") await picture(page, "failed");
});

describe.skipIf(!GUARDED_URL)("a server that asks who it is", () => {
  beforeAll(async () => {
    page = await openPage(browser, { server: GUARDED_URL });
  });

  const heading = () => page.getByRole("heading", { name: "Sign in to Logs" });
  const signIn = async (name: string, password: string) => {
    await page.getByLabel("Name").fill(name);
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Sign in" }).click();
  };

  test("shows nothing before the sign-in, and says which password is wrong", async () => {
    await page.goto(`${GUARDED_URL}/?${SEARCH}`);
    await heading().waitFor();
    expect(await rows(page).count()).toBe(0);
    await picture(page, "sign-in");
    await signIn(NAME, "a wrong password");
    await page.getByText("The name or the password is wrong.").waitFor();
    await picture(page, "sign-in-wrong");
    expect(complaints.splice(0)).toEqual([REFUSED]);
  });

  test("shows the search of the address once the password is right", async () => {
    await signIn(NAME, PASSWORD);
    await rows(page).first().getByText("for those who may read").waitFor();
    expect(new URL(page.url()).search).toBe(`?${SEARCH}`);
    expect(await page.getByText("No sign-in").count()).toBe(0);
    const [cookie, ...others] = await page.context().cookies(GUARDED_URL);
    expect(others).toEqual([]);
    expect(cookie).toMatchObject({ httpOnly: true, secure: true, sameSite: "Strict", path: "/" });
    expect(await page.evaluate(() => document.cookie)).toBe("");
  });

  test("keeps the session over a reload", async () => {
    await page.reload();
    await rows(page).first().getByText("for those who may read").waitFor();
  });

  test("leads to the sign-in where the session has ended, and back to the same search", async () => {
    await page.context().clearCookies();
    await page.getByRole("button", { name: "Refresh" }).click();
    await page.getByText("Your session has ended.").waitFor();
    await picture(page, "session-ended");
    expect(new URL(page.url()).search).toBe(`?${SEARCH}`);
    expect(new Set(complaints.splice(0))).toEqual(new Set([REFUSED]));
    await signIn(NAME, PASSWORD);
    await rows(page).first().getByText("for those who may read").waitFor();
  });

  test("ends the session for who signs out", async () => {
    await page.getByRole("button", { name: `Signed in as ${NAME}` }).click();
    await picture(page, "user-menu");
    await page.getByRole("button", { name: "Sign out" }).click();
    await heading().waitFor();
    expect(await page.context().cookies(GUARDED_URL)).toEqual([]);
    await page.reload();
    await heading().waitFor();
    expect(complaints).toEqual([]);
  });

  test("can be signed in to in the dark and on a telephone", async () => {
    const dark = await openPage(browser, { server: GUARDED_URL, dark: true, width: 400 });
    await dark.goto(GUARDED_URL);
    await dark.getByRole("heading", { name: "Sign in to Logs" }).waitFor();
    expect(await dark.evaluate(() => document.documentElement.scrollWidth)).toBe(400);
    await picture(dark, "sign-in-dark");
    await dark.close();
  });
});

test("a server that asks nobody says so until it is dismissed", async () => {
  page = await openPage(browser);
  await page.goto(`${QUERY_URL}/?${SEARCH}`);
  await rows(page).first().waitFor();
  const warning = page.getByText("No sign-in: anyone who reaches this address can read these logs.");
  await warning.waitFor();
  await picture(page, "no-sign-in");
  await page.getByRole("button", { name: "Dismiss" }).click();
  await warning.waitFor({ state: "detached" });
  await page.reload();
  await rows(page).first().waitFor();
  expect(await warning.count()).toBe(0);
  expect(complaints).toEqual([]);
});
