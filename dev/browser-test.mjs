// Drives the web UI in headless Chromium against a real ingestor and two query servers of their own: one lets anybody search, the other asks
// who it is.

import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { startPlatform } from './lib/platform.mjs';
import { binary, freePort, ready, root, start, stop } from './lib/processes.mjs';

const dataDir = mkdtempSync(path.join(tmpdir(), 'logpipeline-browser-'));
const [ingestPort, queryPort, ingestAdmin, queryAdmin] = [await freePort(), await freePort(), await freePort(), await freePort()];
const profile = process.env.PROFILE ?? 'debug';
const platform = await startPlatform({ dataDir, ingestPort, queryPort, ingestAdmin, queryAdmin, profile });
const guarded = await startGuarded('ada', 'correct horse battery');

const test = spawn('npm', ['run', '--silent', 'e2e'], {
  cwd: path.join(root, 'query/ui'),
  stdio: 'inherit',
  env: { ...process.env, QUERY_URL: platform.queryUrl, INGEST_URL: platform.ingestUrl, GUARDED_URL: guarded.url, GUARDED_USER: guarded.user },
});
const code = await new Promise((resolve) => test.once('exit', (code) => resolve(code ?? 1)));
const ended = await stop(guarded.process);
const clean = (await platform.stop()) && ended === 0;
if (code === 0 && clean) rmSync(dataDir, { recursive: true });
else process.stderr.write(`the servers' logs are in ${path.join(dataDir, 'logs')}\n`);
process.exit(code || (clean ? 0 : 1));

/** Starts a query server over the same entries that knows one user. */
async function startGuarded(user, password) {
  const [port, admin] = [await freePort(), await freePort()];
  const usersFile = path.join(dataDir, 'users');
  const hash = execFileSync(binary('logpipeline-query', profile), ['hash-password'], { input: password, encoding: 'utf8' });
  writeFileSync(usersFile, `${user}:${hash}`, { mode: 0o600 });
  const process_ = start(
    'logpipeline-query',
    ['--listen', `127.0.0.1:${port}`, '--admin-listen', `127.0.0.1:${admin}`, '--data-dir', dataDir, '--drain', '0s', '--users-file', usersFile],
    { logFile: path.join(dataDir, 'logs', 'query-guarded.log'), profile },
  );
  try {
    await ready(process_, admin);
  } catch (error) {
    await stop(process_);
    await platform.stop();
    throw error;
  }
  return { process: process_, url: `http://127.0.0.1:${port}`, user: `${user}:${password}` };
}
