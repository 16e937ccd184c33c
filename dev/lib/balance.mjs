// Whether every entry of a demo was sent, acknowledged, stored and found exactly once.

/**
 * `reports` are those of the generator and the replay; `before`, `shipped` and `after` the ingestor's delivery figures before anything
 * was sent, once nothing waited any more, and after the entries were counted; `found` how many of the reports' entries a search
 * finds, and `others` how many that other senders stored meanwhile.
 */
export function balance({ reports, before, shipped, after, found, others }) {
  const sum = (name) => reports.reduce((total, report) => total + (report[name] ?? 0), 0);
  const [sent, acknowledged, known] = ['sent', 'acknowledged', 'alreadyStored'].map(sum);
  const change = (figures, name) => figures[name] - before[name];
  const own = acknowledged - known;
  const figures = {
    sent,
    acknowledged,
    stored: change(shipped, 'stored') - Math.max(0, Math.min(others, change(shipped, 'stored') - own)),
    ...(known > 0 && { 'stored before': known }),
    found,
  };
  const problems = [];
  for (const name of ['lost', 'duplicated', 'corrupted']) {
    if (sum(name) > 0) problems.push(`${sum(name)} entries ${name}`);
  }
  if (sent !== acknowledged) problems.push(`${sent} entries sent, but ${acknowledged} acknowledged`);
  if (found !== acknowledged) problems.push(`${acknowledged} entries acknowledged, but ${found} found`);
  if (shipped.waiting > 0) problems.push(`${shipped.waiting} entries still wait for the store`);
  const received = change(shipped, 'received') - change(shipped, 'rejected');
  if (received < acknowledged) problems.push(`the ingestor counts ${received} entries received, fewer than the ${acknowledged} it acknowledged`);
  // Others may go on sending while the entries are counted.
  const [least, most] = [change(shipped, 'stored') - own, change(after, 'stored') - own];
  if (others < least || others > most) {
    problems.push(`the ingestor counts ${change(shipped, 'stored')} entries stored, but a search finds ${found - known} of the demo's and ${others} of other senders`);
  }
  return { figures, problems };
}
