// The entries that every sender sends: each has the run's word and its own number, so that each is counted when it is found.

export const SENT = 1_000;
const EQUAL = 10;

/** Which entries are awkward, and how; the numbers are where they stand among the others. */
export const AWKWARD = {
  nul: 'a NUL',
  deep: '64 levels',
  huge: '100 KB',
  unicode: 'Unicode',
  equal: 'equal lines',
};

/** `levels` objects, one in the other. */
function nested(levels) {
  let value = { leaf: 'x' };
  for (let level = 1; level < levels; level += 1) value = { l: value };
  return value;
}

/** Of the 64 levels, the document itself is the first. */
const LEVELS = 63;
const UNICODE = 'naïve Ünïcode 日本語 עברית العربية 🦀👩‍👩‍👧 e\u0301 \u{1F600}\u{10FFFD} \u2028 ﷽';
const HUGE = 'lorem ipsum dolor sit amet '.repeat(3_800).slice(0, 100_000);

/**
 * The run's entries, as `{ n, kind, message, fields, text }`: `text` is for senders that have no fields. `without` names the kinds that a
 * client cannot express, which are replaced by plain ones; `envelope` is how many levels it puts around the fields.
 */
export function makeEntries(run, { without = [], envelope = 0 } = {}) {
  const deep = nested(LEVELS - envelope);
  const kinds = new Map([[100, 'nul'], [200, 'deep'], [300, 'huge'], [400, 'unicode']]);
  for (let n = 500; n < 500 + EQUAL; n += 1) kinds.set(n, 'equal');
  return Array.from({ length: SENT }, (_, n) => {
    const wanted = kinds.get(n) ?? 'plain';
    return makeEntry(run, n, without.includes(wanted) ? 'plain' : wanted, deep);
  });
}

function makeEntry(run, n, kind, deep) {
  const start = `${run} n${n}`;
  const fields = { order: n, paid: n % 2 === 0 };
  const messages = {
    plain: `${start} order ${n} accepted, "quoted" \\ and 100 % well`,
    nul: `${start} a NUL \u0000 inside`,
    deep: `${start} a deep one`,
    huge: `${start} ${HUGE}`,
    unicode: `${start} ${UNICODE}`,
    equal: `${run} the same line again`,
  };
  const message = messages[kind];
  if (kind === 'deep') return { n, kind, message, fields: { order: n, deep }, text: `${message} ${JSON.stringify(deep)}` };
  if (kind === 'equal') return { n, kind, message, fields: { order: 500, paid: true }, text: message };
  return { n, kind, message, fields, text: message };
}

/** The number in each place of a text where an entry of the run begins; null for one of the equal ones. */
export function numbersIn(run, text) {
  return [...text.matchAll(new RegExp(`${run} (?:n(\\d+)|the same line)`, 'g'))].map(([, n]) => (n === undefined ? null : Number(n)));
}
