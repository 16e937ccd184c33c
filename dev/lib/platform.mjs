// The platform on one machine: an ingestor and a query server over one data folder.

import path from 'node:path';

import { getJson, ready, sleep, start, stop } from './processes.mjs';

/** Lets anybody send and search: for what runs on one machine, for its user. */
const OPEN = ['--insecure'];

/**
 * Starts ingestor and query server and waits until both are ready. `storeArgs` are for both, `ingestorArgs` and `queryArgs` for one;
 * `ingestorAccess` and `queryAccess` say who may send and search.
 */
export async function startPlatform({
  dataDir, ingestPort, queryPort, ingestAdmin, queryAdmin, profile, storeArgs = [], ingestorArgs = [], queryArgs = [], ingestorAccess = OPEN, queryAccess = OPEN,
}) {
  const logs = path.join(dataDir, 'logs');
  const startIngestor = () => start(
    'logpipeline-ingestor',
    ['--listen', `0.0.0.0:${ingestPort}`, '--admin-listen', `127.0.0.1:${ingestAdmin}`, '--data-dir', dataDir, '--drain', '0s', ...ingestorAccess, ...storeArgs, ...ingestorArgs],
    { logFile: path.join(logs, 'ingestor.log'), profile },
  );
  const platform = {
    ingestor: startIngestor(),
    query: start(
      'logpipeline-query',
      ['--listen', `0.0.0.0:${queryPort}`, '--admin-listen', `127.0.0.1:${queryAdmin}`, '--data-dir', dataDir, '--ingestor-url', `http://127.0.0.1:${ingestAdmin}`, '--drain', '0s', ...queryAccess, ...storeArgs, ...queryArgs],
      { logFile: path.join(logs, 'query.log'), profile },
    ),
    ingestUrl: `http://127.0.0.1:${ingestPort}`,
    queryUrl: `http://127.0.0.1:${queryPort}`,
    // Without TLS, and without a token, whatever the other port asks for.
    deliveryUrl: `http://127.0.0.1:${ingestAdmin}/delivery`,
    /** Ends both, the ingestor first; returns whether both ended by themselves with code 0. */
    async stop() {
      const codes = [await stop(platform.ingestor), await stop(platform.query)];
      return codes.every((code) => code === 0);
    },
    /** Kills the ingestor; `startAgain` starts it on the same folder and ports. */
    async kill() {
      platform.ingestor.child.kill('SIGKILL');
      await platform.ingestor.ended;
    },
    async startAgain() {
      platform.ingestor = startIngestor();
      await ready(platform.ingestor, ingestAdmin);
    },
  };
  try {
    await Promise.all([ready(platform.ingestor, ingestAdmin), ready(platform.query, queryAdmin)]);
  } catch (error) {
    await platform.stop();
    throw error;
  }
  return platform;
}

/** The ingestor's own count of what became of every entry it was sent. */
export function delivery(platform) {
  return getJson(platform.deliveryUrl);
}

/** The same without the canaries that the ingestor sends itself. */
export async function sendersDelivery(platform) {
  const { total, protocols } = await getJson(`${platform.deliveryUrl}/balance`);
  const canaries = protocols.find(({ name }) => name === 'canary') ?? {};
  return Object.fromEntries(Object.entries(total).map(([name, value]) => [name, value - (canaries[name] ?? 0)]));
}

/** How many entries a query finds over all time. */
export async function count(platform, query) {
  const page = await getJson(`${platform.queryUrl}/api/v1/search?limit=1&q=${encodeURIComponent(query)}`);
  if (page.partial) throw new Error(`the count of ${query} is partial`);
  return page.total;
}

/** Waits until nothing waits for the store any more; returns the delivery figures, as `read` has them. */
export async function shipped(platform, timeoutMs = 30_000, read = delivery) {
  const until = Date.now() + timeoutMs;
  for (;;) {
    const figures = await read(platform);
    if (figures.waiting === 0 || Date.now() > until) return figures;
    await sleep(50);
  }
}
