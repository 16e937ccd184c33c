// RELP: each frame is `NUMBER COMMAND LENGTH[ DATA]` and a line feed, and is answered by a frame `rsp` of its number.

const HEAD = /^(\d+) (\S+) (\d+)([ \n])/;
/** More than a head takes. */
const HEAD_BYTES = 64;

export class Relp {
  #up = new Frames();
  #down = new Frames();
  #waiting = new Map();

  /** Takes what the client sends. */
  sent(chunk) {
    for (const { number, command, data } of this.#up.read(chunk)) if (command === 'syslog') this.#waiting.set(number, data.toString('utf8'));
  }

  /** The messages that an answer of the server acknowledges. */
  answered(chunk) {
    return this.#down.read(chunk).flatMap(({ number, command, data }) => {
      const text = this.#waiting.get(number);
      if (command !== 'rsp' || text === undefined) return [];
      this.#waiting.delete(number);
      return data.toString('latin1').startsWith('200') ? [text] : [];
    });
  }
}

class Frames {
  #bytes = Buffer.alloc(0);

  read(chunk) {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    const frames = [];
    for (;;) {
      const head = HEAD.exec(this.#bytes.subarray(0, HEAD_BYTES).toString('latin1'));
      if (!head) return frames;
      const length = Number(head[3]);
      const from = head[0].length;
      // A frame without data has no space before its line feed.
      const end = length === 0 && head[4] === '\n' ? from : from + length + 1;
      if (this.#bytes.length < end) return frames;
      frames.push({ number: head[1], command: head[2], data: this.#bytes.subarray(from, from + length) });
      this.#bytes = this.#bytes.subarray(end);
    }
  }
}
