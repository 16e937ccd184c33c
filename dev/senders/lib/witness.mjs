// Reads which entries a request carries, whatever it is encoded in, so that what was acknowledged is known without asking the client.

import { gunzipSync, inflateSync, inflateRawSync } from 'node:zlib';

/** The body of a request as text in which messages can be found; null where it cannot be read. */
export function readable(headers, body) {
  const encoding = String(headers['content-encoding'] ?? '').split(',')[0].trim();
  let bytes = body;
  if (encoding === 'gzip' || encoding === 'deflate') bytes = inflated(body);
  else if (encoding === 'zstd') return null;
  if (bytes && (encoding === 'snappy' || /protobuf/.test(headers['content-type'] ?? ''))) bytes = unsnapped(bytes) ?? bytes;
  return bytes === null ? null : bytes.toString('utf8');
}

/** The message of a unary call over gRPC. */
export function readableCall(headers, body) {
  if (body.length < 5) return null;
  const message = body.subarray(5);
  return (body[0] === 1 ? inflated(message) : message)?.toString('utf8') ?? null;
}

function inflated(bytes) {
  for (const inflate of [gunzipSync, inflateSync, inflateRawSync]) {
    try {
      return inflate(bytes);
    } catch {
      // Senders call zlib gzip, and the other way round.
    }
  }
  return null;
}

/** A raw block of snappy; null where it is none. */
function unsnapped(bytes) {
  let at = 0;
  let length = 0;
  for (let shift = 0; ; shift += 7) {
    if (at >= bytes.length || shift > 28) return null;
    length += (bytes[at] & 0x7f) * 2 ** shift;
    if (bytes[at++] < 0x80) break;
  }
  if (length > 1 << 26) return null;
  const out = Buffer.alloc(length);
  let to = 0;
  while (at < bytes.length) {
    const tag = bytes[at++];
    const kind = tag & 3;
    if (kind === 0) {
      let size = tag >> 2;
      const extra = size >= 60 ? size - 59 : 0;
      if (extra > 0) size = bytes.readUIntLE(at, extra);
      at += extra;
      size += 1;
      if (at + size > bytes.length || to + size > length) return null;
      bytes.copy(out, to, at, at + size);
      [at, to] = [at + size, to + size];
      continue;
    }
    if (at + 4 > bytes.length + (kind === 1 ? 3 : kind === 2 ? 2 : 0)) return null;
    const size = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    const offset = kind === 1 ? ((tag >> 5) << 8) | bytes[at] : kind === 2 ? bytes.readUInt16LE(at) : bytes.readUInt32LE(at);
    at += kind === 1 ? 1 : kind === 2 ? 2 : 4;
    if (offset === 0 || offset > to || to + size > length) return null;
    for (let i = 0; i < size; i += 1) out[to + i] = out[to + i - offset];
    to += size;
  }
  return to === length ? out : null;
}

/** Which of `count` entries an answer accepted, as it says for each item of a bulk request or each line of our own. */
export function acceptedIn(body, count) {
  let answer = null;
  try {
    answer = JSON.parse(body);
  } catch {
    // Most say it by their status alone.
  }
  if (answer?.items?.length === count) return answer.items.map((item) => Object.values(item)[0].status < 300);
  const refused = new Set((answer?.rejected ?? []).map(({ line }) => line));
  return Array.from({ length: count }, (_, place) => !refused.has(place + 1));
}
