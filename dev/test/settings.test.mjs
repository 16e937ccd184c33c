import assert from 'node:assert/strict';
import { test } from 'node:test';

import { portProblem, readSettings } from '../lib/settings.mjs';

const everyPortIsFree = async () => true;
const noPortIsFree = async () => false;

test('without any setting the documented ports and rate are used', () => {
  const { ingestPort, queryPort, ingestAdmin, queryAdmin, rate, seconds } = readSettings({});
  assert.deepEqual([ingestPort, queryPort, ingestAdmin, queryAdmin], [3000, 8080, 9090, 9091]);
  assert.deepEqual([rate, seconds], [200, null]);
});

test('a setting that is not usable is named, with one that is', () => {
  for (const [name, value, hint] of [
    ['DEMO_RATE', 'fast', /DEMO_RATE is "fast".*DEMO_RATE=200/],
    ['DEMO_SECONDS', '-1', /DEMO_SECONDS is "-1".*DEMO_SECONDS=30/],
    ['INGEST_PORT', '70000', /INGEST_PORT is "70000".*1 to 65535.*INGEST_PORT=3000/],
    ['QUERY_PORT', 'x', /QUERY_PORT is "x".*QUERY_PORT=8080/],
    ['ADMIN_PORT', '65535', /ADMIN_PORT is "65535".*1 to 65534.*ADMIN_PORT=9090/],
  ]) {
    assert.throws(() => readSettings({ [name]: value }), hint);
  }
});

test('Elasticsearch is started below the data folder, or reached where ELASTICSEARCH_URL says', () => {
  assert.equal(readSettings({}).elasticsearch, null);
  assert.equal(readSettings({ STORE: 'embedded', ELASTICSEARCH_URL: 'http://search:9200' }).elasticsearch, null);
  assert.deepEqual(readSettings({ STORE: 'elasticsearch', DATA_DIR: '/tmp/d' }).elasticsearch, { url: null, port: 9200, dir: '/tmp/d/elasticsearch' });
  const given = readSettings({ STORE: 'elasticsearch', ELASTICSEARCH_URL: 'http://search:9200' }).elasticsearch;
  assert.deepEqual(given, { url: 'http://search:9200', port: null, dir: null });
  assert.throws(() => readSettings({ STORE: 'opensearch' }), /STORE is "opensearch".*embedded or elasticsearch/);
  assert.throws(() => readSettings({ STORE: 'elasticsearch', ELASTICSEARCH_URL: 'search:9200' }), /ELASTICSEARCH_URL is "search:9200".*http:\/\/localhost:9200/);
});

test("Elasticsearch's port is looked at only where it is started, and not where it runs already", async () => {
  const busy = async (port) => port !== 9200;
  const runs = (settings, nodeRuns) => portProblem(readSettings(settings), busy, () => nodeRuns);
  assert.equal(await runs({}, false), null);
  assert.equal(await runs({ STORE: 'elasticsearch', ELASTICSEARCH_URL: 'http://search:9200' }, false), null);
  assert.equal(await runs({ STORE: 'elasticsearch' }, true), null);
  assert.equal(
    await runs({ STORE: 'elasticsearch' }, false),
    'port 9200 is in use: stop what listens there, or choose another: make demo ELASTICSEARCH_PORT=10200',
  );
});

test('two uses of one port are noticed before a busy one', async () => {
  for (const [env, names] of [
    [{ INGEST_PORT: '4000', QUERY_PORT: '4000' }, /INGEST_PORT and QUERY_PORT are both 4000.*QUERY_PORT=5000/],
    [{ ADMIN_PORT: '8080' }, /QUERY_PORT and ADMIN_PORT are both 8080/],
    [{ ADMIN_PORT: '2999' }, /INGEST_PORT and ADMIN_PORT \+ 1, the admin port of the query server, are both 3000.*ADMIN_PORT=4000/],
  ]) {
    assert.match(await portProblem(readSettings(env), noPortIsFree), names);
  }
});

test('a busy port is named with its setting, that behind ADMIN_PORT too', async () => {
  const settings = readSettings({});
  assert.equal(await portProblem(settings, everyPortIsFree), null);
  for (const [busy, name] of [[3000, 'INGEST_PORT'], [8080, 'QUERY_PORT'], [9090, 'ADMIN_PORT'], [9091, 'ADMIN_PORT']]) {
    const problem = await portProblem(settings, async (port) => port !== busy);
    assert.equal(problem, `port ${busy} is in use: stop what listens there, or choose another: make demo ${name}=${busy + 1000}`);
  }
});
