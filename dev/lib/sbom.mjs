// What a binary is made of, as CycloneDX.

/** All packages that `root` is built from, by name and version, out of what `cargo metadata` tells. */
export function cratesOf(metadata, root) {
  const packages = new Map(metadata.packages.map((one) => [one.id, one]));
  const nodes = new Map(metadata.resolve.nodes.map((node) => [node.id, node]));
  const start = metadata.packages.find((one) => one.name === root && one.source === null);
  if (start === undefined) throw new Error(`there is no package ${root}`);
  const seen = new Set([start.id]);
  const queue = [start.id];
  while (queue.length > 0) {
    for (const { pkg, dep_kinds: kinds } of nodes.get(queue.pop()).deps) {
      if (seen.has(pkg) || !kinds.some(({ kind }) => kind === null)) continue;
      seen.add(pkg);
      queue.push(pkg);
    }
  }
  return [...seen].map((id) => packages.get(id));
}

function component({ name, version, license, kind }) {
  return {
    type: 'library',
    name,
    version,
    purl: `pkg:${kind}/${name.replace('@', '%40')}@${version}`,
    ...(license && { licenses: [{ expression: license.replaceAll('/', ' OR ') }] }),
  };
}

/** Packages of the web UI, out of its lock file: those that are shipped. */
export function npmOf(lock) {
  const shipped = Object.entries(lock.packages).filter(([path, one]) => path !== '' && !one.dev && !one.devOptional && !one.optional);
  return shipped.map(([path, one]) => ({ name: path.slice(path.lastIndexOf('node_modules/') + 13), version: one.version, license: one.license, kind: 'npm' }));
}

export function sbom({ name, version, crates, npm = [] }) {
  const all = [...crates.map((one) => ({ ...one, kind: 'cargo' })), ...npm].map(component);
  all.sort((a, b) => (a.purl < b.purl ? -1 : 1));
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: { component: { type: 'container', name, version } },
    components: all.filter((one, at) => at === 0 || one.purl !== all[at - 1].purl),
  };
}
