// Starts the product's binaries, waits until they are ready, and ends them in order.

import { spawn } from 'node:child_process';
import { mkdirSync, openSync, closeSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Of the release build, unless PROFILE names another. */
export function binary(name, profile = process.env.PROFILE ?? 'release') {
  return path.join(process.env.CARGO_TARGET_DIR ?? path.join(root, 'target'), profile, name);
}

/** Ends the script with one line that says what to do. */
export function fail(line) {
  process.stderr.write(`${line}\n`);
  process.exit(1);
}

/** Whether nothing listens on the port, on any interface. */
export function portIsFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '0.0.0.0', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** A port that was free a moment ago. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/**
 * Starts a binary in a process group of its own, so that Ctrl-C reaches it only through us.
 * Its output goes to `logFile`, without passing through this process. `through` is a command that starts it.
 */
export function start(name, args, { logFile, profile, env, through = [] } = {}) {
  mkdirSync(path.dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'a');
  const [program, ...before] = [...through, binary(name, profile)];
  const child = spawn(program, [...before, ...args], {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, ...env },
  });
  closeSync(log);
  const running = { name, child, logFile, end: null };
  running.ended = new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: null, reason: error.message }));
    child.once('exit', (code, signal) => resolve({ code, reason: code === null ? `by ${signal}` : `with code ${code}` }));
  }).then((end) => (running.end = end));
  return running;
}

/** Why a process that has ended did: the last line it wrote, which says what is wrong where something is. */
export function lastWords({ name, end, logFile }) {
  const line = readFileSync(logFile, 'utf8').trimEnd().split('\n').at(-1);
  return `${name} ended ${end.reason}: ${line || 'it wrote nothing'} (${logFile})`;
}

/** Asks a process to end, and waits; after `graceMs` it is killed. Returns its exit code. */
export async function stop(process_, graceMs = 30_000) {
  const { child, ended } = process_;
  if (!process_.end) child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  const { code } = await ended;
  clearTimeout(timer);
  return code;
}

/** Waits until the admin port says ready; fails with the process's own reason when it ends before. */
export async function ready(process_, adminPort, timeoutMs = 60_000) {
  const until = Date.now() + timeoutMs;
  let state = 'no answer yet';
  while (Date.now() < until) {
    if (process_.end) throw new Error(lastWords(process_));
    try {
      const response = await fetch(`http://127.0.0.1:${adminPort}/readyz`);
      if (response.ok) return;
      state = (await response.text()).trim();
    } catch (error) {
      state = error.cause?.code ?? error.message;
    }
    await sleep(50);
  }
  throw new Error(`${process_.name} is not ready after ${timeoutMs / 1000} s (${state}): see ${process_.logFile}`);
}

export async function getJson(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return response.json();
}
