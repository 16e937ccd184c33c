// What every proxy between a sender and the ingestor does: it listens on one port, vanishes with it, and knows what was acknowledged.

import { Acknowledged } from '../acknowledged.mjs';
import { numbersIn } from '../entries.mjs';

/** Headers that belong to a connection, not to what is passed on. */
export const OF_CONNECTION = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'expect', 'upgrade', 'http2-settings', 'proxy-connection', 'te']);
/** How long a client is given to try again where the answer's own figure cannot be read. */
const USUAL_WAIT_SECONDS = 10;

export class Proxy {
  /** `refusers` are the ingestors that answer the first requests, one each; the answer at which `cutAfter` entries are acknowledged is cut off. */
  constructor({ upstream, run, refusers = [], cutAfter }) {
    Object.assign(this, { upstream, run, cutAfter });
    this.refusers = [...refusers];
    this.refusals = [];
    this.askedMs = 0;
    this.acknowledged = new Acknowledged();
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

  /** Whether the answer that acknowledges these entries is to be cut off: the ingestor is killed behind it. */
  isToBeCut(numbers) {
    if (this.cutAfter === undefined || numbers?.length === 0) return false;
    const known = this.acknowledged.numbers.size + (numbers ?? []).filter((n) => n !== null && !this.acknowledged.numbers.has(n)).length;
    const due = numbers === null ? this.unread > 1 : known >= this.cutAfter;
    if (!due) return false;
    this.cutAfter = undefined;
    return true;
  }

  /** The answer of an ingestor that refuses; where none comes, that is told. */
  async answerOf(asked) {
    try {
      return await asked;
    } catch (error) {
      this.misunderstood ??= `an ingestor that should refuse gave no answer: ${error.message}`;
      throw error;
    }
  }

  /** Notes how a refusal was answered: by which status, and how long it asks to wait. */
  noteRefusal(status, retryAfter) {
    this.refusals.push(String(status));
    this.askedMs += 1_000 * (Number(retryAfter) || USUAL_WAIT_SECONDS);
  }

  numbers(text) {
    if (text === null) {
      this.unread += 1;
      return null;
    }
    return numbersIn(this.run, text);
  }
}
