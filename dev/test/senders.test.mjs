// The senders that are installed in seconds, each with its awkward entries, against the binaries of `cargo test`. `make senders` drives all of them.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { CATALOG } from '../senders/catalog.mjs';
import { drive } from '../senders/lib/drive.mjs';
import { compare } from '../senders/lib/found.mjs';
import { makeEntries } from '../senders/lib/entries.mjs';
import { startIngest } from '../senders/lib/ingest.mjs';
import { install } from '../senders/lib/install.mjs';
import { table } from '../senders/lib/table.mjs';
import { acceptedIn, readable } from '../senders/lib/witness.mjs';

const QUICK = CATALOG.filter(({ quick }) => quick);

describe('quick senders', () => {
  let ingest;
  before(async () => {
    const listeners = new Set(QUICK.map(({ listener }) => listener).filter((name) => name !== 'http'));
    ingest = await startIngest([...listeners], process.env.PROFILE ?? 'debug');
  });
  after(() => ingest?.end());

  for (const sender of QUICK) {
    test(`${sender.name} over ${sender.protocol}: what is sent is found, once`, async () => {
      const { sent, found, twice, altered, output } = await drive(sender, 'plain', { dir: install(sender.runtime), ingest });
      assert.deepEqual({ found, twice, altered }, { found: sent, twice: 0, altered: [] }, output);
    });
  }
});

test('each sender has a name of its own and something that says how it is started', () => {
  assert.equal(new Set(CATALOG.map(({ id }) => id)).size, CATALOG.length);
  for (const sender of CATALOG) assert.equal(typeof sender.command, 'function', sender.id);
});

test('a comparison tells what is lost, what came twice and what was changed', () => {
  const sent = makeEntries('word');
  const found = sent.slice(1).map(({ message }) => ({ message }));
  found.push(found[0]);
  found[41] = { message: 'word n42 cut' };
  const { lost, twice, altered, ...counts } = compare(sent, found);
  assert.deepEqual({ lost, twice, altered, found: counts.found }, { lost: [0], twice: 1, altered: ['plain'], found: 999 });
});

test('a block of snappy is read by who watches what is acknowledged', () => {
  // 14 bytes: a literal of five, "word ", and a copy of nine from five back.
  const block = Buffer.from([14, 4 << 2, ...Buffer.from('word '), ((9 - 4) << 2) | 1, 5]);
  assert.equal(readable({ 'content-type': 'application/x-protobuf' }, block), 'word word word');
});

test('what an answer refuses does not count as acknowledged', () => {
  assert.deepEqual(acceptedIn('{"items":[{"create":{"status":201}},{"create":{"status":429}}]}', 2), [true, false]);
  assert.deepEqual(acceptedIn('{"accepted":2,"rejected":[{"line":2}]}', 3), [true, false, true]);
  assert.deepEqual(acceptedIn('', 2), [true, true]);
});

test('the table says what a client drops, and what nobody acknowledged', () => {
  const run = { sent: 1_000, found: 1_000, lost: 0, lostAcknowledged: 0, twice: 0, altered: [] };
  const sender = { id: 'a', name: 'A', version: '1', protocol: 'bulk', proxy: 'http', without: { huge: 'no' } };
  const [, , row] = table([sender], { a: { plain: run, 429: { ...run, lost: 100 }, 503: run, restart: { ...run, twice: 50 } } }).split('\n');
  assert.equal(row, '| A | 1 | bulk | 1,000, without 100 KB | 1,000 | drops 100 | tries again: all found | all found, 50 twice |');
});
