// Opens the web UI in headless Chromium at an Ingress controller's address, signs in, and prints what the page shows, as JSON.

import { createRequire } from 'node:module';

// What the UI's own browser tests drive it with.
const { chromium } = createRequire(new URL('../query/ui/package.json', import.meta.url))('playwright-core');

const { host, address, search, name, password, picture } = JSON.parse(process.argv[2]);
const [ip, port] = address.split(':');
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    `--host-resolver-rules=MAP ${host} ${ip}`,
  ],
});
try {
  // The certificate is signed by nobody.
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1280, height: 800 }, timezoneId: 'UTC', locale: 'en-US' });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  await page.goto(`https://${host}:${port}/?${new URLSearchParams({ q: search, range: 'all' })}`);
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  const row = page.locator('.canvas > .row').first();
  await row.waitFor();
  const count = /^([\d,]+) entr/u.exec(await page.locator('.count strong').textContent());
  await page.screenshot({ path: picture });
  process.stdout.write(JSON.stringify({ count: Number(count?.[1].replaceAll(',', '')), first: await row.textContent() }));
} finally {
  await browser.close();
}
