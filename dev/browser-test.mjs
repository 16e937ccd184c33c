// Drives the web UI in headless Chromium against a real ingestor and query server of their own.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { startPlatform } from './lib/platform.mjs';
import { freePort, root } from './lib/processes.mjs';

const dataDir = mkdtempSync(path.join(tmpdir(), 'logpipeline-browser-'));
const [ingestPort, queryPort, ingestAdmin, queryAdmin] = [await freePort(), await freePort(), await freePort(), await freePort()];
const platform = await startPlatform({ dataDir, ingestPort, queryPort, ingestAdmin, queryAdmin, profile: process.env.PROFILE ?? 'debug' });

const test = spawn('npm', ['run', '--silent', 'e2e'], {
  cwd: path.join(root, 'query/ui'),
  stdio: 'inherit',
  env: { ...process.env, QUERY_URL: platform.queryUrl, INGEST_URL: platform.ingestUrl },
});
const code = await new Promise((resolve) => test.once('exit', (code) => resolve(code ?? 1)));
const clean = await platform.stop();
if (code === 0 && clean) rmSync(dataDir, { recursive: true });
else process.stderr.write(`the servers' logs are in ${path.join(dataDir, 'logs')}\n`);
process.exit(code || (clean ? 0 : 1));
