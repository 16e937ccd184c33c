// Agents that read what others write: `agent.mjs ENTRIES HOST PORT PAUSE_MS AGENT [VARIANT]`. It appends the entries to a log, starts the agent
// on it, and ends the agent on SIGTERM. The agent's program is found by CACHE, and its state is kept in WORK.

import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const [entriesFile, host, port, pause, agent, variant] = process.argv.slice(2);
const { CACHE: cache, WORK: work, CA_FILE: caFile = '' } = process.env;
const own = import.meta.dirname;
const logFile = path.join(work, 'shop.log');
const debian = path.join(cache, 'debian/root');
const libraries = ['usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu', 'usr/lib/x86_64-linux-gnu/systemd', 'lib/x86_64-linux-gnu/systemd', 'lib/systemd'].map((folder) => path.join(debian, folder)).join(':');
const unpacked = { LD_LIBRARY_PATH: libraries };
const entries = readFileSync(entriesFile, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line));

let child = null;
let ending = false;
process.on('SIGTERM', () => {
  ending = true;
  child?.kill('SIGTERM');
  setTimeout(() => child?.kill('SIGKILL'), 3_000).unref();
  if (!child) process.exit(0);
});

const AGENTS = {
  async rsyslog() {
    const conf = ['common', variant].map((name) => readFileSync(path.join(own, `rsyslog/${name}.conf`), 'utf8')).join('\n');
    const values = { WORK: work, LOG_FILE: logFile, HOST: host, PORT: port, CA_FILE: caFile };
    const file = path.join(work, 'rsyslog.conf');
    writeFileSync(file, conf.replace(/@(\w+)@/g, (_, name) => values[name]));
    run(path.join(debian, 'usr/sbin/rsyslogd'), ['-n', '-iNONE', '-f', file, '-M', path.join(debian, 'usr/lib/x86_64-linux-gnu/rsyslog')], unpacked);
    await write();
  },
  async collector() {
    run(path.join(cache, 'collector/built/otelcol'), ['--config', path.join(own, `collector/${variant}.yaml`)], { LOG_FILE: logFile, TARGET: `${host}:${port}` });
    await write();
  },
  async vlagent() {
    // Its own listener is of no use here.
    run(path.join(cache, 'vlagent/bin/vlagent'), [
      `-remoteWrite.url=http://${host}:${port}/insert/jsonline`, '-remoteWrite.format=jsonline', `-remoteWrite.tmpDataPath=${work}/buffer`, `-tmpDataPath=${work}/state`,
      `-fileCollector.glob=${logFile}`, '-fileCollector.refreshInterval=1s', '-httpListenAddr=127.0.0.1:0',
    ]);
    await write();
  },
  /** It ends once it sent the journal, and is started anew by its unit where it failed. */
  async journal() {
    const journal = path.join(work, 'shop.journal');
    const made = spawnSync(path.join(debian, 'lib/systemd/systemd-journal-remote'), ['-o', journal, '-'], { input: journalExport(), env: { ...process.env, ...unpacked } });
    if (made.status !== 0) throw new Error(`the journal was not made: ${made.stderr}`);
    logged();
    while (!ending) {
      run(path.join(debian, 'lib/systemd/systemd-journal-upload'), ['--url', `http://${host}:${port}`, '--file', journal, `--save-state=${work}/state`], unpacked);
      const code = await new Promise((resolve) => child.once('exit', resolve));
      child = null;
      if (code === 0) break;
      await sleep(1_000);
    }
    while (!ending) await sleep(200);
    process.exit(0);
  },
  /** Not an agent: each run of it sends a file and ends. */
  async logger() {
    const transport = variant === 'tcp' ? ['-T', '--octet-count'] : ['-d'];
    for (let first = 0; first < entries.length; first += 50) {
      const file = path.join(work, 'batch.log');
      writeFileSync(file, lines(entries.slice(first, first + 50)));
      const sent = spawnSync('logger', ['-n', host, '-P', port, ...transport, '-t', 'shop', '--size', '200KiB', '-f', file], { encoding: 'utf8' });
      if (sent.status !== 0) console.log(sent.stderr);
      await sleep(Number(pause));
    }
    process.exit(0);
  },
};

mkdirSync(work, { recursive: true });
writeFileSync(logFile, '');
await AGENTS[agent]();

function run(program, args, env = {}) {
  child = spawn(program, args, { stdio: 'inherit', env: { ...process.env, ...env } });
  child.once('error', (error) => console.log(error.message));
  if (agent !== 'journal') child.once('exit', (code) => process.exit(ending ? 0 : (code ?? 1)));
}

async function write() {
  await sleep(1_000);
  for (let first = 0; first < entries.length; first += 50) {
    appendFileSync(logFile, lines(entries.slice(first, first + 50)));
    await sleep(Number(pause));
  }
  logged();
}

/** Read by who drives this. */
function logged() {
  writeFileSync(path.join(work, 'logged'), '');
}

function lines(batch) {
  return batch.map(({ text }) => `${text}\n`).join('');
}

/** The entries in the format in which journals are exchanged; a text that is not one plain line has its length before it. */
function journalExport() {
  const parts = entries.flatMap(({ n, text }) => {
    const bytes = Buffer.from(text);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(bytes.length));
    const head = `__REALTIME_TIMESTAMP=${Date.now() * 1_000 + n}\n__MONOTONIC_TIMESTAMP=${1_000 + n}\n_BOOT_ID=0123456789abcdef0123456789abcdef\n_HOSTNAME=web1\nPRIORITY=6\nSYSLOG_IDENTIFIER=shop\nORDER=${n}\nMESSAGE\n`;
    return [Buffer.from(head), length, bytes, Buffer.from('\n\n')];
  });
  return Buffer.concat(parts);
}
