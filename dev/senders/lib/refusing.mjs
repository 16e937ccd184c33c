// Ingestors that refuse what they are sent, each for a real reason, so that senders get the ingestor's own answers.

import { rmSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';

import { ready, sleep, start, stop } from '../../lib/processes.mjs';
import { newFolder, quietPort } from './ingest.mjs';

const SMALL_LOG = ['--wal-segment-size', '3MiB', '--wal-size', '6MiB'];
/** Bytes of the messages that fill a log: the last find no room for the smallest entry. */
const FILLING = [1_000_000, 50_000, 2_000, 1];
/** In blocks of 512 bytes: a segment doesn't fit, what the ingestor writes to its log file does. */
const LARGEST_FILE = 2_048;
/** Longer than any run, so that a request on its way is answered. */
const LONG = ['--grace', '10m', '--header-timeout', '10m'];

/** Why each refuses. */
const KINDS = {
  /** The store is away, and the write-ahead log is full. */
  full: {
    args: async () => [...SMALL_LOG, '--store', 'elasticsearch', '--elasticsearch-url', `http://127.0.0.1:${await quietPort()}`, '--pipeline', 'senders'],
    prepare: fill,
  },
  /** No segment of the log can be written. */
  disk: { args: () => SMALL_LOG, through: ['sh', '-c', `trap "" XFSZ; ulimit -S -f ${LARGEST_FILE}; exec "$0" "$@"`] },
  /** It ends while the request is on its way. */
  ending: { args: () => LONG },
};

export const REFUSING = Object.keys(KINDS);

/** Ingestors that refuse: one of each kind for all senders, but for those that end, of which each refuses once. */
export class Refusing {
  #profile;
  #shared = new Map();
  #running = new Set();

  constructor(profile) {
    this.#profile = profile;
  }

  /** `count` ingestors that refuse one request each; whoever asks for them releases them. */
  async some(kind, count) {
    if (kind === 'ending') return Promise.all(Array.from({ length: count }, () => this.#start(kind)));
    if (!this.#shared.has(kind)) this.#shared.set(kind, this.#start(kind));
    const { ports } = await this.#shared.get(kind);
    return Array.from({ length: count }, () => ({ ports, begun: async () => {}, release: async () => {} }));
  }

  async end() {
    await Promise.all([...this.#running].map((release) => release()));
  }

  async #start(kind) {
    const { args, through, prepare = async () => {} } = KINDS[kind];
    const dataDir = newFolder();
    const ports = { http: await quietPort(), 'otlp-grpc': await quietPort() };
    const admin = await quietPort();
    const flags = [
      '--listen', `127.0.0.1:${ports.http}`, '--otlp-grpc-listen', `127.0.0.1:${ports['otlp-grpc']}`, '--admin-listen', `127.0.0.1:${admin}`,
      '--data-dir', dataDir, '--drain', '0s', '--insecure', ...(await args()),
    ];
    const ingestor = start('logpipeline-ingestor', flags, { logFile: path.join(dataDir, 'logs/ingestor.log'), profile: this.#profile, through });
    const release = async () => {
      this.#running.delete(release);
      await stop(ingestor, 0);
      rmSync(dataDir, { recursive: true, force: true });
    };
    this.#running.add(release);
    try {
      await ready(ingestor, admin);
      await prepare(ports);
    } catch (error) {
      await release();
      throw error;
    }
    /** Where it refuses by its end, ends it; what has begun by then is answered. */
    const begun = async () => {
      // It has read what was sent once it answers others that came later.
      for (let time = 0; time < 3; time += 1) await (await fetch(`http://127.0.0.1:${ports.http}/`)).arrayBuffer();
      ingestor.child.kill('SIGTERM');
      await Promise.all(Object.values(ports).map(closed));
    };
    return { ports, begun, release };
  }
}

async function fill(ports) {
  for (const size of FILLING) {
    const body = JSON.stringify({ message: 'x'.repeat(size) });
    for (let status = 202; status !== 429; ) {
      ({ status } = await fetch(`http://127.0.0.1:${ports.http}/logs`, { method: 'POST', body }));
      if (status !== 202 && status !== 429) throw new Error(`an ingestor that fills its log answered ${status}`);
    }
  }
}

/** Resolves once nobody listens on a port. */
async function closed(port) {
  const accepts = () => new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
  while (await accepts()) await sleep(10);
}
