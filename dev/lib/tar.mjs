// Tar archives whose bytes depend on nothing but what is put in.

const BLOCK = 512;

function header({ name, size, mode, type }) {
  if (Buffer.byteLength(name) > 100) throw new Error(`${name} is too long a name for a plain tar archive`);
  const block = Buffer.alloc(BLOCK);
  const octal = (value, at, length) => block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at);
  block.write(name, 0);
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  block.write('        ', 148);
  block.write(type, 156);
  block.write('ustar\u000000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** An archive of `{ name, content, mode }`; folders, whose names end with a slash, have no content. Everything is root's, of 1970. */
export function tar(entries) {
  const parts = [];
  for (const { name, content = Buffer.alloc(0), mode } of entries) {
    const folder = name.endsWith('/');
    parts.push(header({ name, size: content.length, mode: mode ?? (folder ? 0o755 : 0o644), type: folder ? '5' : '0' }), content);
    parts.push(Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK));
  }
  parts.push(Buffer.alloc(2 * BLOCK));
  return Buffer.concat(parts);
}
