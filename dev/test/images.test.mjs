import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

import { readDockerfile } from '../lib/dockerfile.mjs';
import { ociImage } from '../lib/oci.mjs';
import { cratesOf, npmOf, sbom } from '../lib/sbom.mjs';

const root = path.resolve(import.meta.dirname, '../..');
const ports = { operator: ['9090'], ingestor: ['3000', '9090'], query: ['8080', '9090'], generator: [] };
const sha256 = (bytes) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

for (const [component, expected] of Object.entries(ports)) {
  test(`the image of the ${component} is its binary and nothing else, and runs as nobody`, () => {
    const image = readDockerfile(readFileSync(path.join(root, component, 'Dockerfile'), 'utf8'));
    const binaries = component === 'query' ? ['/logpipeline-query', '/logq'] : [`/logpipeline-${component}`];
    assert.deepEqual(image.files.map(({ to }) => to), binaries);
    assert.deepEqual(image.entrypoint, [binaries[0]]);
    assert.equal(image.user, '65532:65532');
    assert.deepEqual(image.ports, expected);
    assert.equal(image.labels['org.opencontainers.image.licenses'], 'Apache-2.0');
    assert.ok(image.labels['org.opencontainers.image.title'] && image.labels['org.opencontainers.image.description']);
  });
}

test('a Dockerfile that needs a container tool is refused', () => {
  const refused = (text, why) => assert.throws(() => readDockerfile(text), why);
  refused('FROM debian\nUSER 1', /FROM scratch/u);
  refused('FROM scratch\nRUN true', /RUN needs more/u);
  refused('FROM scratch\nCOPY here /there', /earlier stages/u);
  refused('FROM scratch\nHEALTHCHECK NONE', /HEALTHCHECK is not known/u);
});

function made(content = 'a program') {
  return ociImage({
    name: 'localhost/some-program:1.0',
    architecture: 'amd64',
    image: { user: '65532:65532', ports: ['80'], labels: { one: '1' }, entrypoint: ['/bin/program'] },
    files: [
      { to: '/bin/program', content: Buffer.from(content) },
      { to: '/bin/another', content: Buffer.from('x'.repeat(1_000)) },
    ],
    labels: { two: '2' },
  });
}

/** Unpacks with the system's tar, which knows nothing of ours. */
function unpacked(archive, work) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'images-test-'));
  try {
    writeFileSync(path.join(folder, 'image.tar'), archive);
    const { status, stderr } = spawnSync('tar', ['-xf', 'image.tar'], { cwd: folder, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('an archive is an OCI layout in which every digest is that of its bytes', () => {
  const { archive, digest, size } = made();
  unpacked(archive, (folder) => {
    const json = (name) => JSON.parse(readFileSync(path.join(folder, name), 'utf8'));
    const blob = (of) => {
      const bytes = readFileSync(path.join(folder, 'blobs/sha256', of.digest.slice(7)));
      assert.equal(sha256(bytes), of.digest);
      assert.equal(bytes.length, of.size);
      return bytes;
    };
    assert.deepEqual(json('oci-layout'), { imageLayoutVersion: '1.0.0' });
    const [entry] = json('index.json').manifests;
    assert.equal(entry.digest, digest);
    assert.equal(entry.annotations['io.containerd.image.name'], 'localhost/some-program:1.0');
    const manifest = JSON.parse(blob(entry));
    const config = JSON.parse(blob(manifest.config));
    assert.deepEqual(config.config.Labels, { one: '1', two: '2' });
    assert.deepEqual(config.config.ExposedPorts, { '80/tcp': {} });
    assert.equal(config.config.User, '65532:65532');
    const layer = blob(manifest.layers[0]);
    assert.equal(size, entry.size + manifest.config.size + layer.length);
    writeFileSync(path.join(folder, 'layer.tar.gz'), layer);
    const plain = spawnSync('gzip', ['-dc', 'layer.tar.gz'], { cwd: folder, maxBuffer: 1 << 20 }).stdout;
    assert.deepEqual(config.rootfs.diff_ids, [sha256(plain)]);
    assert.equal(spawnSync('tar', ['-xzf', 'layer.tar.gz'], { cwd: folder }).status, 0);
    assert.equal(readFileSync(path.join(folder, 'bin/program'), 'utf8'), 'a program');
    assert.equal(readFileSync(path.join(folder, 'bin/another'), 'utf8').length, 1_000);
    assert.equal(statSync(path.join(folder, 'bin/program')).mode & 0o777, 0o755);
  });
});

test('the same files make the same bytes, and other files another digest', async () => {
  const first = made();
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  assert.ok(first.archive.equals(made().archive));
  assert.notEqual(first.digest, made('another program').digest);
});

test('a bill of materials names what is built in, once each, and nothing that only builds or tests', () => {
  const dep = (pkg, ...kinds) => ({ pkg, dep_kinds: kinds.map((kind) => ({ kind })) });
  const of = (name, source = 'somewhere') => ({ id: name, name, version: '1.0.0', license: 'MIT/Apache-2.0', source });
  const metadata = {
    packages: [of('mine', null), of('direct'), of('deep'), of('builds'), of('tests'), of('unrelated')],
    resolve: {
      nodes: [
        { id: 'mine', deps: [dep('direct', null), dep('builds', 'build'), dep('tests', 'dev')] },
        { id: 'direct', deps: [dep('deep', 'dev', null)] },
        { id: 'deep', deps: [dep('direct', null)] },
        { id: 'builds', deps: [dep('unrelated', null)] },
        { id: 'tests', deps: [] },
        { id: 'unrelated', deps: [] },
      ],
    },
  };
  const npm = npmOf({
    packages: { '': {}, 'node_modules/react': { version: '19.0.0', license: 'MIT' }, 'node_modules/vite': { version: '8.0.0', dev: true } },
  });
  const bill = sbom({ name: 'mine', version: '1.0.0', crates: cratesOf(metadata, 'mine'), npm });
  assert.deepEqual(
    bill.components.map(({ purl }) => purl),
    ['pkg:cargo/deep@1.0.0', 'pkg:cargo/direct@1.0.0', 'pkg:cargo/mine@1.0.0', 'pkg:npm/react@19.0.0'],
  );
  assert.deepEqual(bill.components[0].licenses, [{ expression: 'MIT OR Apache-2.0' }]);
  assert.equal(bill.bomFormat, 'CycloneDX');
});
