// OCI images without a daemon: one layer of files over nothing, in an archive that container tools load.

import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

import { tar } from './tar.mjs';

const digest = (bytes) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const json = (value) => Buffer.from(JSON.stringify(value));

/** Files as `{ to, content }`, `to` absolute; `image` as readDockerfile has it. The archive, the digest of its manifest, and what a registry would store. */
export function ociImage({ name, architecture, image, files, labels }) {
  const folders = new Set(files.flatMap(({ to }) => to.split('/').slice(1, -1).map((_, at, all) => `${all.slice(0, at + 1).join('/')}/`)));
  const entries = [
    ...[...folders].sort().map((folder) => ({ name: folder })),
    ...files.map(({ to, content }) => ({ name: to.slice(1), content, mode: 0o755 })).sort((a, b) => (a.name < b.name ? -1 : 1)),
  ];
  const plain = tar(entries);
  // Node writes no time into the header; its byte for the system differs between systems.
  const layer = gzipSync(plain, { level: 9 });
  layer[9] = 255;
  const config = json({
    architecture,
    os: 'linux',
    created: '1970-01-01T00:00:00Z',
    config: {
      User: image.user,
      ExposedPorts: Object.fromEntries(image.ports.map((port) => [`${port}/tcp`, {}])),
      Entrypoint: image.entrypoint,
      Labels: { ...image.labels, ...labels },
    },
    rootfs: { type: 'layers', diff_ids: [digest(plain)] },
    history: [{ created: '1970-01-01T00:00:00Z', created_by: files.map(({ to }) => `COPY ${to}`).join('; ') }],
  });
  const described = (mediaType, bytes) => ({ mediaType, digest: digest(bytes), size: bytes.length });
  const manifest = json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: described('application/vnd.oci.image.config.v1+json', config),
    layers: [described('application/vnd.oci.image.layer.v1.tar+gzip', layer)],
  });
  const index = json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [
      {
        ...described('application/vnd.oci.image.manifest.v1+json', manifest),
        platform: { architecture, os: 'linux' },
        annotations: { 'org.opencontainers.image.ref.name': name.split(':').at(-1), 'io.containerd.image.name': name },
      },
    ],
  });
  const blobs = [config, manifest, layer].map((content) => ({ name: `blobs/sha256/${digest(content).slice(7)}`, content }));
  const archive = tar([
    { name: 'blobs/' },
    { name: 'blobs/sha256/' },
    ...blobs.sort((a, b) => (a.name < b.name ? -1 : 1)),
    { name: 'index.json', content: index },
    { name: 'oci-layout', content: json({ imageLayoutVersion: '1.0.0' }) },
  ]);
  return { archive, digest: digest(manifest), size: config.length + manifest.length + layer.length };
}
