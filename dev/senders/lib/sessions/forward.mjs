// Fluent forward: a message that names a chunk is answered by `{"ack": CHUNK}`.

import { gunzipSync } from 'node:zlib';

import { Messages } from './msgpack.mjs';

export class Forward {
  #up = new Messages();
  #down = new Messages();
  #waiting = new Map();

  sent(chunk) {
    for (const message of this.#up.read(chunk)) {
      const options = message.find((part) => part instanceof Map && part.has('chunk'));
      if (options) this.#waiting.set(String(options.get('chunk')), textOf(message, options));
    }
  }

  /** The chunks that an answer of the server acknowledges. */
  answered(chunk) {
    return this.#down.read(chunk).flatMap((answer) => {
      const id = String(answer.get('ack'));
      const text = this.#waiting.get(id);
      this.#waiting.delete(id);
      return text === undefined ? [] : [text];
    });
  }
}

/** Packed events are bytes, in which the texts stand as they are. */
function textOf([, events, record], options) {
  if (!Buffer.isBuffer(events)) return textIn([events, record]);
  return (String(options.get('compressed')) === 'gzip' ? gunzipSync(events) : events).toString('utf8');
}

function textIn(value) {
  if (Buffer.isBuffer(value)) return `${value.toString('utf8')}\n`;
  if (value instanceof Map) return [...value.values()].map(textIn).join('');
  return Array.isArray(value) ? value.map(textIn).join('') : '';
}
