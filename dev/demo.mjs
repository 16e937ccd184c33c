// The demo: ingestor, query server and a steady load on one machine, until Ctrl-C or for DEMO_SECONDS. With --check it only looks
// whether it could start.

import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { balance } from './lib/balance.mjs';
import { prepareFolder } from './lib/folder.mjs';
import { count, sendersDelivery, shipped, startPlatform } from './lib/platform.mjs';
import { binary, fail, freePort, lastWords, ready, root, sleep, start, stop } from './lib/processes.mjs';
import { addressProblem, hasNode, startNode, stopNode } from './lib/search.mjs';
import { portProblem, readSettings } from './lib/settings.mjs';

const PIPELINE = 'demo';
/** As on Kubernetes: canaries are sent, and searches leave them out. */
const CANARIES = { ingestorArgs: ['--canary-interval', '20s'], queryArgs: ['--hide-canaries'] };
const say = (text = '') => process.stdout.write(`${text}\n`);

const settings = orFail(() => readSettings(process.env));
const { dataDir, ingestPort, queryPort, ingestAdmin, queryAdmin, rate, seconds, elasticsearch } = settings;
const problem = (await portProblem(settings)) ?? (elasticsearch?.url && (await addressProblem(elasticsearch.url)));
if (problem) fail(problem);
orFail(() => prepareFolder(dataDir));
orFail(() => prepareFolder(path.join(dataDir, 'logs')));
// Before the build, so that nobody waits for it in vain.
if (process.argv.includes('--check')) process.exit(0);

let interrupted = null;
let wake = () => {};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    interrupted = signal;
    wake();
  });
}

let platform;
let exitCode = 1;
try {
  const { storeArgs, ingestorArgs } = await prepareStore();
  if (interrupted) exitCode = 0;
  else {
    say(`starting the ingestor and the query server on ${dataDir}`);
    platform = await startPlatform({
      dataDir, ingestPort, queryPort, ingestAdmin, queryAdmin, storeArgs,
      ingestorArgs: [...(ingestorArgs ?? []), ...CANARIES.ingestorArgs],
      queryArgs: CANARIES.queryArgs,
    });
    exitCode = await run();
  }
} catch (error) {
  process.stderr.write(`${error.message}\n`);
}
let clean = platform ? await platform.stop() : true;
if (elasticsearch?.dir && hasNode(elasticsearch.dir)) clean = stopNode(elasticsearch.dir) && clean;
if (!clean) process.stderr.write(`a process did not end cleanly: see ${path.join(dataDir, 'logs')}\n`);
process.exit(clean ? exitCode : 1);

/** Starts Elasticsearch where the store is one and none is given; what the components are told of the store. */
async function prepareStore() {
  if (!elasticsearch) return {};
  let { url } = elasticsearch;
  if (!url) {
    say('starting Elasticsearch (the first time its server is fetched: about 1 GB, a few minutes)');
    ({ url } = await startNode(elasticsearch.dir, elasticsearch.port));
  }
  say(`entries are kept in Elasticsearch at ${url}, in the data stream logs-${PIPELINE}.default`);
  const storeArgs = ['--store', 'elasticsearch', '--elasticsearch-url', url, '--pipeline', PIPELINE];
  // A single node has no place for copies.
  return { storeArgs, ingestorArgs: elasticsearch.url ? [] : ['--elasticsearch-replicas', '0'] };
}

function orFail(step) {
  try {
    return step();
  } catch (error) {
    return fail(error.message);
  }
}

async function run() {
  const began = new Date().toISOString();
  // A canary of an earlier run may wait for the store still.
  const before = await shipped(platform, 30_000, sendersDelivery);
  const replayed = await replayRealLogs();
  const generatorAdmin = await freePort();
  if (interrupted) return 0;

  const reportFile = path.join(dataDir, 'logs', 'generator-report.json');
  rmSync(reportFile, { force: true });
  const generator = start(
    'logpipeline-generator',
    ['--target', platform.ingestUrl, '--query-url', platform.queryUrl, '--rate', String(rate), '--duration', seconds ? `${seconds}s` : '0',
      '--batch-size', '10', '--verify', '--report', reportFile, '--admin-listen', `127.0.0.1:${generatorAdmin}`],
    { logFile: path.join(dataDir, 'logs', 'generator.log') },
  );
  const { ingestor, query } = platform;
  const ended = Promise.race([generator.ended, ingestor.ended, query.ended, new Promise((resolve) => (wake = resolve))]);
  // Where it ends before, or one of the others does, that is told below.
  await Promise.race([ready(generator, generatorAdmin).catch(() => ended), ended]);
  if (!interrupted && !generator.end && !ingestor.end && !query.end) introduce();
  await ended;
  const broken = [ingestor, query].find((server) => server.end);
  if (broken) {
    await stop(generator, 1_000);
    throw new Error(lastWords(broken));
  }
  if (interrupted) say(`\n${interrupted}: the load ends, then what it sent is checked`);
  await stop(generator, 120_000);
  return settle(began, before, replayed, reportFile);
}

function isFilledAndReadable(file) {
  try {
    accessSync(file, constants.R_OK);
    return statSync(file).size > 0;
  } catch {
    return false;
  }
}

/** Sends logs this machine already has, so that there is something real to search. */
async function replayRealLogs() {
  const logs = path.join(dataDir, 'logs');
  const journalFile = path.join(logs, 'journal.json');
  let noJournal = '';
  // The export of an earlier run is sent again, so that its entries are recognised.
  if (!isFilledAndReadable(journalFile)) {
    const journal = spawnSync(path.join(root, 'dev/journal.sh'), { maxBuffer: 1 << 28, encoding: 'utf8' });
    if (journal.status === 0 && journal.stdout.length > 0) writeFileSync(journalFile, journal.stdout);
    else noJournal = ` (${(journal.stderr ?? '').trim().split('\n').at(-1)})`;
  }
  const wanted = ['/var/log/dpkg.log', '/var/log/apt/history.log', journalFile, path.join(logs, 'ingestor.log')];
  const files = wanted.filter(isFilledAndReadable);
  const missing = wanted.filter((file) => !files.includes(file)).map((file) => (file === journalFile ? `the journal${noJournal}` : file));
  const reportFile = path.join(logs, 'replay-report.json');
  rmSync(reportFile, { force: true });
  const replay = start(
    'logpipeline-generator',
    ['replay', '--target', platform.ingestUrl, '--query-url', platform.queryUrl, '--rate', '0', '--verify', '--report', reportFile, ...files],
    { logFile: path.join(logs, 'replay.log') },
  );
  await Promise.race([replay.ended, new Promise((resolve) => (wake = resolve))]);
  await stop(replay);
  if (!existsSync(reportFile)) throw new Error(lastWords(replay));
  const report = JSON.parse(readFileSync(reportFile, 'utf8'));
  const known = report.alreadyStored > 0 ? `, of which ${report.alreadyStored.toLocaleString('en')} were stored already` : '';
  say(`loaded ${report.acknowledged.toLocaleString('en')} entries of ${files.map((file) => path.basename(file)).join(', ')}${known}`);
  if (missing.length > 0) say(`not on this machine, and not loaded: ${missing.join(', ')}`);
  return report;
}

function introduce() {
  const [ingest, query, admin, queryAdminUrl] = [ingestPort, queryPort, ingestAdmin, queryAdmin].map((port) => `http://localhost:${port}`);
  const logq = path.relative(process.cwd(), binary('logq'));
  const server = queryPort === 8080 ? '' : ` --server ${query}`;
  say();
  say(`  Search:  ${query}`);
  say(`  Send:    curl ${ingest}/logs -d '{"level":"error","message":"Failed to connect to DB","resourceId":"server-1234"}'`);
  say(`  Find:    ${logq} 'level:error "Failed to connect"' --since 1h${server}`);
  if (elasticsearch) say(`  Store:   ${elasticsearch.url ?? `http://localhost:${elasticsearch.port}`}/logs-${PIPELINE}.*/_search`);
  say(`  Health:  ${admin}/metrics of the ingestor, ${queryAdminUrl}/metrics of the query server`);
  say();
  say('it runs without sign-in: whoever reaches these ports, from this machine or its network, can send and search (see Access in docs/operate.md)');
  say(seconds ? `a load of ${rate} entries/s runs for ${seconds} s` : `a load of ${rate} entries/s runs until Ctrl-C, which ends it and checks what it sent`);
}

/** Prints what became of every entry of this run; 0 when all figures balance. */
async function settle(began, before, replayed, reportFile) {
  if (!existsSync(reportFile)) throw new Error(`the generator left no report: see ${path.join(dataDir, 'logs', 'generator.log')}`);
  const reports = [JSON.parse(readFileSync(reportFile, 'utf8')), replayed];
  const settled = await shipped(platform, 30_000, sendersDelivery);
  // Longer than written entries take to be found.
  await sleep(elasticsearch ? 2_500 : 1_000);
  const counts = await Promise.all(reports.map(({ run }) => count(platform, `metadata.run:"${run}"`)));
  const found = counts.reduce((a, b) => a + b) + replayed.alreadyStored;
  const own = reports.map(({ run }) => `"${run}"`).join(', ');
  const others = await count(platform, `receivedAt>="${began}" -metadata.run:(${own})`);
  const { figures, problems } = balance({ reports, before, shipped: settled, after: await sendersDelivery(platform), found, others });
  say();
  for (const [name, value] of Object.entries(figures)) say(`  ${name.padEnd(13)}${String(value).padStart(10)}`);
  if (others > 0) say(`  (${others} more came from other senders)`);
  say(problems.length === 0 ? '  balanced: every entry is stored and found exactly once' : '  NOT balanced:');
  for (const problem of problems) say(`  - ${problem}`);
  return problems.length === 0 ? 0 : 1;
}
