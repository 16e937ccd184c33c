// What indexing metadata in each of several ways costs an Elasticsearch and its disk, and how long searching it takes:
//
//   node dev/measure-metadata.mjs URL PID [ENTRIES]
//
// PID is the server's. The ways: `terms`, as the store has it (paths and values as terms of two fields); `flattened`, Elasticsearch's own type, with the
// numbers as terms of a third field, since it has no ranges of numbers; `dynamic`, a field for each path, which grows the mapping; and `none`.
// All four indices have the same settings and the same other fields. What the store itself would write is read from a data stream that
// `cargo run --release -p logpipeline-store --example measure_elasticsearch URL PID ENTRIES 0 keep` has left, under the name `logs-measure-metadata.default`.

import { readFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';

const [url, pid, wanted = '200000'] = process.argv.slice(2);
if (pid === undefined) {
  process.stderr.write('give the address of the server and its process id\n');
  process.exit(2);
}
const entries = Number(wanted);
const stream = 'logs-measure-metadata.default';
const BATCH = 5_000;
const ROUNDS = 3;
const RUNS = 50;
const TICKS = Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout) || 100;

function cpuSeconds() {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

async function ask(method, path, body, type = 'application/json') {
  const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
  const answer = await fetch(url + path, { method, body: text, headers: text === undefined ? {} : { 'content-type': type } });
  const found = await answer.json();
  if (!answer.ok) throw new Error(`${method} ${path}: ${JSON.stringify(found).slice(0, 300)}`);
  return found;
}

async function stored() {
  const found = [];
  let after;
  while (found.length < entries) {
    const body = { size: BATCH, sort: [{ '@timestamp': 'asc' }, { id: 'asc' }], track_total_hits: false, ...(after && { search_after: after }) };
    const { hits } = await ask('POST', `/${stream}/_search`, body);
    if (hits.hits.length === 0) throw new Error(`${stream} holds ${found.length} entries only`);
    for (const hit of hits.hits) found.push(hit._source);
    after = hits.hits.at(-1).sort;
  }
  return found.slice(0, entries);
}

function* numbers(value, path) {
  if (typeof value === 'number') yield `${path}\u0001${(value + 1e15).toFixed(3).padStart(20, '0')}`;
  else if (value !== null && typeof value === 'object') for (const [key, one] of Object.entries(value)) yield* numbers(one, path ? `${path}.${key}` : key);
}

const without = (source) => ({ ...source, search: { era: source.search.era } });
const range = (low, high) => [low, high].map((value) => [...numbers({ http: { status: value } }, '')][0]);
const [from, to] = range(500, 599);

const ways = {
  terms: {
    source: (source) => source,
    metadata: { type: 'object', enabled: false },
    // As the store writes them: `m` and the path, a zero byte, the kind, and the value.
    queries: (sample) => {
      const statuses = sample.flatMap((one) => one.search.values).filter((term) => term.startsWith('mhttp.status\u0000n'));
      // Those from 500 to 599 are 500.
      const highest = statuses.reduce((one, other) => (one > other ? one : other));
      return {
        exact: { term: { 'search.values': 'mhttp.path\u0000b/api/v1/payments' } },
        exists: { term: { 'search.paths': 'mregion\u0000v' } },
        range: { range: { 'search.values': { gte: highest, lte: highest } } },
      };
    },
  },
  flattened: {
    source: (source) => ({ ...without(source), search: { era: source.search.era, numbers: [...numbers(source.metadata, '')] } }),
    metadata: { type: 'flattened', depth_limit: 64, ignore_above: 8_000 },
    queries: () => ({
      exact: { term: { 'metadata.http.path': '/api/v1/payments' } },
      exists: { exists: { field: 'metadata.region' } },
      range: { range: { 'search.numbers': { gte: from, lte: to } } },
    }),
  },
  dynamic: {
    source: without,
    metadata: { type: 'object', dynamic: true },
    queries: () => ({
      exact: { term: { 'metadata.http.path.keyword': '/api/v1/payments' } },
      exists: { exists: { field: 'metadata.region' } },
      range: { range: { 'metadata.http.status': { gte: 500, lte: 599 } } },
    }),
  },
  none: { source: without, metadata: { type: 'object', enabled: false }, queries: () => ({}) },
};

async function template() {
  const { indices } = await ask('GET', `/_resolve/index/.ds-${stream}-*`);
  const name = indices[0].name;
  const { settings, mappings } = (await ask('GET', `/${name}`))[name];
  const { analysis, sort, codec } = settings.index;
  return { settings: { index: { analysis, sort, codec, number_of_replicas: 0, refresh_interval: '1s' } }, mappings };
}

async function fill(index, bodies) {
  const waiting = [...bodies];
  const send = async () => {
    for (let body = waiting.shift(); body !== undefined; body = waiting.shift()) {
      const { errors, items } = await ask('POST', `/${index}/_bulk?filter_path=errors,items.*.error`, body, 'application/x-ndjson');
      if (errors) throw new Error(JSON.stringify(items[0]).slice(0, 500));
    }
  };
  await Promise.all([send(), send()]);
}

async function median(index, query) {
  const body = { query: { bool: { filter: [query] } }, size: 50, sort: [{ '@timestamp': 'desc' }], track_total_hits: true };
  const taken = [];
  let total = 0;
  for (let run = 0; run < RUNS; run += 1) {
    const started = performance.now();
    total = (await ask('POST', `/${index}/_search?request_cache=false`, body)).hits.total.value;
    taken.push(performance.now() - started);
  }
  return `${taken.sort((a, b) => a - b)[RUNS / 2].toFixed(1)} ms (${total})`;
}

const base = await template();
const sources = await stored();
process.stdout.write('way          entries/s   server cpu-s   bytes an entry   exact value, exists, range of numbers\n');
for (let round = 0; round <= ROUNDS; round += 1) {
  for (const [name, way] of Object.entries(ways)) {
    const index = `measure-${process.pid}-${round}-${name}`;
    const mappings = structuredClone(base.mappings);
    mappings.properties.metadata = way.metadata;
    if (name === 'flattened') mappings.properties.search.properties.numbers = { type: 'keyword' };
    await ask('PUT', `/${index}`, { settings: base.settings, mappings });
    const bodies = [];
    for (let at = 0; at < sources.length; at += BATCH) {
      const lines = sources.slice(at, at + BATCH).map((one) => `{"create":{"_id":"${one.id}"}}\n${JSON.stringify(way.source(one))}\n`);
      bodies.push(lines.join(''));
    }
    const [cpu, started] = [cpuSeconds(), performance.now()];
    await fill(index, bodies);
    const [seconds, used] = [(performance.now() - started) / 1_000, cpuSeconds() - cpu];
    await ask('POST', `/${index}/_forcemerge?max_num_segments=1&flush=true`);
    await ask('POST', `/${index}/_refresh`);
    const stats = await ask('GET', `/${index}/_stats/store`);
    const bytes = stats._all.total.store.size_in_bytes / entries;
    const times = [];
    if (round === ROUNDS) for (const query of Object.values(way.queries(sources.slice(0, 5_000)))) times.push(await median(index, query));
    // The first round warms the server up.
    if (round > 0) {
      const figures = [name.padEnd(10), Math.round(entries / seconds).toString().padStart(11), used.toFixed(1).padStart(14), Math.round(bytes).toString().padStart(16)];
      process.stdout.write(`${figures.join(' ')}   ${times.join(', ')}\n`);
    }
    await ask('DELETE', `/${index}`);
  }
}
