// The demo: ingestor, query server and a steady load on one machine, until Ctrl-C or for DEMO_SECONDS.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { count, delivery, shipped, startPlatform } from './lib/platform.mjs';
import { binary, fail, portIsFree, root, sleep, start, stop } from './lib/processes.mjs';

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
  const replayed = replayRealLogs();
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
  await Promise.race([generator.ended, new Promise((resolve) => (wake = resolve))]);
  if (interrupted) say(`\n${interrupted}: the load ends, then what it sent is checked`);
  await stop(generator, 120_000);
  return settle(before, replayed, reportFile);
}

/** Sends logs this machine already has, so that there is something real to search. */
function replayRealLogs() {
  const exportFile = path.join(dataDir, 'logs', 'journal.json');
  const journal = spawnSync('journalctl', ['-o', 'json', '-n', '2000', '--no-pager'], { maxBuffer: 1 << 28 });
  if (journal.status === 0 && journal.stdout.length > 0) writeFileSync(exportFile, journal.stdout);
  const files = ['/var/log/dpkg.log', '/var/log/apt/history.log', exportFile, path.join(dataDir, 'logs', 'ingestor.log')].filter(
    (file) => existsSync(file) && readFileSync(file).length > 0,
  );
  const reportFile = path.join(dataDir, 'logs', 'replay-report.json');
  rmSync(reportFile, { force: true });
  const { status, stderr } = spawnSync(
    binary('logpipeline-generator'),
    ['replay', '--target', platform.ingestUrl, '--query-url', platform.queryUrl, '--rate', '0', '--verify', '--report', reportFile, ...files],
    { encoding: 'utf8', maxBuffer: 1 << 26 },
  );
  if (!existsSync(reportFile)) throw new Error(`the replay of ${files.join(', ')} failed with code ${status}: ${stderr.trim().split('\n').at(-1)}`);
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
  const stored = after.stored - before.stored;
  const figures = { sent: sum('sent'), acknowledged: sum('acknowledged'), stored, found };
  say();
  for (const [name, value] of Object.entries(figures)) say(`  ${name.padEnd(13)}${String(value).padStart(10)}`);
  const faults = sum('lost') + sum('duplicated') + sum('corrupted');
  // Whoever else sent entries meanwhile is counted as stored, and is no fault.
  const others = after.received - before.received - figures.sent;
  const balanced = faults === 0 && figures.sent === figures.acknowledged && figures.acknowledged === found && stored - others === found && after.waiting === 0;
  if (others > 0) say(`  (${others} more came from other senders)`);
  say(balanced ? '  balanced: every entry is stored and found exactly once' : '  NOT balanced');
  return balanced ? 0 : 1;
}
