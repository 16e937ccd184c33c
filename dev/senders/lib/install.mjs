// Puts the senders into the cache, in the versions that the lock files beside the drivers name, once.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

import { root } from '../../lib/processes.mjs';

export const cache = path.join(process.env.LOGPIPELINE_CACHE ?? process.env.CACHE ?? path.join(homedir(), '.cache/logpipeline'), 'senders');
export const sources = path.join(root, 'dev/senders');

const VLAGENT = 'github.com/VictoriaMetrics/VictoriaLogs/app/vlagent@v1.52.1';
const BUILDER = 'go.opentelemetry.io/collector/cmd/builder@v0.120.0';
const DEBIAN = [
  'rsyslog', 'rsyslog-elasticsearch', 'rsyslog-gnutls', 'rsyslog-relp', 'librelp0', 'libestr0', 'libfastjson4', 'liblognorm5',
  'systemd-journal-remote', 'libsystemd-shared', 'libmicrohttpd12', 'libcurl4',
];

/** Each ecosystem: the tools it wants, the files that say what it holds, and how it is filled. */
const ECOSYSTEMS = {
  none: { tools: [], files: [], steps: () => [] },
  python: {
    tools: ['python3'],
    files: ['python/requirements.txt'],
    steps: (dir) => [['python3', '-m', 'venv', dir], [`${dir}/bin/pip`, 'install', '-q', '--disable-pip-version-check', '-r', `${sources}/python/requirements.txt`]],
  },
  'python-8': {
    tools: ['python3'],
    files: ['python/requirements-8.txt'],
    steps: (dir) => [['python3', '-m', 'venv', dir], [`${dir}/bin/pip`, 'install', '-q', '--disable-pip-version-check', '-r', `${sources}/python/requirements-8.txt`]],
  },
  node: {
    tools: ['node', 'npm'],
    files: ['node/package-lock.json'],
    prepare: (dir) => copy('node', dir, ['package.json', 'package-lock.json', '.npmrc']),
    steps: () => [['npm', 'ci', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']],
  },
  java: {
    tools: ['javac', 'mvn'],
    files: ['java/pom.xml'],
    steps: (dir) => [
      ['mvn', '-q', '-B', '-f', `${sources}/java/pom.xml`, 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies', `-DoutputDirectory=${dir}/lib`],
    ],
    each: (dir) => [['javac', '-nowarn', '-Xlint:none', '-d', `${dir}/classes`, '-cp', `${dir}/lib/*`, ...listed('java', '.java')]],
  },
  rust: {
    tools: ['cargo', 'cc'],
    files: ['rust/Cargo.lock'],
    steps: () => [],
    each: (dir) => [['cargo', 'build', '--quiet', '--locked', '--manifest-path', `${sources}/rust/Cargo.toml`, '--target-dir', dir]],
  },
  vlagent: { tools: ['go'], files: [], pinned: VLAGENT, steps: () => [['go', 'install', VLAGENT]] },
  collector: {
    tools: ['go'],
    files: ['collector/builder.yaml'],
    pinned: BUILDER,
    steps: (dir) => [['go', 'install', BUILDER], [`${dir}/bin/builder`, '--skip-strict-versioning', '--config', `${sources}/collector/builder.yaml`]],
  },
  debian: {
    tools: ['apt-get', 'dpkg-deb'],
    files: [],
    pinned: DEBIAN.join(' '),
    // Unpacked, not installed: no service starts, and nobody must be root.
    steps: () => [['sh', '-c', `apt-get download -q ${DEBIAN.join(' ')} || { apt-get update -q && apt-get download -q ${DEBIAN.join(' ')}; }`], ['sh', '-c', 'for each in *.deb; do dpkg-deb -x "$each" root; done; rm -f ./*.deb']],
  },
};

/** Fills the cache for an ecosystem; returns its folder, or throws with what is missing. */
export function install(name, say = () => {}) {
  const { tools, files, pinned = '', prepare = () => {}, steps, each = () => [] } = ECOSYSTEMS[name];
  const dir = path.join(cache, name);
  const checked = spawnSync(path.join(root, 'dev/require.sh'), tools, { encoding: 'utf8' });
  if (tools.length > 0 && checked.status !== 0) throw new Error(checked.stderr.trim());
  const wanted = createHash('sha256').update(pinned + files.map((file) => readFileSync(path.join(sources, file), 'utf8')).join('\0')).digest('hex');
  const mark = path.join(dir, '.installed');
  if (!existsSync(mark) || readFileSync(mark, 'utf8') !== wanted) {
    const todo = steps(dir);
    if (todo.length > 0) say(`installing the senders of ${name}`);
    rmSync(mark, { force: true });
    mkdirSync(dir, { recursive: true });
    prepare(dir);
    for (const command of todo) execute(command, dir);
    writeFileSync(mark, wanted);
  }
  prepare(dir);
  for (const command of each(dir)) execute(command, dir);
  return dir;
}

function execute([program, ...args], dir) {
  const { status, error, stderr } = spawnSync(program, args, {
    cwd: dir, encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, GOBIN: path.join(dir, 'bin'), CGO_ENABLED: '0' },
  });
  if (status !== 0) throw new Error(`${program} ${args.join(' ').slice(0, 200)} failed: ${error?.message ?? stderr.trim().split('\n').slice(-5).join('\n')}`);
}

/** Node resolves packages from where a file stands, so its drivers stand beside them. */
function copy(folder, dir, first) {
  for (const file of [...first, ...readdirSync(path.join(sources, folder)).filter((name) => name.endsWith('.mjs'))]) cpSync(path.join(sources, folder, file), path.join(dir, file));
}

function listed(folder, ending) {
  return readdirSync(path.join(sources, folder)).filter((name) => name.endsWith(ending)).map((name) => path.join(sources, folder, name));
}
