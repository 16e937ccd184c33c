import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';

import { prepareFolder } from '../lib/folder.mjs';

const scratch = mkdtempSync(path.join(tmpdir(), 'logpipeline-dev-'));
after(() => rmSync(scratch, { recursive: true }));

test('a missing folder is made, with those above it; one that is there is taken', () => {
  const folder = path.join(scratch, 'a', 'b');
  prepareFolder(folder);
  prepareFolder(folder);
  assert.ok(existsSync(folder));
});

test('a file in the place of a folder is refused in one line that names it', () => {
  const file = path.join(scratch, 'file');
  writeFileSync(file, 'x');
  for (const folder of [file, path.join(file, 'below')]) {
    assert.throws(() => prepareFolder(folder), (error) => {
      assert.equal(error.message, `DATA_DIR cannot be ${folder}: ${file} is a file; choose another folder: make demo DATA_DIR=./data`);
      return true;
    });
  }
});

test('a place that takes no folders is refused at once', { skip: !existsSync('/proc/self') }, () => {
  assert.throws(() => prepareFolder('/proc/x/y'), /^Error: DATA_DIR cannot be \/proc\/x\/y: \/proc\/x cannot be made \(ENOENT\); choose another folder/);
});
