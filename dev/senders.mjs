// Drives real senders, as they come from their registries, against a real ingestor and query server, and counts what is found of what each sent.
// SENDERS=py-otlp-http,vlagent drives only those; SENDER_JOBS sets how many at a time (default 2). The table goes to docs/senders.md.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { fail, root } from './lib/processes.mjs';
import { CATALOG } from './senders/catalog.mjs';
import { drive, RUNS, runsOf, stopClients } from './senders/lib/drive.mjs';
import { startIngest } from './senders/lib/ingest.mjs';
import { install } from './senders/lib/install.mjs';
import { Refusing, REFUSING } from './senders/lib/refusing.mjs';
import { isTaken, writeTable } from './senders/lib/table.mjs';

const RESULTS = path.join(process.env.CARGO_TARGET_DIR ?? path.join(root, 'target'), 'senders.json');
const say = (text = '') => process.stdout.write(`${text}\n`);

const names = process.env.SENDERS?.split(',') ?? CATALOG.map(({ id }) => id);
const unknown = names.find((name) => !CATALOG.some(({ id }) => id === name));
if (unknown) fail(`SENDERS has "${unknown}": the senders are ${CATALOG.map(({ id }) => id).join(', ')}`);
const jobs = Number(process.env.SENDER_JOBS || 2);
if (!(jobs >= 1)) fail(`SENDER_JOBS is "${process.env.SENDER_JOBS}": give how many senders are driven at a time, such as SENDER_JOBS=2`);

const wanted = CATALOG.filter(({ id }) => names.includes(id));
const folders = {};
for (const runtime of new Set(wanted.map((sender) => sender.runtime))) {
  try {
    folders[runtime] = install(runtime, say);
  } catch (error) {
    fail(error.message);
  }
}

const refusing = new Refusing();
const running = new Set();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, async () => {
    await Promise.all([stopClients(), refusing.end(), ...[...running].map(({ platform }) => platform.stop())]);
    process.exit(130);
  });
}

const results = earlier();
const queue = [...wanted];
let failed = 0;
await Promise.all(Array.from({ length: jobs }, work));
await refusing.end();
mkdirSync(path.dirname(RESULTS), { recursive: true });
if (CATALOG.every(({ id }) => results[id])) writeTable(CATALOG, results);
else say('docs/senders.md is written once every sender has been driven');
say(failed === 0 ? `${wanted.length} senders: everything they were told is stored was found, once` : `${failed} of ${wanted.length} senders failed`);
process.exit(failed === 0 ? 0 : 1);

function earlier() {
  try {
    return JSON.parse(readFileSync(RESULTS, 'utf8'));
  } catch {
    return {};
  }
}

async function work() {
  for (let sender = queue.shift(); sender; sender = queue.shift()) {
    const problems = await driveAll(sender).catch((error) => [error.message]);
    if (problems.length > 0) failed += 1;
    for (const problem of problems) say(`     ${problem}`);
  }
}

/** Drives a sender in every way; returns what is wrong with us, not what a client loses by itself. */
async function driveAll(sender) {
  const runs = {};
  const problems = [];
  const ingest = await startIngest(sender.listener === 'http' ? [] : [sender.listener]);
  running.add(ingest);
  try {
    for (const run of runsOf(sender)) {
      runs[run] = await drive(sender, run, { dir: folders[sender.runtime], ingest, refusing });
      problems.push(...faults(run, runs[run]));
    }
  } finally {
    if (problems.length === 0) await ingest.end();
    else await ingest.platform.stop();
    running.delete(ingest);
  }
  results[sender.id] = runs;
  writeFileSync(RESULTS, JSON.stringify(results, null, 1));
  const told = RUNS.filter((run) => runs[run]).map((run) => [run, runs[run]]).map(([run, { found, sent, twice, altered }]) => `${run} ${found}/${sent}${twice ? ` twice ${twice}` : ''}${altered.length ? ` altered ${altered}` : ''}`);
  say(`${problems.length === 0 ? 'ok  ' : 'FAIL'} ${sender.id.padEnd(26)} ${told.join(', ')}`);
  return problems.length === 0 ? [] : [...problems, `see ${ingest.dataDir}`];
}

function faults(run, { found, sent, twice, missing, lost, lostAcknowledged, refusals, unread, cut, output, witness }) {
  const last = output.trim().split('\n').at(-1)?.slice(0, 300);
  if (run === 'plain') return found === sent && twice === 0 ? [] : [`${sent} sent, ${found} found, ${twice} of them twice; missing ${missing.join(', ')}${last && `; the client says: ${last}`}`];
  if (lostAcknowledged > 0) return [`${run}: ${lostAcknowledged} acknowledged ones are not found`];
  if (witness) return [`${run}: ${witness}`];
  if (lost > 0 && unread > 0) return [`${run}: ${lost} are not found, and ${unread} requests could not be read: nobody knows whether they were acknowledged`];
  if (REFUSING.includes(run)) return refusals.length === 0 ? [`${run}: no request came that could be refused`] : refusals.filter((status) => isTaken(status) && run !== 'ending').map((status) => `${run}: an ingestor that should refuse answered ${status}`);
  return cut ? [] : ['restart: no request came that could be cut off'];
}
