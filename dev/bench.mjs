// Whole-process figures of the release build, on this machine: what docs/performance.md reports.
// BENCH_ENTRIES sets how many entries are stored for the search figures (default 1,000,000).

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { count, shipped, startPlatform } from './lib/platform.mjs';
import { binary, freePort, getJson, root, sleep, start, stop } from './lib/processes.mjs';
import { install } from './senders/lib/install.mjs';

const entries = Number(process.env.BENCH_ENTRIES ?? 1_000_000);
const say = (text = '') => process.stdout.write(`${text}\n`);
const thousands = (value) => Math.round(value).toLocaleString('en');

const TICKS = Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout) || 100;

/** User and system seconds a process has used. */
function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

function peakMebibytes(pid) {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
}

function folderBytes(folder) {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const full = path.join(folder, entry.name);
    bytes += entry.isDirectory() ? folderBytes(full) : statSync(full).blocks * 512;
  }
  return bytes;
}

async function withPlatform(ingestorArgs, work) {
  const dataDir = mkdtempSync(path.join(process.env.BENCH_DIR ?? tmpdir(), 'logpipeline-bench-'));
  const [ingestPort, queryPort, ingestAdmin, queryAdmin] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const platform = await startPlatform({ dataDir, ingestPort, queryPort, ingestAdmin, queryAdmin, ingestorArgs });
  try {
    return await work(platform, dataDir);
  } finally {
    await platform.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** Sends as fast as acknowledgements come; returns the generator's report and the ingestor's CPU seconds. */
function load(platform, dataDir, options) {
  const reportFile = path.join(dataDir, 'report.json');
  const before = cpuSeconds(platform.ingestor.child.pid);
  const args = Object.entries({ target: platform.ingestUrl, 'query-url': platform.queryUrl, rate: 0, report: reportFile, ...options }).flatMap(
    ([name, value]) => [`--${name}`, String(value)],
  );
  const { status, stderr } = spawnSync(binary('logpipeline-generator'), args, { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (status !== 0) throw new Error(`the generator ended with ${status}: ${stderr}`);
  return { ...JSON.parse(readFileSync(reportFile, 'utf8')), cpu: cpuSeconds(platform.ingestor.child.pid) - before };
}

async function ingest(name, options) {
  await withPlatform(['--wal-size', '4GiB'], async (platform, dataDir) => {
    const report = load(platform, dataDir, { duration: '10s', ...options });
    const seconds = report.durationSeconds;
    say(`${name}: ${thousands(report.acknowledged / seconds)} entries/s acknowledged; ${thousands(report.acknowledged / report.cpu)} per ingestor cpu-s (indexing included); p50 ${report.latencyMs.p50} ms, p99 ${report.latencyMs.p99} ms; peak RSS ${peakMebibytes(platform.ingestor.child.pid).toFixed(0)} MiB`);
  });
}

const PROBES = 300;

/** From the 202 to an answer of the query server that holds the entry, while 200 entries/s come in. */
async function freshness() {
  await withPlatform([], async (platform, dataDir) => {
    const load = start(
      'logpipeline-generator',
      ['--target', platform.ingestUrl, '--query-url', platform.queryUrl, '--rate', '200', '--batch-size', '10', '--duration', '0'],
      { logFile: path.join(dataDir, 'load.log') },
    );
    // The query server takes a new store up by its first entries.
    await sleep(3_000);
    const waits = [];
    for (let probe = 0; probe < PROBES; probe += 1) {
      const word = `fresh${probe}x`;
      const { status } = await fetch(`${platform.ingestUrl}/logs`, { method: 'POST', body: JSON.stringify({ message: word }) });
      if (status !== 202) throw new Error(`an entry was answered with ${status}`);
      const acknowledged = performance.now();
      while ((await getJson(`${platform.queryUrl}/api/v1/search?limit=1&q=${word}`)).total === 0) {
        if (performance.now() - acknowledged > 20_000) throw new Error(`${word} is not found`);
        await sleep(2);
      }
      waits.push(performance.now() - acknowledged);
      // Probes fall anywhere between the commits.
      await sleep((probe * 37) % 200);
    }
    if (load.end) throw new Error(`the load ended ${load.end.reason}`);
    await stop(load);
    waits.sort((a, b) => a - b);
    const [p50, p95, p99, most] = [0.5, 0.95, 0.99, 1].map((share) => waits[Math.ceil(PROBES * share) - 1].toFixed(0));
    say(`from 202 to found at 200 entries/s, ${PROBES} entries: p50 ${p50} ms, p95 ${p95} ms, p99 ${p99} ms, at most ${most} ms`);
  });
}

const RUNS = 300;

/** `TRACE` stands for the trace of some stored entry. */
const QUERIES = [
  ['a rare word', 'timeout'],
  ['a frequent word', 'checkout'],
  ['two words', 'connection refused'],
  ['phrase', '"connection refused"'],
  ['level', 'level:error'],
  ['level and service', 'level>=warn resourceId:web-gateway-*'],
  ['a trace', 'traceId:TRACE'],
  ['a trace that is not there', 'traceId:00000000000000000000000000000000'],
  ['number range', 'metadata.http.status:[500 TO 599]'],
  ['regex', '/giving up on \\w+ after \\d+ attempts/'],
  ['everything', ''],
];

async function search() {
  await withPlatform(['--wal-size', '4GiB'], async (platform, dataDir) => {
    const started = Date.now();
    const report = load(platform, dataDir, { count: entries, 'batch-size': 1_000, concurrency: 8 });
    await shipped(platform, 3_600_000);
    const seconds = (Date.now() - started) / 1_000;
    const cpu = cpuSeconds(platform.ingestor.child.pid);
    // Merges that are under way end, and free what they replace.
    await sleep(10_000);
    const total = await count(platform, '');
    if (total !== report.acknowledged) throw new Error(`${report.acknowledged} acknowledged, ${total} found`);
    say(`stored ${thousands(total)} entries: ${thousands(total / seconds)} entries/s to searchable, ${thousands(total / cpu)} per cpu-s; ingestor peak RSS ${peakMebibytes(platform.ingestor.child.pid).toFixed(0)} MiB`);
    const store = folderBytes(path.join(dataDir, 'store'));
    say(`on disk: ${(store / total).toFixed(0)} bytes an entry in the store, of ${(report.bytes.entries / report.sent).toFixed(0)} bytes sent`);
    const traced = await getJson(`${platform.queryUrl}/api/v1/search?limit=1&q=${encodeURIComponent('traceId:*')}`);
    const trace = traced.entries[0].traceId;
    for (const [name, template] of QUERIES) {
      const query = template.replace('TRACE', trace);
      const times = [];
      const url = `${platform.queryUrl}/api/v1/search?limit=50&q=${encodeURIComponent(query)}`;
      let found = 0;
      for (let run = 0; run < RUNS; run += 1) {
        const begin = performance.now();
        found = (await getJson(url)).total;
        times.push(performance.now() - begin);
      }
      times.sort((a, b) => a - b);
      say(`search ${name} (${thousands(found)} found): p50 ${times[RUNS / 2].toFixed(1)} ms, p99 ${times[Math.ceil(RUNS * 0.99) - 1].toFixed(1)} ms`);
    }
    say(`query server peak RSS ${peakMebibytes(platform.query.child.pid).toFixed(0)} MiB`);
  });
}

/** Each protocol beside our own JSON, 1,000 entries a request, and the Collector's receiver beside OTLP. */
function protocols() {
  const args = ['run', '--quiet', '--release', '--locked', '-p', 'logpipeline-ingestor', '--example', 'measure_protocols', '--'];
  try {
    args.push('--collector', path.join(install('collector', say), 'built/otelcol'));
  } catch (error) {
    say(`without the OpenTelemetry Collector: ${error.message}`);
  }
  const { status } = spawnSync('cargo', args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error(`the measurement of protocols ended with ${status}`);
}

const only = process.argv[2];
if (!only || only === 'ingest') {
  await ingest('batches of 1,000, 8 connections', { 'batch-size': 1_000, concurrency: 8 });
  await ingest('batches of 100, 32 connections', { 'batch-size': 100, concurrency: 32 });
  await ingest('single entries, 64 connections', { 'batch-size': 1, concurrency: 64 });
  await ingest('single entries, 256 connections', { 'batch-size': 1, concurrency: 256 });
}
if (!only || only === 'protocols') protocols();
if (!only || only === 'freshness') await freshness();
if (!only || only === 'search') await search();
