// Drives one sender against an ingestor: once as it is, once against each kind of refusal, once while the ingestor is killed.

import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { delivery } from '../../lib/platform.mjs';
import { makeEntries, SENT } from './entries.mjs';
import { compare, entriesOf } from './found.mjs';
import { cache, sources } from './install.mjs';
import { GrpcProxy } from './proxy/grpc.mjs';
import { HttpProxy } from './proxy/http.mjs';
import { TcpProxy } from './proxy/tcp.mjs';
import { REFUSING } from './refusing.mjs';

export const RUNS = ['plain', ...REFUSING, 'restart'];
const REFUSALS = 2;
const DRIVER_MS = 300_000;
/** Instead of an exit code. */
const KILLED = -1;
/** Between batches of 50: datagrams find room in the socket's buffer, refusals meet some of many requests, and a killed ingestor is back before everything was sent. */
const UDP_PAUSE_MS = 20;
const PAUSE_MS = { plain: 0, restart: 300 };
const REFUSED_PAUSE_MS = 100;
/** What stands between: HTTP and gRPC have an answer that refuses, the others only acknowledge. */
const REFUSABLE = { http: HttpProxy, grpc: GrpcProxy };

const drivers = new Set();

/** Ends every client that runs. */
export async function stopClients() {
  await Promise.all([...drivers].map((driver) => driver.stop(0)));
}

/** Which of the runs mean anything for a sender. */
export function runsOf(sender) {
  return RUNS.filter((run) => sender.proxy in REFUSABLE || !REFUSING.includes(run));
}

/** What became of the entries of one run. */
export async function drive(sender, run, { dir, ingest, refusing }) {
  const word = `s${run[0]}${Math.random().toString(36).slice(2, 9).replace(/[^a-z]/g, 'q')}`;
  const entries = makeEntries(word, { without: Object.keys(sender.without ?? {}), envelope: sender.envelope });
  const work = path.join(ingest.dataDir, 'runs', `${sender.id}-${run}`);
  mkdirSync(work, { recursive: true });
  const entriesFile = path.join(work, 'entries.jsonl');
  writeFileSync(entriesFile, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));

  const refusers = REFUSING.includes(run) ? await refusing.some(run, REFUSALS) : [];
  const proxy = run === 'plain' ? null : await startProxy(sender, run, word, ingest, refusers);
  const before = (await delivery(ingest.platform)).received;
  const pause = PAUSE_MS[run] ?? REFUSED_PAUSE_MS;
  const driver = start(sender, { dir, work, entriesFile, ingest, port: proxy?.port ?? ingest.ports[sender.listener], pause: pause || (sender.listener.endsWith('udp') ? UDP_PAUSE_MS : 0) });
  try {
    if (run === 'restart' && !proxy) await killAmid(ingest.platform, before);
    const expected = entries.length;
    // One that stays is ended when all is found, or nothing new came for so long.
    if (sender.stays) await Promise.race([driver.ended, settled(driver, ingest.platform, word, expected, () => sender.stays + (proxy?.askedMs ?? 0))]);
    await driver.stop(sender.stays ? 0 : DRIVER_MS);
    if (driver.code === KILLED && !(sender.stays && driver.hasLogged())) throw new Error(`${run}: the client had not logged everything after ${DRIVER_MS / 1_000} s`);
    if (proxy?.cutting) await proxy.cutting;
    const found = await entriesOf(ingest.platform, word, expected, () => (run === 'plain' ? 3_000 : 2_000));
    const result = compare(entries, found);
    return {
      ...result, missing: result.lost.slice(0, 10).map((n) => `${n} (${entries[n].kind})`), lost: result.lost.length + result.lostEqual, lostAcknowledged: proxy?.acknowledged.lostOf(result) ?? 0,
      refusals: proxy?.refusals ?? [], unread: proxy?.unread ?? 0, witness: proxy?.misunderstood, cut: run !== 'restart' || !proxy || proxy.cutAfter === undefined, output: driver.output().slice(-2_000), code: driver.code,
    };
  } finally {
    await driver.stop(0);
    // An ingestor that is on its way back would outlive us.
    await proxy?.cutting?.catch(() => {});
    await proxy?.vanish();
    await Promise.all(refusers.map((refuser) => refuser.release()));
  }
}

async function startProxy(sender, run, word, ingest, refusers) {
  if (!sender.proxy) return null;
  const Kind = REFUSABLE[sender.proxy] ?? TcpProxy;
  const proxy = new Kind({ protocol: sender.proxy, upstream: ingest.ports[sender.listener], run: word, refusers, cutAfter: run === 'restart' ? SENT * 0.3 : undefined });
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

/** Resolves when the client has logged everything, and all is found or nothing comes any more. */
async function settled(driver, platform, word, expected, quietMs) {
  for (const until = Date.now() + DRIVER_MS; !driver.hasLogged() && driver.code === undefined && Date.now() < until; ) await sleep(100);
  await entriesOf(platform, word, expected, quietMs);
}

function start(sender, { dir, work, entriesFile, ingest, port, pause }) {
  const log = path.join(work, 'driver.log');
  const [program, ...args] = sender.command({ dir, sources, port });
  const given = [entriesFile, '127.0.0.1', String(port), String(pause), ...(sender.tail ?? [sender.variant])];
  const out = openSync(log, 'a');
  const child = spawn(program, [...args, ...given], { cwd: work, stdio: ['ignore', out, out], env: { ...process.env, CACHE: cache, WORK: work, CA_FILE: ingest.caFile ?? '' } });
  closeSync(out);
  const driver = { code: undefined, output: () => readFileSync(log, 'utf8'), hasLogged: () => existsSync(path.join(work, 'logged')) };
  driver.ended = new Promise((resolve) => {
    child.once('error', () => resolve(KILLED));
    child.once('exit', (code) => resolve(code ?? KILLED));
  }).then((code) => {
    drivers.delete(driver);
    driver.code = code;
  });
  drivers.add(driver);
  /** Waits for its end, and ends it after a while. */
  driver.stop = async (patience) => {
    if (driver.code !== undefined) return;
    const timers = [setTimeout(() => child.kill('SIGTERM'), patience), setTimeout(() => child.kill('SIGKILL'), patience + 5_000)];
    await driver.ended;
    timers.forEach(clearTimeout);
  };
  return driver;
}
