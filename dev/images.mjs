// Makes the images of all components, as their Dockerfiles describe them, without a container tool and without pulling anything:
//
//   node dev/images.mjs [COMPONENT…]
//
// target/images gets NAME.tar, an OCI archive, NAME.cdx.json, what it is made of, and digests.txt. IMAGE_REGISTRY=example.org/team/ stands before the names
// (localhost/ unless set), IMAGE_TAG after them (the version of the workspace). The same sources, toolchain, C library and Node give the same bytes, in whatever folder.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { readDockerfile } from './lib/dockerfile.mjs';
import { ociImage } from './lib/oci.mjs';
import { cratesOf, npmOf, sbom } from './lib/sbom.mjs';

const COMPONENTS = ['operator', 'ingestor', 'query', 'generator'];
const ARCHITECTURES = { x86_64: 'amd64', aarch64: 'arm64' };
/** Of an archive: nodes pull it whenever a pod comes to one that has it not. */
const MOST_BYTES = 25e6;
const root = path.resolve(import.meta.dirname, '..');
const target = path.resolve(root, process.env.CARGO_TARGET_DIR ?? 'target');
const out = path.join(target, 'images');

function run(command, args, options = {}) {
  const { status, stdout } = spawnSync(command, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 1 << 28, ...options });
  if (status !== 0) {
    process.stderr.write(`${command} ${args[0]} failed\n`);
    process.exit(1);
  }
  return stdout;
}

const wanted = process.argv.length > 2 ? process.argv.slice(2) : COMPONENTS;
const unknown = wanted.filter((one) => !COMPONENTS.includes(one));
if (unknown.length > 0) {
  process.stderr.write(`there is no component ${unknown.join(', ')}: take ${COMPONENTS.join(', ')}\n`);
  process.exit(2);
}

const host = /host: (\S+)/u.exec(run('rustc', ['-vV']))[1];
const architecture = ARCHITECTURES[host.split('-')[0]];
const remapped = [
  [root, '/src'],
  [process.env.CARGO_HOME ?? path.join(os.homedir(), '.cargo'), '/cargo'],
  [run('rustc', ['--print', 'sysroot']).trim(), '/rust'],
];
const flags = ['-Ctarget-feature=+crt-static', ...remapped.map(([from, to]) => `--remap-path-prefix=${from}=${to}`)];
const packages = wanted.flatMap((component) => ['-p', `logpipeline-${component}`, ...(component === 'query' ? ['-p', 'logq'] : [])]);
run('cargo', ['build', '--locked', '--quiet', '--profile', 'image', '--target', host, ...packages], {
  // Flags of a target do not reach build scripts and macros, which run here.
  env: { ...process.env, CARGO_ENCODED_RUSTFLAGS: flags.join('\u001f') },
});

const metadata = JSON.parse(run('cargo', ['metadata', '--locked', '--format-version', '1', '--filter-platform', host]));
const { version } = metadata.packages.find((one) => one.name === 'logpipeline-operator');
const npm = npmOf(JSON.parse(readFileSync(path.join(root, 'query/ui/package-lock.json'), 'utf8')));
const registry = process.env.IMAGE_REGISTRY ?? 'localhost/';
const tag = process.env.IMAGE_TAG ?? version;
mkdirSync(out, { recursive: true });
const digests = [];
for (const component of wanted) {
  const name = `logpipeline-${component}`;
  const image = readDockerfile(readFileSync(path.join(root, component, 'Dockerfile'), 'utf8'));
  const files = image.files.map(({ from, to }) => ({ to, content: readFileSync(path.join(target, host, 'image', path.basename(from))) }));
  const made = ociImage({
    name: `${registry}${name}:${tag}`,
    architecture,
    image,
    files,
    labels: { 'org.opencontainers.image.version': version },
  });
  writeFileSync(path.join(out, `${name}.tar`), made.archive);
  const parts = sbom({ name, version, crates: cratesOf(metadata, name), npm: component === 'query' ? npm : [] });
  writeFileSync(path.join(out, `${name}.cdx.json`), `${JSON.stringify(parts, null, 1)}\n`);
  if (made.size > MOST_BYTES) {
    process.stderr.write(`${name} takes ${(made.size / 1e6).toFixed(1)} MB, and may take ${MOST_BYTES / 1e6}\n`);
    process.exit(1);
  }
  digests.push(`${name}:${tag} ${made.digest}`);
  process.stdout.write(`${name}:${tag}  ${(made.size / 1e6).toFixed(1)} MB  ${made.digest}\n`);
}
writeFileSync(path.join(out, 'digests.txt'), `${digests.join('\n')}\n`);
