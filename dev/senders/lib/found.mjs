// What became of a run's entries: which are found, how often, and whether as they were sent.

import { setTimeout as sleep } from 'node:timers/promises';

import { getJson } from '../../lib/processes.mjs';
import { shipped } from '../../lib/platform.mjs';

const AWAY_MS = 30_000;

/** Waits until nothing more of a run arrives for as long as `quietMs` says by then, and returns its entries. */
export async function entriesOf(platform, run, expected, quietMs) {
  let before = -1;
  let since = Date.now();
  for (;;) {
    const total = await settledTotal(platform, run);
    if (total !== before) [before, since] = [total, Date.now()];
    // What is sent twice comes late too.
    const patience = total >= expected ? Math.min(quietMs(), 1_200) : quietMs();
    if (Date.now() - since >= patience) return allOf(platform, run);
    await sleep(200);
  }
}

/** How many there are once nothing waits for the store. While the ingestor is away, nobody can tell. */
async function settledTotal(platform, run) {
  for (const until = Date.now() + AWAY_MS; ; await sleep(200)) {
    try {
      await shipped(platform);
      return (await getJson(searchUrl(platform, run, 'limit=1'))).total;
    } catch (error) {
      if (Date.now() > until) throw error;
    }
  }
}

async function allOf(platform, run) {
  const entries = [];
  for (let cursor = ''; ; ) {
    const page = await getJson(searchUrl(platform, run, `limit=500${cursor && `&cursor=${cursor}`}`));
    entries.push(...page.entries);
    cursor = page.cursor;
    if (!cursor) return entries;
  }
}

function searchUrl(platform, run, rest) {
  return `${platform.queryUrl}/api/v1/search?q=${encodeURIComponent(run)}&${rest}`;
}

/** Compares what was found with what was sent. */
export function compare(sent, found) {
  const run = sent[0].message.split(' ')[0];
  const seen = new Map();
  let equal = 0;
  const altered = [];
  for (const entry of found) {
    const texts = [...strings(entry)];
    const own = texts.find((text) => text.includes(`${run} `)) ?? '';
    const number = new RegExp(`${run} n(\\d+)`).exec(own)?.[1];
    if (number === undefined) {
      equal += 1;
      continue;
    }
    const n = Number(number);
    seen.set(n, (seen.get(n) ?? 0) + 1);
    if (!texts.some((text) => text.includes(sent[n].message))) altered.push(sent[n].kind);
  }
  const numbered = sent.filter(({ kind }) => kind !== 'equal');
  const lost = numbered.filter(({ n }) => !seen.has(n)).map(({ n }) => n);
  const same = sent.length - numbered.length;
  const twice = [...seen].filter(([, times]) => times > 1).map(([n]) => n);
  return {
    sent: sent.length,
    found: seen.size + Math.min(equal, same),
    lost,
    equal: same,
    lostEqual: Math.max(0, same - equal),
    twice: twice.length + Math.max(0, equal - same),
    altered: [...new Set(altered)],
  };
}

/** Every text of an entry, also those of a JSON that a client sent as the message. */
function* strings(value) {
  if (typeof value === 'string') {
    yield value;
    if (value.startsWith('{')) yield* strings(inner(value));
  } else if (value && typeof value === 'object') {
    for (const part of Object.values(value)) yield* strings(part);
  }
}

function inner(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
