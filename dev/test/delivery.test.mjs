// What a request's receipt, an entry's id, a key and a dead letter tell, asked of the binaries of `cargo test` as a user asks.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';

import { binary, sleep } from '../lib/processes.mjs';
import { startIngest } from '../senders/lib/ingest.mjs';

/** JSON, or the text where it is none. */
const readable = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

/** Without it, fetch says that the body is plain text. */
const JSON_LINES = { 'content-type': 'application/x-ndjson' };

const PROFILE = process.env.PROFILE ?? 'debug';

describe('where is it?', () => {
  let ingest;
  before(async () => (ingest = await startIngest([], PROFILE)));
  after(() => ingest?.end());

  const logq = (...args) => {
    const env = { ...process.env, LOGQ_SERVER: ingest.platform.queryUrl, NO_COLOR: '1' };
    const { status, stdout, stderr } = spawnSync(binary('logq', PROFILE), args, { encoding: 'utf8', env });
    return { status, stdout, stderr };
  };
  const post = async (path, body, headers = {}) => {
    const response = await fetch(`http://127.0.0.1:${ingest.ports.http}${path}`, { method: 'POST', body, headers });
    return { status: response.status, receipt: response.headers.get('x-logpipeline-receipt'), body: readable(await response.text()) };
  };
  /** The answer once it holds; entries are shipped and found a moment after they are acknowledged. */
  const eventually = async (ask, holds) => {
    for (const until = Date.now() + 20_000; ; await sleep(100)) {
      const answer = ask();
      if (holds(answer) || Date.now() > until) return answer;
    }
  };

  test('a receipt tells who sent a request, what was rejected, and where the rest is', async () => {
    const { body } = await post('/logs', '{"message":"one","resourceId":"shop"}\n{"level":"info"}\n{"message":"three"}\n', JSON_LINES);
    const { status, stdout } = await eventually(() => logq('why', body.receipt), ({ stdout }) => stdout.includes('is delivered'));
    assert.equal(status, 0);
    assert.match(stdout, new RegExp(`^receipt ${body.receipt} is delivered\n`, 'u'));
    assert.match(stdout, /\n {2}received +\S+ \S+ {2}json, from 127\.0\.0\.1\n/u);
    assert.match(stdout, /\n {2}entries +2 accepted, 1 rejected, 2 stored\n/u);
    assert.match(stdout, /\n {2}rejected +entry 2: message: missing/u);
    assert.match(stdout, /\n {2}shipped .* 2 entries in batch \d+; searchable by /u);
  });

  test('an id tells where the entry is and which request brought it', async () => {
    const { receipt } = await post('/insert/jsonline', '{"_msg":"find me by my id"}\n');
    const found = await eventually(() => logq('find me by my id', '-o', 'ndjson'), ({ status }) => status === 0);
    const { id } = JSON.parse(found.stdout);
    const { stdout } = logq('why', id);
    assert.match(stdout, new RegExp(`^entry ${id} is searchable\n  receipt +${receipt}\n`, 'u'));
    assert.match(stdout, /\n {2}stored .*in partition /u);
  });

  test('a key tells each request that carried it', async () => {
    const key = { ...JSON_LINES, 'idempotency-key': 'order-17' };
    for (let time = 0; time < 2; time += 1) assert.equal((await post('/logs', '{"message":"with a key"}', key)).status, 202);
    const both = ({ stdout }) => stdout.match(/is delivered/gu)?.length === 2;
    const { stdout } = await eventually(() => logq('why', 'order-17'), both);
    assert.match(stdout, /1 accepted, 1 stored earlier/u);
    assert.match(stdout, /1 accepted, 1 stored\n/u);
  });

  test('what nobody knows is said to be unknown', () => {
    const { status, stderr } = logq('why', 'order-18');
    assert.equal(status, 1);
    assert.match(stderr, /no receipt, entry or Idempotency-Key is known as order-18; the ingestors know receipts and keys since \d/u);
  });

  test('a body that cannot be read is found by its owner, and sent again in vain until it can be read', async () => {
    const refused = await post('/_bulk', 'this is no bulk request', { 'content-type': 'application/x-ndjson' });
    assert.equal(refused.status, 400);
    const ask = () => logq('stream:dead-letters', 'protocol:bulk', '-o', 'ndjson');
    const { stdout } = await eventually(ask, ({ status }) => status === 0);
    const letter = JSON.parse(stdout);
    assert.equal(letter.message, 'this is no bulk request');
    assert.equal(letter.metadata.peer, '127.0.0.1');
    assert.match(letter.metadata.reason, /\S/u);
    assert.equal(logq('this is no bulk request').status, 1, 'a search of entries does not find it');

    const replayed = logq('replay', 'protocol:bulk');
    assert.equal(replayed.status, 4, replayed.stdout);
    assert.match(replayed.stdout, /^1 dead letter: 0 sent once more, 0 stored already, 1 failed\n/u);
    assert.equal(logq('replay', '--since', '1h', 'protocol:loki').status, 1, 'there is none');
  });
});
