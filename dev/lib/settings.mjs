// What the demo is told by its environment, checked before anything starts.

import path from 'node:path';

import { portIsFree, root } from './processes.mjs';
import { hasNode } from './search.mjs';

const PORTS = { INGEST_PORT: 3000, QUERY_PORT: 8080, ADMIN_PORT: 9090, ELASTICSEARCH_PORT: 9200 };
const STORES = ['embedded', 'elasticsearch'];
const HIGHEST = 65_535;

/** Reads the settings; throws an error of one line that says what to do. */
export function readSettings(env) {
  const given = (name, fallback) => env[name] || String(fallback);
  const rate = Number(given('DEMO_RATE', 200));
  if (!(rate > 0)) throw new Error(`DEMO_RATE is "${env.DEMO_RATE}": give the entries per second, such as DEMO_RATE=200`);
  const seconds = env.DEMO_SECONDS ? Number(env.DEMO_SECONDS) : null;
  if (seconds !== null && !(seconds > 0)) throw new Error(`DEMO_SECONDS is "${env.DEMO_SECONDS}": give whole seconds, such as DEMO_SECONDS=30`);
  const store = given('STORE', 'embedded');
  if (!STORES.includes(store)) throw new Error(`STORE is "${env.STORE}": it can be ${STORES.join(' or ')}, such as STORE=elasticsearch`);
  const [ingestPort, queryPort, ingestAdmin, searchPort] = Object.entries(PORTS).map(([name, fallback]) => {
    const port = Number(given(name, fallback));
    // The query server's admin port is the one behind ADMIN_PORT.
    const highest = name === 'ADMIN_PORT' ? HIGHEST - 1 : HIGHEST;
    if (!(Number.isInteger(port) && port > 0 && port <= highest)) {
      throw new Error(`${name} is "${env[name]}": give a port from 1 to ${highest}, such as ${name}=${fallback}`);
    }
    return port;
  });
  const dataDir = path.resolve(root, given('DATA_DIR', './data'));
  const ports = { ingestPort, queryPort, ingestAdmin, queryAdmin: ingestAdmin + 1 };
  return { rate, seconds, ...ports, dataDir, elasticsearch: store === 'elasticsearch' ? elasticsearch(env, searchPort, dataDir) : null };
}

/** Where Elasticsearch is: at `url`, or to be started on `port` with its state in `dir`. */
function elasticsearch(env, port, dataDir) {
  if (!env.ELASTICSEARCH_URL) return { url: null, port, dir: path.join(dataDir, 'elasticsearch') };
  if (!URL.canParse(env.ELASTICSEARCH_URL) || !/^https?:$/.test(new URL(env.ELASTICSEARCH_URL).protocol)) {
    throw new Error(`ELASTICSEARCH_URL is "${env.ELASTICSEARCH_URL}": give an address, such as ELASTICSEARCH_URL=http://localhost:9200`);
  }
  return { url: env.ELASTICSEARCH_URL, port: null, dir: null };
}

/** Says in one line why the ports cannot be used; null when they can. */
export async function portProblem({ ingestPort, queryPort, ingestAdmin, queryAdmin, elasticsearch }, isFree = portIsFree, nodeRuns = hasNode) {
  const uses = [
    ['INGEST_PORT', ingestPort, 'INGEST_PORT'],
    ['QUERY_PORT', queryPort, 'QUERY_PORT'],
    ['ADMIN_PORT', ingestAdmin, 'ADMIN_PORT'],
    ['ADMIN_PORT', queryAdmin, 'ADMIN_PORT + 1, the admin port of the query server,'],
  ];
  const searchPort = elasticsearch?.port;
  if (searchPort) uses.push(['ELASTICSEARCH_PORT', searchPort, 'ELASTICSEARCH_PORT']);
  for (const [index, [name, port, title]] of uses.entries()) {
    const twin = uses.slice(0, index).find((other) => other[1] === port);
    if (twin) return `${twin[2]} and ${title} are both ${port}: choose another port for one of them, such as make demo ${name}=${elsewhere(port)}`;
  }
  for (const [name, port] of uses) {
    // A node that an earlier demo could not end is taken over; `up` finds out whether it is that one that listens.
    if (port === searchPort && nodeRuns(elasticsearch.dir)) continue;
    if (!(await isFree(port))) return `port ${port} is in use: stop what listens there, or choose another: make demo ${name}=${elsewhere(port)}`;
  }
  return null;
}

const elsewhere = (port) => (port + 1000 < HIGHEST ? port + 1000 : port - 1000);
