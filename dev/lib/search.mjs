// An Elasticsearch for the demo and the faults: the one at ELASTICSEARCH_URL, or one that is started here and ended again.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { root } from './processes.mjs';

const script = path.join(root, 'dev/search-server.sh');

/** Whether a node was started in the folder and not ended; whether it still runs, `startNode` finds out. */
export function hasNode(dir) {
  return existsSync(path.join(dir, 'pid'));
}

/** Starts a node with its state in `dir`, or takes the one that runs there; resolves to its address. */
export async function startNode(dir, port, { kind = 'elasticsearch-9', env = {}, wait = false } = {}) {
  const args = ['up', kind, dir, String(port), ...(wait ? ['--wait'] : [])];
  // In a group of its own, so that Ctrl-C doesn't end the node before what writes to it.
  const child = spawn(script, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  let [out, log] = ['', ''];
  child.stdout.on('data', (data) => (out += data));
  child.stderr.on('data', (data) => (log += data));
  const code = await new Promise((resolve) => child.once('close', resolve));
  const url = out.trim().split('\n').at(-1);
  if (code !== 0 || !url) throw new Error(`Elasticsearch did not start: ${lastLine(log) || `search-server.sh ended with code ${code}`}`);
  return { dir, url, pid: () => Number(readFileSync(path.join(dir, 'pid'), 'utf8')) };
}

/** Ends the node in `dir`; its data stays. Returns whether it ended well. */
export function stopNode(dir) {
  return spawnSync(script, ['down', dir], { stdio: 'ignore' }).status === 0;
}

/** Why nothing usable answers at an address; null where something does, or where only the components can tell. */
export async function addressProblem(url) {
  if (url.startsWith('https:')) return null;
  let response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  } catch (error) {
    return `ELASTICSEARCH_URL is ${url}, which does not answer (${error.cause?.code ?? error.message}): start it, or leave ELASTICSEARCH_URL out to have one started here`;
  }
  const about = await response.json().catch(() => null);
  // Who may ask is told to the components, not to the demo.
  if (response.status === 401 || about?.version?.number) return null;
  return `ELASTICSEARCH_URL is ${url}, where something else than Elasticsearch answers (with status ${response.status}): correct the address`;
}

function lastLine(text) {
  return text.trimEnd().split('\n').at(-1)?.replace(/^search-server: /, '');
}
