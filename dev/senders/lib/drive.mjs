// Drives one sender against an ingestor: once as it is, once against refusals of either kind, once while the ingestor is killed.

import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { delivery } from '../../lib/platform.mjs';
import { makeEntries, SENT } from './entries.mjs';
import { compare, entriesOf } from './found.mjs';
import { cache, sources } from './install.mjs';
import { GrpcProxy, HttpProxy } from './proxy.mjs';

export const RUNS = ['plain', '429', '503', 'restart'];
const REFUSALS = 2;
const DRIVER_MS = 120_000;
/** Between batches of 50: datagrams find room in the socket's buffer, refusals meet some of many requests, and a killed ingestor is back before everything was sent. */
const UDP_PAUSE_MS = 20;
const PAUSE_MS = { plain: 0, 429: 100, 503: 100, restart: 300 };

/** Which of the runs mean anything for a sender: only HTTP and gRPC have an answer that refuses. */
export function runsOf(sender) {
  return sender.proxy ? RUNS : RUNS.filter((run) => run === 'plain' || run === 'restart');
}

/** What became of the entries of one run. */
export async function drive(sender, run, { dir, ingest }) {
  const word = `s${run[0]}${Math.random().toString(36).slice(2, 9).replace(/[^a-z]/g, 'q')}`;
  const entries = makeEntries(word, { without: Object.keys(sender.without ?? {}), envelope: sender.envelope });
  const work = path.join(ingest.dataDir, 'runs', `${sender.id}-${run}`);
  mkdirSync(work, { recursive: true });
  const entriesFile = path.join(work, 'entries.jsonl');
  writeFileSync(entriesFile, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));

  const proxy = run === 'plain' ? null : await startProxy(sender, run, word, ingest);
  const before = (await delivery(ingest.platform)).received;
  const driver = start(sender, { dir, work, entriesFile, ingest, port: proxy?.port ?? ingest.ports[sender.listener], pause: PAUSE_MS[run] || (sender.listener.endsWith('udp') ? UDP_PAUSE_MS : 0) });
  try {
    if (run === 'restart' && !proxy) await killAmid(ingest.platform, before);
    const expected = entries.length;
    // One that stays is ended when all is found, or nothing new came for so long.
    if (sender.stays) await Promise.race([driver.ended, settled(ingest.platform, word, expected, sender.stays)]);
    await driver.stop(sender.stays ? 0 : DRIVER_MS);
    if (proxy?.cutting) await proxy.cutting;
    const found = await entriesOf(ingest.platform, word, expected, run === 'plain' ? 3_000 : 2_000);
    const result = compare(entries, found);
    const lost = proxy ? result.lost.filter((n) => proxy.acknowledged.has(n)) : [];
    return {
      ...result, missing: result.lost.slice(0, 10).map((n) => `${n} (${entries[n].kind})`), lost: result.lost.length + result.lostEqual, lostAcknowledged: lost.length, refused: proxy?.refused ?? 0, unread: proxy?.unread ?? 0,
      cut: run !== 'restart' || !proxy || proxy.cutAfter === undefined, output: driver.output().slice(-2_000), code: driver.code,
    };
  } finally {
    await driver.stop(0);
    // An ingestor that is on its way back would outlive us.
    await proxy?.cutting?.catch(() => {});
    await proxy?.vanish();
  }
}

async function startProxy(sender, run, word, ingest) {
  if (!sender.proxy) return null;
  const Kind = sender.proxy === 'grpc' ? GrpcProxy : HttpProxy;
  const refuse = run === 'restart' ? undefined : Number(run);
  const proxy = new Kind({ upstream: ingest.ports[sender.listener], run: word, refuse, refusals: refuse ? REFUSALS : 0, cutAfter: run === 'restart' ? SENT * 0.3 : undefined });
  proxy.onCut = () => (proxy.cutting = cutOff(proxy, ingest.platform));
  return proxy.listen();
}

/** The ingestor is gone for a client, with its port, until it is back. */
async function cutOff(proxy, platform) {
  await platform.kill();
  await proxy.vanish();
  await sleep(500);
  await platform.startAgain();
  await proxy.listen();
}

/** Kills the ingestor once it took some of the run's entries, and starts it again. */
async function killAmid(platform, before) {
  const until = Date.now() + 20_000;
  while (Date.now() < until && (await delivery(platform)).received - before < SENT * 0.3) await sleep(20);
  await platform.kill();
  await sleep(500);
  await platform.startAgain();
}

/** Resolves when all is found, or nothing comes any more. */
async function settled(platform, word, expected, quietMs) {
  await sleep(1_000);
  await entriesOf(platform, word, expected, quietMs);
}

function start(sender, { dir, work, entriesFile, ingest, port, pause }) {
  const log = path.join(work, 'driver.log');
  const [program, ...args] = sender.command({ dir, sources, port });
  const given = [entriesFile, '127.0.0.1', String(port), String(pause), ...(sender.tail ?? [sender.variant])];
  const out = openSync(log, 'a');
  const child = spawn(program, [...args, ...given], { cwd: work, stdio: ['ignore', out, out], env: { ...process.env, CACHE: cache, WORK: work, CA_FILE: ingest.caFile ?? '' } });
  closeSync(out);
  const driver = { code: undefined, output: () => readFileSync(log, 'utf8') };
  driver.ended = new Promise((resolve) => {
    child.once('error', () => resolve(-1));
    child.once('exit', (code) => resolve(code ?? -1));
  }).then((code) => (driver.code = code));
  /** Waits for its end, and ends it after a while. */
  driver.stop = async (patience) => {
    if (driver.code !== undefined) return;
    const timers = [setTimeout(() => child.kill('SIGTERM'), patience), setTimeout(() => child.kill('SIGKILL'), patience + 5_000)];
    await driver.ended;
    timers.forEach(clearTimeout);
  };
  return driver;
}
