// Breaks an Elasticsearch of its own under load, one fault after the other, and checks each time that nothing was lost or doubled.
// FAULTS=stopped,paused runs only those; FAULT_RATE sets the entries per second (default 500).

import { mkdtempSync, readFileSync, rmSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { delivery, shipped, startPlatform } from './lib/platform.mjs';
import { fail, freePort, lastWords, sleep, start, stop } from './lib/processes.mjs';
import { startNode, stopNode } from './lib/search.mjs';

const PIPELINE = 'faults';
const STREAM = `logs-${PIPELINE}.default`;
const CUSTOM = `/_component_template/logs-${PIPELINE}@custom`;
const POISONED = 20;

const say = (text = '') => process.stdout.write(`${text}\n`);
const number = (value) => value.toLocaleString('en');

/** Each breaks the server for some time and mends it; `seconds` is how long the load runs. `refuses` says that entries become dead letters. */
const FAULTS = {
  stopped: {
    title: 'stopped for 60 s',
    seconds: 85,
    async strike() {
      stopNode(node.dir);
      await sleep(60_000);
      await startAgain();
    },
  },
  paused: {
    title: 'paused for 45 s (SIGSTOP)',
    seconds: 70,
    async strike() {
      const pid = node.pid();
      process.kill(pid, 'SIGSTOP');
      await sleep(45_000);
      process.kill(pid, 'SIGCONT');
    },
  },
  killed: {
    title: 'killed three times mid-bulk',
    seconds: 60,
    rate: 2_000,
    async strike() {
      for (let time = 0; time < 3; time += 1) {
        await sleep(2_000 + Math.random() * 2_000);
        process.kill(node.pid(), 'SIGKILL');
        await sleep(1_000);
        await startAgain();
      }
    },
  },
  readonly: {
    title: 'read-only for 15 s, twice',
    seconds: 50,
    async strike() {
      // The first is what a full disk does, the second what an operator does.
      for (const block of ['read_only_allow_delete', 'read_only']) {
        await ask('PUT', `/${STREAM}/_settings`, { [`index.blocks.${block}`]: true });
        await sleep(15_000);
        await ask('PUT', `/${STREAM}/_settings`, { [`index.blocks.${block}`]: null });
      }
    },
  },
  conflict: {
    title: 'mapping conflict of some entries',
    seconds: 40,
    refuses: 'some',
    async strike() {
      await override({ metadata: { type: 'object', enabled: true, dynamic: false, properties: { poison: { type: 'long' } } } });
      const lines = Array.from({ length: POISONED }, (_, n) => JSON.stringify({ message: `poisoned ${n}`, metadata: { poison: 'not a number' } }));
      const answer = await fetch(`${platform.ingestUrl}/logs`, { method: 'POST', body: lines.join('\n') });
      if (answer.status !== 202) throw new Error(`the poisoned entries were answered with ${answer.status}`);
      await sleep(15_000);
      await override(null);
    },
  },
  refusal: {
    title: 'mapping conflict of all entries',
    seconds: 40,
    refuses: 'all',
    async strike() {
      await override({ commit: { type: 'long' } });
      await sleep(10_000);
      await override(null);
    },
  },
};

const wanted = (process.env.FAULTS || Object.keys(FAULTS).join(',')).split(',');
const unknown = wanted.find((name) => !FAULTS[name]);
if (unknown) fail(`FAULTS has "${unknown}": the faults are ${Object.keys(FAULTS).join(', ')}`);
const rate = Number(process.env.FAULT_RATE || 500);
if (!(rate > 0)) fail(`FAULT_RATE is "${process.env.FAULT_RATE}": give the entries per second, such as FAULT_RATE=500`);

const dataDir = mkdtempSync(path.join(process.env.FAULTS_DIR ?? tmpdir(), 'logpipeline-faults-'));
// The node's user must reach its folder.
chmodSync(dataDir, 0o755);
let node;
let platform;
let generator;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, async () => {
    await end();
    process.exit(130);
  });
}

let failed = 0;
try {
  say('starting Elasticsearch, the ingestor and the query server');
  node = await startNode(path.join(dataDir, 'elasticsearch'), await freePort());
  const [ingestPort, queryPort, ingestAdmin, queryAdmin] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const storeArgs = ['--store', 'elasticsearch', '--elasticsearch-url', node.url, '--pipeline', PIPELINE];
  platform = await startPlatform({ dataDir, ingestPort, queryPort, ingestAdmin, queryAdmin, storeArgs, ingestorArgs: ['--elasticsearch-replicas', '0'] });
  for (const name of wanted) failed += (await run(FAULTS[name])) ? 0 : 1;
} catch (error) {
  process.stderr.write(`${error.message}; see ${dataDir}\n`);
  failed += 1;
}
const clean = await end();
if (failed === 0 && clean) rmSync(dataDir, { recursive: true, force: true });
say(failed === 0 ? `${wanted.length} faults: nothing lost, nothing doubled` : `failed; logs are in ${path.join(dataDir, 'logs')}`);
process.exit(failed === 0 && clean ? 0 : 1);

async function end() {
  if (generator && !generator.end) await stop(generator, 1_000);
  const clean = platform ? await platform.stop() : true;
  return (node ? stopNode(node.dir) : true) && clean;
}

/** Runs the load, breaks the server amid it, and tells in one line what became of the load's entries. */
async function run(fault) {
  const before = await delivery(platform);
  const reportFile = path.join(dataDir, 'report.json');
  rmSync(reportFile, { force: true });
  const patience = fault.refuses === 'all' ? 20 : 180;
  const args = {
    target: platform.ingestUrl, 'query-url': platform.queryUrl, rate: fault.rate ?? rate, duration: `${fault.seconds}s`, seed: Math.floor(Math.random() * 2 ** 32),
    'batch-size': 50, 'verify-timeout': `${patience}s`, report: reportFile,
  };
  generator = start('logpipeline-generator', [...Object.entries(args).flatMap(([name, value]) => [`--${name}`, String(value)]), '--verify'], {
    logFile: path.join(dataDir, 'logs', 'generator.log'),
  });
  const watch = watchWaiting();
  await sleep(5_000);
  await Promise.all([fault.strike(), generator.ended]);
  const most = watch();
  const report = readReport(reportFile);
  const after = await shipped(platform, 120_000);
  const letters = after.deadLettered - before.deadLettered;
  const found = fault.refuses === 'all' ? await deadLetters(report.run, letters) : 0;
  const lost = report.lost - found;
  const expected = fault.refuses === 'all' ? letters > 0 && letters === found : letters === (fault.refuses ? POISONED : 0);
  // All but dead letters must be found as they were sent.
  const well = lost === 0 && report.duplicated === 0 && report.corrupted === 0 && report.acknowledged === report.sent && after.waiting === 0 && expected;
  say(
    `${well ? 'ok  ' : 'FAIL'} ${fault.title.padEnd(34)} sent ${number(report.sent)}, acknowledged ${number(report.acknowledged)}, found ${number(report.verified)}, ` +
      `lost ${lost}, doubled ${report.duplicated}, dead letters ${number(letters)}; waited up to ${Math.round(most)} s`,
  );
  if (!well) for (const problem of report.problems) say(`     ${problem}`);
  return well;
}

function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    throw new Error(lastWords(generator));
  }
}

/** Looks how long entries wait, until the returned function is called, which tells the most. */
function watchWaiting() {
  let most = 0;
  const timer = setInterval(async () => {
    const figures = await delivery(platform).catch(() => null);
    most = Math.max(most, figures?.oldestWaitingSeconds ?? 0);
  }, 1_000);
  return () => {
    clearInterval(timer);
    return most;
  };
}

/** How many different entries of a run are among the dead letters, each with the server's reason; `expected` are waited for. */
async function deadLetters(run, expected) {
  const q = `stream:dead-letters entryId:* reason:*parsing_exception* message:"${run}"`;
  const url = `${platform.queryUrl}/api/v1/export?${new URLSearchParams({ q, fields: 'metadata.entryId' })}`;
  for (let seconds = 0; ; seconds += 1) {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`${url} was answered with ${response.status}: ${await response.text()}`);
    const found = new Set((await response.text()).split('\n').filter(Boolean)).size;
    if (found >= expected || seconds >= 20) return found;
    await sleep(1_000);
  }
}

async function startAgain() {
  node = await startNode(node.dir, Number(new URL(node.url).port));
}

/** Has new entries mapped as an operator's override says; null takes it back. */
async function override(properties) {
  await ask('PUT', CUSTOM, { template: properties ? { mappings: { properties } } : {} });
  await ask('POST', `/${STREAM}/_rollover`);
}

async function ask(method, path_, body) {
  const init = body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {};
  const response = await fetch(node.url + path_, { method, ...init });
  if (!response.ok) throw new Error(`${method} ${path_} was answered with ${response.status}: ${await response.text()}`);
}
