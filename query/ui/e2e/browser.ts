import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium, type Browser, type Locator, type Page } from "playwright-core";
import { QUERY_URL } from "./servers";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const PICTURES = join(import.meta.dirname, "..", "test-results");

/** What the page complained about, and requests that left its origin. None is expected. */
export const complaints: string[] = [];

export async function launch(): Promise<Browser> {
  if (!existsSync(CHROMIUM)) {
    throw new Error(
      `There is no Chromium at ${CHROMIUM}. Install it with: apt-get install -y chromium. Or set CHROMIUM to where it is.`,
    );
  }
  mkdirSync(PICTURES, { recursive: true });
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

export async function openPage(
  browser: Browser,
  {
    width = 1280,
    dark = false,
    timezone = "UTC",
    server = QUERY_URL,
  }: { width?: number; dark?: boolean; timezone?: string; server?: string } = {},
): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width, height: 800 },
    colorScheme: dark ? "dark" : "light",
    timezoneId: timezone,
    locale: "en-US",
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("console", (message) => {
    // A refused query is answered 400, which the browser logs by itself.
    const refused = message.text().includes("400 (Bad Request)");
    if (message.type() === "error" && !refused) complaints.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith("http") && url.origin !== new URL(server).origin) {
      complaints.push(`request to ${url.origin}`);
    }
  });
  return page;
}

export async function view(page: Page, params: Record<string, string>): Promise<void> {
  await page.goto(`${QUERY_URL}/?${new URLSearchParams(params).toString()}`);
}

export function rows(page: Page): Locator {
  return page.locator(".canvas > .row");
}

/** The exact number of entries that the page claims. */
export async function count(page: Page): Promise<number> {
  const text = await page.locator(".count strong").textContent();
  return Number(/^([\d,]+) entr/.exec(text ?? "")?.[1]?.replaceAll(",", ""));
}

export function param(page: Page, name: string): string | null {
  return new URL(page.url()).searchParams.get(name);
}

/** Waits until the reading is as wanted. */
export async function until<T>(
  read: () => T | Promise<T>,
  wanted: (value: T) => boolean,
  what: string,
): Promise<T> {
  const end = Date.now() + 15_000;
  for (;;) {
    const value = await read();
    if (wanted(value)) return value;
    if (Date.now() > end) throw new Error(`${what}: still ${JSON.stringify(value)} after 15 s`);
    await page100ms();
  }
}

function page100ms(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 100));
}

export async function picture(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(PICTURES, `${name}.png`) });
}
