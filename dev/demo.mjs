// The demo: ingestor, query server and a steady load on one machine, until Ctrl-C or for DEMO_SECONDS.

import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { count, delivery, shipped, startPlatform } from './lib/platform.mjs';
import { binary, fail, lastWords, portIsFree, root, sleep, start, stop } from './lib/processes.mjs';

const setting = (name, fallback) => process.env[name] || fallback;
const say = (text = '') => process.stdout.write(`${text}\n`);

const ports = {
  INGEST_PORT: Number(setting('INGEST_PORT', '3000')),
  QUERY_PORT: Number(setting('QUERY_PORT', '8080')),
};
const adminPort = Number(setting('ADMIN_PORT', '9090'));
const dataDir = path.resolve(root, setting('DATA_DIR', './data'));
const rate = Number(setting('DEMO_RATE', '200'));
const seconds = process.env.DEMO_SECONDS ? Number(process.env.DEMO_SECONDS) : null;

if (!(rate > 0)) fail(`DEMO_RATE is "${process.env.DEMO_RATE}": give the entries per second, such as DEMO_RATE=200`);
if (seconds !== null && !(seconds > 0)) fail(`DEMO_SECONDS is "${process.env.DEMO_SECONDS}": give whole seconds, such as DEMO_SECONDS=30`);
for (const [name, port] of Object.entries({ ...ports, ADMIN_PORT: adminPort })) {
  if (!(Number.isInteger(port) && port > 0 && port < 65_534)) fail(`${name} is "${process.env[name]}": give a port, such as ${name}=${name === 'QUERY_PORT' ? 8081 : 3001}`);
}
for (const [name, port, span] of [...Object.entries(ports).map(([name, port]) => [name, port, 1]), ['ADMIN_PORT', adminPort, 2]]) {
  for (let used = port; used < port + span; used += 1) {
    if (!(await portIsFree(used))) fail(`port ${used} is in use: stop what listens there, or choose another: make demo ${name}=${port + 1000}`);
  }
}

const used = [ports.INGEST_PORT, ports.QUERY_PORT, adminPort, adminPort + 1];
if (new Set(used).size < used.length) {
  fail(`INGEST_PORT, QUERY_PORT, ADMIN_PORT and the port behind it must differ; they are ${used.join(', ')}`);
}

let interrupted = null;
let wake = () => {};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    interrupted = signal;
    wake();
  });
}

mkdirSync(dataDir, { recursive: true });
say(`starting the ingestor and the query server on ${dataDir}`);
const platform = await startPlatform({
  dataDir,
  ingestPort: ports.INGEST_PORT,
  queryPort: ports.QUERY_PORT,
  ingestAdmin: adminPort,
  queryAdmin: adminPort + 1,
}).catch((error) => fail(error.message));

let exitCode = 1;
try {
  exitCode = await run();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
}
const clean = await platform.stop();
if (!clean) process.stderr.write(`a process did not end cleanly: see ${path.join(dataDir, 'logs')}\n`);
process.exit(clean ? exitCode : 1);

async function run() {
  const before = await delivery(platform);
  const replayed = await replayRealLogs();
  if (interrupted) return 0;

  const reportFile = path.join(dataDir, 'logs', 'generator-report.json');
  rmSync(reportFile, { force: true });
  const generator = start(
    'logpipeline-generator',
    ['--target', platform.ingestUrl, '--query-url', platform.queryUrl, '--rate', String(rate), '--duration', seconds ? `${seconds}s` : '0',
      '--batch-size', '10', '--verify', '--report', reportFile],
    { logFile: path.join(dataDir, 'logs', 'generator.log') },
  );
  introduce();
  const { ingestor, query } = platform;
  await Promise.race([generator.ended, ingestor.ended, query.ended, new Promise((resolve) => (wake = resolve))]);
  const broken = [ingestor, query].find((server) => server.end);
  if (broken) {
    await stop(generator, 1_000);
    throw new Error(lastWords(broken));
  }
  if (interrupted) say(`\n${interrupted}: the load ends, then what it sent is checked`);
  await stop(generator, 120_000);
  return settle(before, replayed, reportFile);
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
  const journal = spawnSync('journalctl', ['-o', 'json', '-n', '2000', '--no-pager'], { maxBuffer: 1 << 28 });
  if (journal.status === 0 && journal.stdout.length > 0) writeFileSync(journalFile, journal.stdout);
  const files = ['/var/log/dpkg.log', '/var/log/apt/history.log', journalFile, path.join(logs, 'ingestor.log')].filter(isFilledAndReadable);
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
  say(`loaded ${report.acknowledged.toLocaleString('en')} entries of ${files.map((file) => path.basename(file)).join(', ')}`);
  return report;
}

function introduce() {
  const [ingest, query] = [ports.INGEST_PORT, ports.QUERY_PORT].map((port) => `http://localhost:${port}`);
  const logq = path.relative(process.cwd(), binary('logq'));
  const server = ports.QUERY_PORT === 8080 ? '' : ` --server ${query}`;
  say();
  say(`  Search:  ${query}`);
  say(`  Send:    curl ${ingest}/logs -d '{"level":"error","message":"Failed to connect to DB","resourceId":"server-1234"}'`);
  say(`  Find:    ${logq} 'level:error "Failed to connect"' --since 1h${server}`);
  say();
  say(seconds ? `a load of ${rate} entries/s runs for ${seconds} s` : `a load of ${rate} entries/s runs until Ctrl-C`);
}

/** Prints what became of every entry of this run; 0 when all figures balance. */
async function settle(before, replayed, reportFile) {
  if (!existsSync(reportFile)) throw new Error(`the generator left no report: see ${path.join(dataDir, 'logs', 'generator.log')}`);
  const generated = JSON.parse(readFileSync(reportFile, 'utf8'));
  const after = await shipped(platform);
  await sleep(300);
  const sum = (name) => generated[name] + replayed[name];
  const found = (await count(platform, `metadata.run:"${generated.run}"`)) + (await count(platform, `metadata.run:"${replayed.run}"`));
  const change = (name) => after[name] - before[name];
  const stored = change('stored');
  const figures = { sent: sum('sent'), acknowledged: sum('acknowledged'), stored, found };
  say();
  for (const [name, value] of Object.entries(figures)) say(`  ${name.padEnd(13)}${String(value).padStart(10)}`);
  const faults = sum('lost') + sum('duplicated') + sum('corrupted');
  // Whoever else sent entries meanwhile is counted as stored too, and is no fault; neither are rejected lines of theirs.
  const others = change('received') - change('rejected') - change('duplicates') - change('deadLettered') - figures.acknowledged;
  const balanced = faults === 0 && figures.sent === figures.acknowledged && figures.acknowledged === found && stored - others === found && after.waiting === 0;
  if (others > 0) say(`  (${others} more came from other senders)`);
  say(balanced ? '  balanced: every entry is stored and found exactly once' : '  NOT balanced');
  return balanced ? 0 : 1;
}
