import assert from 'node:assert/strict';
import { test } from 'node:test';

import { balance } from '../lib/balance.mjs';

const delivery = (figures) => ({ received: 0, rejected: 0, stored: 0, duplicates: 0, deadLettered: 0, waiting: 0, ...figures });
const report = (figures) => ({ sent: 0, acknowledged: 0, lost: 0, duplicated: 0, corrupted: 0, alreadyStored: 0, ...figures });

/** 100 entries of the load and 20 of a file, 5 of which were stored before, on an ingestor that had stored 50. */
function run(change = {}) {
  const shipped = delivery({ received: 170, stored: 165, duplicates: 5 });
  return {
    reports: [report({ sent: 100, acknowledged: 100 }), report({ sent: 20, acknowledged: 20, alreadyStored: 5 })],
    before: delivery({ received: 50, stored: 50 }),
    shipped,
    after: shipped,
    found: 120,
    others: 0,
    ...change,
  };
}

test('a run of which everything is found balances', () => {
  const { figures, problems } = balance(run());
  assert.deepEqual(problems, []);
  assert.deepEqual(figures, { sent: 120, acknowledged: 120, stored: 115, 'stored before': 5, found: 120 });
});

test('entries of other senders are told apart', () => {
  const shipped = delivery({ received: 182, rejected: 2, stored: 175, duplicates: 5 });
  const { figures, problems } = balance(run({ shipped, after: shipped, others: 10 }));
  assert.deepEqual(problems, []);
  assert.equal(figures.stored, 115);
});

test('others may send while the entries are counted', () => {
  const shipped = delivery({ received: 180, stored: 175, duplicates: 5 });
  const after = delivery({ received: 190, stored: 185, duplicates: 5 });
  for (const others of [10, 15, 20]) assert.deepEqual(balance(run({ shipped, after, others })).problems, []);
});

const faults = {
  'an entry that is not found': { found: 119 },
  'an entry found twice': { found: 121 },
  'an entry that was not acknowledged': { reports: [report({ sent: 101, acknowledged: 100 }), report({ sent: 20, acknowledged: 20, alreadyStored: 5 })] },
  'an entry that the generator lost': { reports: [report({ sent: 100, acknowledged: 100, lost: 1 }), report({ sent: 20, acknowledged: 20, alreadyStored: 5 })] },
  'an entry in the store twice': { reports: [report({ sent: 100, acknowledged: 100, duplicated: 1 }), report({ sent: 20, acknowledged: 20, alreadyStored: 5 })] },
  'an entry that waits': { shipped: delivery({ received: 170, stored: 164, duplicates: 5, waiting: 1 }) },
  'an entry that was acknowledged and never received': { shipped: delivery({ received: 169, stored: 165, duplicates: 5 }) },
  'an entry counted as stored that no search finds': { shipped: delivery({ received: 171, stored: 166, duplicates: 5 }), after: delivery({ received: 171, stored: 166, duplicates: 5 }) },
  'an entry found that was never counted as stored': { others: 1 },
};
for (const [name, change] of Object.entries(faults)) {
  test(`${name} is a fault`, () => assert.notEqual(balance(run(change)).problems.length, 0));
}
