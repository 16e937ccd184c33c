// For everything over HTTP/1.1.

import http from 'node:http';
import net from 'node:net';

import { acceptedIn, readable } from '../witness.mjs';
import { OF_CONNECTION, Proxy } from './proxy.mjs';

export class HttpProxy extends Proxy {
  makeServer() {
    const server = http.createServer((request, response) => {
      this.handle(request, response).catch(() => response.destroy());
    });
    return Object.assign(server, { keepAliveTimeout: 60_000 });
  }

  async handle(request, response) {
    const body = await whole(request);
    const carries = ['POST', 'PUT'].includes(request.method) && body.length > 0 && !/_template|_ilm|_ingest/.test(request.url);
    const refuser = carries && this.refusers.shift();
    if (refuser) {
      const answer = await this.answerOf(refused(refuser, request, body));
      this.noteRefusal(answer.status, answer.headers['retry-after']);
      return pass(answer, response);
    }
    const text = carries ? readable(request.headers, body) : '';
    const numbers = this.numbers(text);
    const answer = await ask({ port: this.upstream }, request, body);
    const cut = carries && this.isToBeCut(numbers);
    if (carries && numbers && answer.status < 300) {
      const outcome = acceptedIn(answer.body, numbers.length);
      this.acknowledged.note(text, numbers.filter((_, place) => outcome[place]), { delivered: !cut });
    }
    if (cut) return this.onCut();
    pass(answer, response);
  }
}

/** The answer of an ingestor that refuses. One that ends does so while the request is on its way. */
async function refused(refuser, request, body) {
  const socket = net.connect(refuser.ports.http, '127.0.0.1');
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  // With an empty line a request has begun, of which it is no part.
  await new Promise((resolve) => socket.write('\r\n', resolve));
  await refuser.begun();
  return ask({ createConnection: () => socket }, request, body);
}

function ask(where, { method, url, headers: sent }, body) {
  const headers = Object.fromEntries(Object.entries(sent).filter(([name]) => !OF_CONNECTION.has(name)));
  return new Promise((resolve, reject) => {
    const up = http.request({ host: '127.0.0.1', ...where, method, path: url, headers: { ...headers, 'content-length': body.length } });
    up.on('error', reject);
    let hasAnswered = false;
    up.on('close', () => hasAnswered || reject(new Error('closed')));
    up.on('response', (from) => {
      hasAnswered = true;
      const out = Object.fromEntries(Object.entries(from.headers).filter(([name]) => !OF_CONNECTION.has(name)));
      whole(from).then((bytes) => resolve({ status: from.statusCode, headers: out, body: bytes }), reject);
    });
    up.end(body);
  });
}

function pass({ status, headers, body }, response) {
  response.writeHead(status, headers);
  response.end(body);
}

async function whole(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
