// The senders that are installed in seconds, each with its awkward entries, against the binaries of `cargo test`. `make senders` drives all of them.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';

import { CATALOG } from '../senders/catalog.mjs';
import { Acknowledged } from '../senders/lib/acknowledged.mjs';
import { drive } from '../senders/lib/drive.mjs';
import { compare } from '../senders/lib/found.mjs';
import { makeEntries } from '../senders/lib/entries.mjs';
import { startIngest } from '../senders/lib/ingest.mjs';
import { install } from '../senders/lib/install.mjs';
import { Refusing } from '../senders/lib/refusing.mjs';
import { Forward } from '../senders/lib/sessions/forward.mjs';
import { Lumberjack } from '../senders/lib/sessions/lumberjack.mjs';
import { Relp } from '../senders/lib/sessions/relp.mjs';
import { table } from '../senders/lib/table.mjs';
import { acceptedIn, readable } from '../senders/lib/witness.mjs';

const PROFILE = process.env.PROFILE ?? 'debug';
const QUICK = CATALOG.filter(({ quick }) => quick);

describe('quick senders', () => {
  let ingest;
  before(async () => {
    const listeners = new Set(QUICK.map(({ listener }) => listener).filter((name) => name !== 'http'));
    ingest = await startIngest([...listeners], PROFILE);
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

test('the table says how a refusal was answered, what a client drops, and what nobody acknowledged', () => {
  const run = { sent: 1_000, found: 1_000, lost: 0, lostAcknowledged: 0, twice: 0, altered: [], refusals: [] };
  const sender = { id: 'a', name: 'A', version: '1', protocol: 'bulk', proxy: 'http', without: { huge: 'no' } };
  const runs = { plain: run, full: { ...run, lost: 100, refusals: ['429', '429'] }, disk: { ...run, refusals: ['507'] }, ending: { ...run, refusals: ['503'] }, restart: { ...run, twice: 50 } };
  const [, , row] = table([sender], { a: runs }).split('\n');
  assert.equal(row, '| A | 1 | bulk | 1,000, without 100 KB | 1,000 | 429: drops 100 | 507: all found | 503: all found | all found, 50 twice |');
});

test('equal lines that were acknowledged and are not found count as lost; an answer that was cut off counts once', () => {
  const [nothing, five] = [{ lost: [3], equal: 10, lostEqual: 10 }, { lost: [], equal: 10, lostEqual: 5 }];
  const acknowledged = new Acknowledged();
  acknowledged.note('a batch', [1, null, null, null, null, null], { delivered: false });
  assert.equal(acknowledged.lostOf(nothing), 5);
  acknowledged.note('a batch', [1, null, null, null, null, null]);
  assert.equal(acknowledged.lostOf(five), 0);
  acknowledged.note('another', [3, null, null]);
  assert.equal(acknowledged.lostOf(nothing), 8);
  assert.equal(acknowledged.lostOf(five), 2);
});

/** What a session says is acknowledged, byte by byte as the network may cut it. */
function answeredTo(session, sent, answers) {
  for (const byte of sent) session.sent(Buffer.of(byte));
  return [...answers].flatMap((byte) => session.answered(Buffer.of(byte)));
}

test('RELP acknowledges the message whose number it answers with 200', () => {
  const sent = Buffer.from('1 open 14 relp_version=0\n2 syslog 5 a\nb c\n3 syslog 1 d\n4 close 0\n');
  assert.deepEqual(answeredTo(new Relp(), sent, Buffer.from('1 rsp 6 200 OK\n3 rsp 6 200 OK\n2 rsp 10 500 failed\n\n')), ['d']);
});

test('Lumberjack acknowledges the events of a window up to a number, also those of compressed frames', () => {
  const number = (value) => Buffer.from(Uint32Array.of(value).buffer).swap32();
  const event = (sequence, text) => Buffer.concat([Buffer.from('2J'), number(sequence), number(text.length), Buffer.from(text)]);
  const packed = deflateSync(Buffer.concat([event(2, 'b'), event(3, 'c')]));
  const window = (size) => Buffer.concat([Buffer.from('2W'), number(size)]);
  const sent = Buffer.concat([window(3), event(1, 'a'), Buffer.from('2C'), number(packed.length), packed, window(1), event(1, 'd')]);
  const answer = (sequence) => Buffer.concat([Buffer.from('2A'), number(sequence)]);
  const session = new Lumberjack();
  assert.deepEqual(answeredTo(session, sent, answer(2)), ['a', 'b']);
  assert.deepEqual(session.answered(answer(3)), ['c']);
  assert.deepEqual(session.answered(answer(1)), ['d']);
});

test('Fluent forward acknowledges the chunk that it names, packed or not', () => {
  const text = (value) => Buffer.concat([Buffer.of(0xa0 | value.length), Buffer.from(value)]);
  const events = gzipSync(text('packed'));
  const packed = Buffer.concat([Buffer.of(0x93), text('tag'), Buffer.of(0xc4, events.length), events, Buffer.of(0x82), text('chunk'), text('one'), text('compressed'), text('gzip')]);
  // A time as an extension of eight bytes.
  const single = Buffer.concat([Buffer.of(0x94), text('tag'), Buffer.of(0xd7, 0, 0, 0, 0, 1, 0, 0, 0, 2), Buffer.of(0x81), text('message'), text('single'), Buffer.of(0x81), text('chunk'), text('two')]);
  const unasked = Buffer.concat([Buffer.of(0x93), text('tag'), Buffer.of(1, 0x80)]);
  const answer = (id) => Buffer.concat([Buffer.of(0x81), text('ack'), text(id)]);
  const answered = answeredTo(new Forward(), Buffer.concat([unasked, packed, single]), Buffer.concat([answer('two'), answer('one')]));
  assert.deepEqual(answered.map((each) => each.trim().slice(-6)), ['single', 'packed']);
});

describe('ingestors that refuse', () => {
  const refusing = new Refusing(PROFILE);
  after(() => refusing.end());
  const body = '{"message":"refused"}';
  const requests = [['/logs', body], ['/_bulk', `{"create":{}}\n${body}\n`], ['/services/collector/event', '{"event":"refused"}']];

  for (const [kind, expected] of [['full', [429, 429, 503]], ['disk', [507, 429, 503]]]) {
    test(`${kind}: what each protocol is answered`, async () => {
      const [refuser] = await refusing.some(kind, 1);
      const answers = await Promise.all(requests.map(([path, sent]) => fetch(`http://127.0.0.1:${refuser.ports.http}${path}`, { method: 'POST', body: sent, headers: { 'content-type': 'application/x-ndjson' } })));
      assert.deepEqual(answers.map(({ status }) => status), expected);
    });
  }

  test('ending: a request that has begun is refused, others find nobody', async () => {
    const [refuser] = await refusing.some('ending', 1);
    try {
      const socket = connect(refuser.ports.http, '127.0.0.1');
      await once(socket, 'connect');
      socket.write('\r\n');
      await refuser.begun();
      socket.write(`POST /logs HTTP/1.1\r\nhost: logs\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
      const answer = (await socket.setEncoding('utf8').toArray()).join('');
      assert.match(answer, /^HTTP\/1.1 503 .*retry-after: 1\r/s);
      await assert.rejects(fetch(`http://127.0.0.1:${refuser.ports.http}/logs`, { method: 'POST', body }));
    } finally {
      await refuser.release();
    }
  });
});
