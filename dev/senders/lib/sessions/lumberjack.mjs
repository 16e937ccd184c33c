// Lumberjack 2: a window says how many events come, and is acknowledged by the number of the last event that is on disk.

import { inflateSync } from 'node:zlib';

const VERSION = '2'.charCodeAt(0);
const [WINDOW, COMPRESSED, JSON_EVENT, ACKNOWLEDGED] = ['W', 'C', 'J', 'A'].map((letter) => letter.charCodeAt(0));

export class Lumberjack {
  #up = Buffer.alloc(0);
  #down = Buffer.alloc(0);
  /** Windows of which not all is acknowledged, the oldest first. */
  #windows = [];

  sent(chunk) {
    this.#up = this.#read(Buffer.concat([this.#up, chunk]));
  }

  /** The events that an answer of the server acknowledges. */
  answered(chunk) {
    this.#down = Buffer.concat([this.#down, chunk]);
    const texts = [];
    for (; this.#down.length >= 6; this.#down = this.#down.subarray(6)) {
      if (this.#down[0] !== VERSION || this.#down[1] !== ACKNOWLEDGED) throw new Error('what the server sends is no acknowledgement of Lumberjack');
      const number = this.#down.readUInt32BE(2);
      const [window] = this.#windows;
      if (!window) continue;
      texts.push(...window.events.filter((event) => event.number <= number).map(({ text }) => text));
      window.events = window.events.filter((event) => event.number > number);
      if (number >= window.last) this.#windows.shift();
    }
    return texts;
  }

  /** Reads whole frames; returns what is left. */
  #read(bytes) {
    while (bytes.length >= 6) {
      const size = bytes.readUInt32BE(2);
      const kind = bytes[1];
      if (kind === WINDOW) {
        this.#windows.push({ size, last: Infinity, events: [] });
        bytes = bytes.subarray(6);
      } else if (kind === COMPRESSED) {
        if (bytes.length < 6 + size) return bytes;
        this.#read(inflateSync(bytes.subarray(6, 6 + size)));
        bytes = bytes.subarray(6 + size);
      } else if (kind === JSON_EVENT) {
        if (bytes.length < 10 || bytes.length < 10 + bytes.readUInt32BE(6)) return bytes;
        const end = 10 + bytes.readUInt32BE(6);
        this.#add(size, bytes.subarray(10, end).toString('utf8'));
        bytes = bytes.subarray(end);
      } else throw new Error('what the client sends is no Lumberjack 2');
    }
    return bytes;
  }

  #add(number, text) {
    const window = this.#windows.at(-1);
    window.events.push({ number, text });
    window.size -= 1;
    if (window.size === 0) window.last = number;
  }
}
