// For protocols over TCP that acknowledge what they take: RELP, Fluent forward, Lumberjack.

import net from 'node:net';

import { Forward } from '../sessions/forward.mjs';
import { Lumberjack } from '../sessions/lumberjack.mjs';
import { Relp } from '../sessions/relp.mjs';
import { Proxy } from './proxy.mjs';

const SESSIONS = { forward: Forward, lumberjack: Lumberjack, relp: Relp };

export class TcpProxy extends Proxy {
  constructor({ protocol, ...options }) {
    super(options);
    this.Session = SESSIONS[protocol];
  }

  makeServer() {
    return net.createServer({ allowHalfOpen: true }, (client) => this.serve(client));
  }

  /** What cannot be read is passed on all the same, and told. */
  witness(read) {
    try {
      return read();
    } catch (error) {
      this.misunderstood ??= `what passed was not understood: ${error.message}`;
      return null;
    }
  }

  serve(client) {
    const up = net.connect({ port: this.upstream, host: '127.0.0.1', allowHalfOpen: true });
    const session = new this.Session();
    let isCut = false;
    client.on('data', (chunk) => {
      this.witness(() => session.sent(chunk));
      up.write(chunk);
    });
    up.on('data', (chunk) => {
      if (isCut) return;
      const acknowledged = (this.witness(() => session.answered(chunk)) ?? []).map((text) => ({ text, numbers: this.numbers(text) ?? [] }));
      isCut = this.isToBeCut(acknowledged.flatMap(({ numbers }) => numbers));
      for (const { text, numbers } of acknowledged) this.acknowledged.note(text, numbers, { delivered: !isCut });
      if (isCut) this.onCut();
      else client.write(chunk);
    });
    client.on('end', () => up.end());
    up.on('end', () => isCut || client.end());
    up.on('error', () => {});
    client.on('close', () => up.destroy());
    up.on('close', () => isCut || client.destroy());
  }
}
