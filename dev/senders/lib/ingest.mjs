// An ingestor that listens for every protocol, with its query server, on ports of their own.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { startPlatform } from '../../lib/platform.mjs';
import { portIsFree } from '../../lib/processes.mjs';

/** Below the ports that systems give to outgoing connections, so that nobody takes one while the ingestor is away. */
export async function quietPort() {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 18_000);
    if (await portIsFree(port)) return port;
  }
}

export const newFolder = () => mkdtempSync(path.join(tmpdir(), 'logpipeline-senders-'));

/** Starts both; `only` names the listeners that are opened beside HTTP. */
export async function startIngest(only, profile) {
  const dataDir = newFolder();
  const ports = { http: await quietPort() };
  for (const name of only) ports[name] = await quietPort();
  const certificate = only.includes('syslog-tls') ? makeCertificate(dataDir) : null;
  const ingestorArgs = only.flatMap((name) => [`--${name}-listen`, `127.0.0.1:${ports[name]}`]);
  if (certificate) ingestorArgs.push('--tls-certificate-file', certificate.file, '--tls-key-file', certificate.key);
  const [queryPort, ingestAdmin, queryAdmin] = [await quietPort(), await quietPort(), await quietPort()];
  const platform = await startPlatform({ dataDir, ingestPort: ports.http, queryPort, ingestAdmin, queryAdmin, profile, ingestorArgs });
  return {
    platform,
    ports,
    dataDir,
    caFile: certificate?.file,
    async end() {
      const clean = await platform.stop();
      if (clean) rmSync(dataDir, { recursive: true, force: true });
      return clean;
    },
  };
}

function makeCertificate(dir) {
  const [file, key] = [path.join(dir, 'certificate.pem'), path.join(dir, 'key.pem')];
  const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', key, '-out', file]);
  if (made.status !== 0) throw new Error(`openssl made no certificate: ${made.stderr}`);
  return { file, key };
}
