// Reads msgpack as it arrives: strings and binaries are buffers, maps have keys of text.

const SHORT = Symbol('more bytes are needed');

export class Messages {
  #bytes = Buffer.alloc(0);

  /** The values that are whole with this chunk. */
  read(chunk) {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    const values = [];
    while (this.#bytes.length > 0) {
      const reader = new Reader(this.#bytes);
      try {
        values.push(reader.value());
      } catch (error) {
        if (error === SHORT) return values;
        throw error;
      }
      this.#bytes = this.#bytes.subarray(reader.at);
    }
    return values;
  }
}

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  value() {
    const type = this.take(1)[0];
    if (type < 0x80) return type;
    if (type < 0x90) return this.map(type & 0x0f);
    if (type < 0xa0) return this.array(type & 0x0f);
    if (type < 0xc0) return this.take(type & 0x1f);
    if (type >= 0xe0) return type - 0x100;
    switch (type) {
      case 0xc0: return null;
      case 0xc2: return false;
      case 0xc3: return true;
      case 0xc4: case 0xd9: return this.take(this.unsigned(1));
      case 0xc5: case 0xda: return this.take(this.unsigned(2));
      case 0xc6: case 0xdb: return this.take(this.unsigned(4));
      case 0xc7: return this.extension(this.unsigned(1));
      case 0xc8: return this.extension(this.unsigned(2));
      case 0xc9: return this.extension(this.unsigned(4));
      case 0xca: return this.take(4).readFloatBE();
      case 0xcb: return this.take(8).readDoubleBE();
      case 0xcc: return this.unsigned(1);
      case 0xcd: return this.unsigned(2);
      case 0xce: return this.unsigned(4);
      case 0xcf: return this.take(8).readBigUInt64BE();
      case 0xd0: return this.take(1).readInt8();
      case 0xd1: return this.take(2).readInt16BE();
      case 0xd2: return this.take(4).readInt32BE();
      case 0xd3: return this.take(8).readBigInt64BE();
      case 0xd4: case 0xd5: case 0xd6: case 0xd7: case 0xd8: return this.extension(2 ** (type - 0xd4));
      case 0xdc: return this.array(this.unsigned(2));
      case 0xdd: return this.array(this.unsigned(4));
      case 0xde: return this.map(this.unsigned(2));
      case 0xdf: return this.map(this.unsigned(4));
      default: throw new Error(`0x${type.toString(16)} begins nothing in msgpack`);
    }
  }

  take(count) {
    if (this.at + count > this.bytes.length) throw SHORT;
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  unsigned(size) {
    return this.take(size).readUIntBE(0, size);
  }

  /** A time, which nobody here reads; its type stands before its bytes. */
  extension(length) {
    this.take(1 + length);
    return null;
  }

  array(length) {
    return Array.from({ length }, () => this.value());
  }

  map(length) {
    return new Map(Array.from({ length }, () => [String(this.value()), this.value()]));
  }
}
