import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';

import { freePort } from '../lib/processes.mjs';
import { addressProblem } from '../lib/search.mjs';

/** What is said of a server that answers so. */
async function problemWith(status, body) {
  const server = createServer((_, response) => response.writeHead(status).end(body));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  try {
    return await addressProblem(url);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

test('an address is taken where Elasticsearch answers, or asks who we are', async () => {
  assert.equal(await problemWith(200, '{"version":{"number":"9.4.3"}}'), null);
  assert.equal(await problemWith(401, '{"error":"who are you"}'), null);
});

test('an address where nothing, or something else, answers is named in one line', async () => {
  assert.match(await problemWith(200, '<html>'), /^ELASTICSEARCH_URL is http:\S+, where something else than Elasticsearch answers \(with status 200\): correct/);
  assert.match(await addressProblem(`http://127.0.0.1:${await freePort()}`), /^ELASTICSEARCH_URL is http:\S+, which does not answer \(ECONNREFUSED\): start it/);
});
