// For OTLP over gRPC: unary calls over HTTP/2 without TLS.

import { once } from 'node:events';
import http2 from 'node:http2';

import { readableCall } from '../witness.mjs';
import { Proxy } from './proxy.mjs';

const STATUS_NAMES = { 0: 'OK', 8: 'RESOURCE_EXHAUSTED', 14: 'UNAVAILABLE' };

export class GrpcProxy extends Proxy {
  makeServer() {
    const server = http2.createServer();
    server.on('stream', (stream, headers) => {
      stream.on('error', () => {});
      this.handle(stream, headers).catch(() => stream.destroyed || stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR));
    });
    server.on('sessionError', () => {});
    return server;
  }

  async handle(stream, headers) {
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const refuser = this.refusers.shift();
    if (refuser) {
      const answer = await this.answerOf(refused(refuser, headers, body));
      const status = statusOf(answer);
      this.noteRefusal(STATUS_NAMES[status] ?? `status ${status}`);
      return pass(answer, stream);
    }
    const text = readableCall(headers, body);
    const numbers = this.numbers(text);
    this.session ??= http2.connect(`http://127.0.0.1:${this.upstream}`).on('error', () => (this.session = null)).on('close', () => (this.session = null));
    const answer = await call(this.session, headers, body);
    const cut = this.isToBeCut(numbers);
    if (numbers && statusOf(answer) === '0') this.acknowledged.note(text, numbers, { delivered: !cut });
    if (cut) return this.onCut();
    pass(answer, stream);
  }
}

/** The answer of an ingestor that refuses. One that ends does so while the call is on its way. */
async function refused(refuser, headers, body) {
  const session = http2.connect(`http://127.0.0.1:${refuser.ports['otlp-grpc']}`);
  session.on('error', () => {});
  await once(session, 'connect');
  try {
    return await call(session, headers, body, async () => {
      await new Promise((resolve, reject) => session.ping((error) => (error ? reject(error) : resolve())));
      await refuser.begun();
    });
  } finally {
    session.destroy();
  }
}

function call(session, headers, body, beforeBody = async () => {}) {
  return new Promise((resolve, reject) => {
    const up = session.request(own(headers, ':method', ':path', ':scheme', ':authority'));
    const answer = { headers: {}, trailers: {}, body: null };
    const chunks = [];
    up.on('error', reject);
    up.on('response', (head) => (answer.headers = head));
    up.on('trailers', (trailers) => (answer.trailers = trailers));
    up.on('data', (chunk) => chunks.push(chunk));
    up.on('end', () => resolve({ ...answer, body: Buffer.concat(chunks) }));
    up.on('close', () => reject(new Error('closed')));
    beforeBody().then(() => up.end(body), reject);
  });
}

function statusOf({ headers, trailers }) {
  return trailers['grpc-status'] ?? headers['grpc-status'];
}

function pass(answer, stream) {
  if (answer.headers['grpc-status'] !== undefined) {
    stream.respond(own(answer.headers, ':status'), { endStream: true });
    return;
  }
  stream.respond(own(answer.headers, ':status'), { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers(own(answer.trailers)));
  stream.end(answer.body);
}

/** The headers without those of HTTP/2 itself, but for the named. */
function own(headers, ...kept) {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => (!name.startsWith(':') || kept.includes(name)) && !['connection', 'date'].includes(name)));
}
