// The demo as people start it, on the binaries of `cargo test` and ports of its own.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

import { binary, freePort, portIsFree, root } from '../lib/processes.mjs';

const profile = process.env.PROFILE ?? 'debug';
const NAMES = ['logpipeline-ingestor', 'logpipeline-query', 'logpipeline-generator'];

/** Two ports, one behind the other. */
async function freePair() {
  for (;;) {
    const port = await freePort();
    if (port < 65_535 && (await portIsFree(port + 1))) return port;
  }
}

async function settings(dataDir) {
  const [ingest, query, admin] = [await freePort(), await freePort(), await freePair()];
  return {
    ports: [ingest, query, admin, admin + 1],
    env: { INGEST_PORT: String(ingest), QUERY_PORT: String(query), ADMIN_PORT: String(admin), DATA_DIR: dataDir, DEMO_RATE: '100', STORE: 'embedded' },
  };
}

/** Starts the demo; `shows` waits until it has printed something, `ended` has its exit code and what it printed. */
function demo(env) {
  const child = spawn('node', [path.join(root, 'dev/demo.mjs')], { env: { ...process.env, DEMO_SECONDS: '', PROFILE: profile, ...env } });
  let [out, err] = ['', ''];
  let watch = () => {};
  child.stdout.on('data', (text) => {
    out += text;
    watch();
  });
  child.stderr.on('data', (text) => (err += text));
  const ended = new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })));
  const shows = (text) => new Promise((resolve) => {
    watch = () => out.includes(text) && resolve();
    watch();
  });
  return { child, ended, shows };
}

/** The id of the process that runs a binary on a data folder. */
function processOf(name, dataDir) {
  const ids = readdirSync('/proc').filter((id) => /^\d+$/.test(id));
  return Number(
    ids.find((id) => {
      try {
        const words = readFileSync(`/proc/${id}/cmdline`, 'utf8').split('\0');
        return words[0] === binary(name, profile) && words.includes(dataDir);
      } catch {
        return false; // It has ended meanwhile.
      }
    }),
  );
}

/** A figure of the list that the demo ends with. */
const figure = (out, name) => Number(new RegExp(`^  ${name} +(\\d+)$`, 'm').exec(out)?.[1]);

async function assertBalanced({ code, out, err }, ports) {
  assert.deepEqual([code, err], [0, ''], out);
  assert.match(out, /balanced: every entry is stored and found exactly once/);
  const [sent, acknowledged, found] = ['sent', 'acknowledged', 'found'].map((name) => figure(out, name));
  assert.ok(sent > 0 && sent === acknowledged && found === acknowledged, out);
  // The server whose port is asked for may be gone while its port is not free yet.
  for (const port of ports) assert.ok(await portIsFree(port), `something still listens on ${port}\n${out}`);
}

async function inFolder(work) {
  for (const name of NAMES) assert.ok(existsSync(binary(name, profile)), `${binary(name, profile)} is missing: make test-rust builds it, or cargo build`);
  const dataDir = mkdtempSync(path.join(tmpdir(), 'logpipeline-demo-'));
  try {
    await work(dataDir);
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

const options = { timeout: 180_000 };

test('for some seconds: real logs and a load, balanced, with nothing left running; the next run knows the logs', options, () =>
  inFolder(async (dataDir) => {
    const { env, ports } = await settings(dataDir);
    const first = await demo({ ...env, DEMO_SECONDS: '3' }).ended;
    await assertBalanced(first, ports);
    assert.match(first.out, /loaded [\d,]+ entries of .*ingestor\.log/);
    for (const log of ['dpkg.log', 'history.log', 'journal']) {
      // Each is loaded, or said to be missing.
      assert.ok(first.out.includes(log), `${log}: ${first.out}`);
    }
    assert.match(first.out, /a load of 100 entries\/s runs for 3 s/);
    assert.ok(figure(first.out, 'sent') >= 250, first.out);

    const second = await demo({ ...env, DEMO_SECONDS: '1' }).ended;
    await assertBalanced(second, ports);
    assert.match(second.out, /of which [\d,]+ were stored already/);
  }));

test('until Ctrl-C, which ends the load, checks it, and ends everything with code 0', options, () =>
  inFolder(async (dataDir) => {
    const { env, ports } = await settings(dataDir);
    const running = demo(env);
    await running.shows('runs until Ctrl-C');
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    running.child.kill('SIGINT');
    const ended = await running.ended;
    await assertBalanced(ended, ports);
    assert.match(ended.out, /SIGINT: the load ends, then what it sent is checked/);
  }));

test('a busy port is code 1 and one line that says what to do, and nothing is started', options, () =>
  inFolder(async (dataDir) => {
    const { env, ports } = await settings(dataDir);
    const busy = createServer();
    await new Promise((resolve) => busy.listen(ports[0], '0.0.0.0', resolve));
    const { code, out, err } = await demo({ ...env, DEMO_SECONDS: '1' }).ended;
    busy.close();
    assert.deepEqual([code, out], [1, '']);
    assert.match(err, new RegExp(`^port ${ports[0]} is in use: .*make demo INGEST_PORT=\\d+\\n$`));
    assert.ok(!existsSync(path.join(dataDir, 'logs')), 'nothing was written');
  }));

test('a server that ends under way is code 1 and told, and the others are ended', options, () =>
  inFolder(async (dataDir) => {
    const { env, ports } = await settings(dataDir);
    const running = demo(env);
    await running.shows('runs until Ctrl-C');
    process.kill(processOf('logpipeline-query', dataDir), 'SIGKILL');
    const { code, out, err } = await running.ended;
    assert.equal(code, 1, out);
    assert.match(err, /logpipeline-query ended by SIGKILL/);
    for (const port of ports) assert.ok(await portIsFree(port), `something still listens on ${port}`);
  }));
