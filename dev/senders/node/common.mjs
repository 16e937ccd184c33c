// FILE ENTRIES HOST PORT PAUSE_MS [VARIANT]: what every driver is started with.

import { readFileSync, writeFileSync } from 'node:fs';

const BATCH = 50;
const [file, host, port, pause, given] = process.argv.slice(2);

export const HOST = host;
export const PORT = Number(port);
export const URL_ = `http://${host}:${port}`;
export const variant = given ?? '';

const entries = readFileSync(file, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line));

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The entries batch by batch, slowly where the ingestor is to be killed amid them. */
export async function* batches() {
  for (let first = 0; first < entries.length; first += BATCH) {
    yield entries.slice(first, first + BATCH);
    await sleep(Number(pause));
  }
  // Read by who drives this.
  writeFileSync('logged', '');
}

/** For clients that don't say when they have sent everything: they are ended from outside. */
export function stay() {
  setInterval(() => {}, 60_000);
  return new Promise(() => {});
}

/** An entry as Elastic's schema has it. */
export function document({ message, fields }) {
  return { ...fields, '@timestamp': new Date().toISOString(), message, 'log.level': 'info', 'service.name': 'shop' };
}

/** Resolves when an emitter says `name`, or after a while. */
export function said(emitter, name, ms = 20_000) {
  return Promise.race([new Promise((resolve) => emitter.once(name, resolve)), sleep(ms)]);
}

// What a client throws from a callback of its own is its loss, which the count shows.
process.on('uncaughtException', (error) => process.stderr.write(`${error.stack}\n`));
process.on('unhandledRejection', (error) => process.stderr.write(`${error?.stack ?? error}\n`));
