// The table of docs/senders.md, from what became of each sender's runs.

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { root } from '../../lib/processes.mjs';
import { AWKWARD, SENT } from './entries.mjs';
import { REFUSING } from './refusing.mjs';

const PAGE = path.join(root, 'docs/senders.md');
const [BEGIN, END] = ['<!-- made by make senders -->', '<!-- end -->'];
const number = (value) => value.toLocaleString('en');

/** Rewrites the table's place in the page. */
export function writeTable(catalog, results) {
  const page = readFileSync(PAGE, 'utf8');
  const [first, last] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (first < 0 || last < first) throw new Error(`docs/senders.md has no place for the table, between ${BEGIN} and ${END}`);
  writeFileSync(PAGE, `${page.slice(0, first + BEGIN.length)}\n${table(catalog, results)}\n${page.slice(last)}`);
}

export function table(catalog, results) {
  const head = ['sender', 'version', 'protocol', 'sent', 'found', 'log full', 'disk full', 'ending', 'killed'];
  const rows = catalog.filter(({ id }) => results[id]).map((sender) => cells(sender, results[sender.id]));
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function cells(sender, runs) {
  const { plain } = runs;
  const cannot = Object.keys(sender.without ?? {}).map((kind) => AWKWARD[kind]);
  const sent = number(plain.sent) + (cannot.length > 0 ? `, without ${cannot.join(', ')}` : '');
  return [sender.name, sender.version, sender.protocol, sent, outcome(plain), ...REFUSING.map((run) => refusal(runs[run])), restart(sender, runs.restart)];
}

/** How many were found, and what else is to be known of them. */
function outcome({ found, twice, altered }) {
  return [number(found), twice > 0 && `${number(twice)} twice`, altered.length > 0 && `changed by the client: ${altered.map((kind) => AWKWARD[kind] ?? kind).join(', ')}`]
    .filter(Boolean).join('; ');
}

/** An ingestor that ends may take a request yet; its entries are found in its own store then. */
export const isTaken = (status) => /^(2|OK)/.test(status);

function refusal(run) {
  if (!run) return '–';
  const { lost, twice, refusals } = run;
  const taken = refusals.find(isTaken);
  if (taken) return `${taken}: taken`;
  const told = [lost === 0 ? 'all found' : `drops ${number(lost)}`, twice > 0 && `${number(twice)} twice`].filter(Boolean).join(', ');
  return `${[...new Set(refusals)].join(', ')}: ${told}`;
}

function restart(sender, { lost, lostAcknowledged, twice }) {
  const told = [];
  if (lostAcknowledged > 0) told.push(`**${number(lostAcknowledged)} acknowledged ones lost**`);
  const own = lost - lostAcknowledged;
  if (own > 0) told.push(sender.proxy ? `drops ${number(own)} that nobody acknowledged` : `${number(SENT - lost)} found; nothing is acknowledged`);
  if (lost === 0) told.push('all found');
  told.push(twice > 0 ? `${number(twice)} twice` : lost === 0 && 'once');
  return told.filter(Boolean).join(', ');
}
