// Stands between a sender and the ingestor: answers the first requests with a refusal, cuts an answer off, and knows what was acknowledged.

import http from 'node:http';
import http2 from 'node:http2';

import { numbersIn } from './entries.mjs';
import { acceptedIn, readable, readableCall } from './witness.mjs';

const UNTOLD = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'expect', 'upgrade', 'http2-settings', 'proxy-connection', 'te']);

/** What a refusal looks like, by protocol. */
const REFUSALS = {
  429: { status: 429, type: 'es_rejected_execution_exception', reason: 'the write-ahead log is full' },
  503: { status: 503, type: 'unavailable', reason: 'the ingestor is shutting down' },
};

class Proxy {
  constructor({ upstream, run, refuse, refusals = 0, cutAfter }) {
    Object.assign(this, { upstream, run, refuse, left: refusals, cutAfter });
    this.refused = 0;
    this.acknowledged = new Set();
    this.unread = 0;
    this.sockets = new Set();
    this.onCut = async () => {};
  }

  /** Listens on its port, the same one each time. */
  async listen() {
    this.server = this.makeServer();
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => this.sockets.delete(socket));
    });
    await new Promise((resolve, reject) => this.server.once('error', reject).listen(this.port ?? 0, '127.0.0.1', resolve));
    this.port = this.server.address().port;
    return this;
  }

  /** Nobody listens any more, and every connection is gone, as when a process is killed. */
  async vanish() {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.sockets) socket.resetAndDestroy?.() ?? socket.destroy();
    this.session?.destroy();
    this.session = null;
    await closed;
  }

  /** Whether the answer to this request, which carries entries, is to be cut off: the ingestor is killed behind it. */
  isToBeCut(numbers) {
    if (this.cutAfter === undefined || numbers?.length === 0) return false;
    const due = numbers === null ? this.unread > 1 : Math.max(this.acknowledged.size, numbers.length) >= this.cutAfter;
    if (!due) return false;
    this.cutAfter = undefined;
    return true;
  }

  numbers(text) {
    if (text === null) {
      this.unread += 1;
      return null;
    }
    return numbersIn(this.run, text);
  }
}

/** For everything over HTTP/1.1. */
export class HttpProxy extends Proxy {
  makeServer() {
    const server = http.createServer((request, response) => {
      this.handle(request, response).catch(() => response.destroy());
    });
    return Object.assign(server, { keepAliveTimeout: 60_000 });
  }

  async handle(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const carries = ['POST', 'PUT'].includes(request.method) && body.length > 0 && !/_template|_ilm|_ingest/.test(request.url);
    if (carries && this.left > 0) return this.answerRefusal(response);
    const numbers = carries ? this.numbers(readable(request.headers, body)) : [];
    const answer = await this.forward(request, body);
    if (carries && numbers && answer.status < 300) this.note(numbers, answer.body);
    if (carries && this.isToBeCut(numbers)) return this.onCut();
    response.writeHead(answer.status, answer.headers);
    response.end(answer.body);
  }

  answerRefusal(response) {
    this.left -= 1;
    this.refused += 1;
    const { status, type, reason } = REFUSALS[this.refuse];
    const body = JSON.stringify({ error: { type, reason }, status });
    response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '1', 'x-elastic-product': 'Elasticsearch', 'content-length': Buffer.byteLength(body) });
    response.end(body);
  }

  forward(request, body) {
    const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !UNTOLD.has(name)));
    return new Promise((resolve, reject) => {
      const up = http.request({ host: '127.0.0.1', port: this.upstream, method: request.method, path: request.url, headers: { ...headers, 'content-length': body.length } });
      up.on('error', reject);
      up.on('response', async (from) => {
        const chunks = [];
        for await (const chunk of from) chunks.push(chunk);
        const out = Object.fromEntries(Object.entries(from.headers).filter(([name]) => !UNTOLD.has(name)));
        resolve({ status: from.statusCode, headers: out, body: Buffer.concat(chunks) });
      });
      up.end(body);
    });
  }

  note(numbers, body) {
    const outcome = acceptedIn(body, numbers.length);
    const accepted = numbers.filter((_, place) => outcome[place]);
    for (const n of accepted) if (n !== null) this.acknowledged.add(n);
  }
}

/** For OTLP over gRPC: unary calls over HTTP/2 without TLS. */
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
    if (this.left > 0) {
      this.left -= 1;
      this.refused += 1;
      const code = this.refuse === 429 ? 8 : 14;
      const { reason } = REFUSALS[this.refuse];
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': String(code), 'grpc-message': reason, 'grpc-status-details-bin': retryInfo(code, reason).toString('base64') },
        { endStream: true },
      );
      return;
    }
    const numbers = this.numbers(readableCall(headers, body));
    const answer = await this.forward(headers, body);
    const status = answer.trailers['grpc-status'] ?? answer.headers['grpc-status'];
    if (numbers && status === '0') for (const n of numbers) if (n !== null) this.acknowledged.add(n);
    if (this.isToBeCut(numbers)) return this.onCut();
    if (answer.headers['grpc-status'] !== undefined) {
      stream.respond(own(answer.headers, ':status'), { endStream: true });
      return;
    }
    stream.respond(own(answer.headers, ':status'), { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(own(answer.trailers)));
    stream.end(answer.body);
  }

  forward(headers, body) {
    this.session ??= http2.connect(`http://127.0.0.1:${this.upstream}`).on('error', () => (this.session = null)).on('close', () => (this.session = null));
    return new Promise((resolve, reject) => {
      const up = this.session.request(own(headers, ':method', ':path', ':scheme', ':authority'));
      const answer = { headers: {}, trailers: {}, body: null };
      const chunks = [];
      up.on('error', reject);
      up.on('response', (head) => (answer.headers = head));
      up.on('trailers', (trailers) => (answer.trailers = trailers));
      up.on('data', (chunk) => chunks.push(chunk));
      up.on('end', () => resolve({ ...answer, body: Buffer.concat(chunks) }));
      up.on('close', () => reject(new Error('closed')));
      up.end(body);
    });
  }
}

/** The headers without those of HTTP/2 itself, but for the named. */
function own(headers, ...kept) {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => (!name.startsWith(':') || kept.includes(name)) && !['connection', 'date'].includes(name)));
}

/** A google.rpc.Status whose detail says: try again after a second. */
function retryInfo(code, message) {
  const field = (number, bytes) => Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
  const delay = field(1, Buffer.from([0x08, 1]));
  const detail = Buffer.concat([field(1, Buffer.from('type.googleapis.com/google.rpc.RetryInfo')), field(2, delay)]);
  return Buffer.concat([Buffer.from([0x08, code]), field(2, Buffer.from(message)), field(3, detail)]);
}
