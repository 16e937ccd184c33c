// An image of one program, which is its entry point: node dev/kubernetes/image.mjs NAME PROGRAM OUT.tar

import { readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { ociImage } from '../lib/oci.mjs';

const [name, program, out] = process.argv.slice(2);
const to = `/${path.basename(program)}`;
const image = { user: '', ports: [], labels: {}, entrypoint: [to] };
const architecture = os.arch() === 'x64' ? 'amd64' : os.arch();
writeFileSync(out, ociImage({ name, architecture, image, files: [{ to, content: readFileSync(program) }], labels: {} }).archive);
