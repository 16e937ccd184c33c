import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const root = path.resolve(import.meta.dirname, '../..');
const PAGES = ['README.md', 'ARCHITECTURE.md', 'generator/README.md', 'charts/logpipeline/README.md'];

/** A page without what stands between fences. */
const prose = (page) => readFileSync(path.join(root, page), 'utf8').replace(/^```[\s\S]*?^```$/gmu, '');

/** Anchors of a page's headings, as GitHub makes them. */
function anchors(page) {
  const headings = [...prose(page).matchAll(/^#+ (.+)$/gmu)].map(([, heading]) => heading);
  return new Set(headings.map((heading) => heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-')));
}

function broken(page) {
  const links = [...prose(page).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/gu)];
  return links.flatMap(([, file, anchor]) => {
    const target = file === '' ? page : path.join(path.dirname(page), file);
    if (!existsSync(path.join(root, target))) return [`${page}: ${file}`];
    return anchor === undefined || anchors(target).has(anchor) ? [] : [`${page}: ${file}#${anchor}`];
  });
}

test('links between the pages lead somewhere', () => {
  const docs = readdirSync(path.join(root, 'docs')).filter((file) => file.endsWith('.md')).map((file) => `docs/${file}`);
  assert.deepEqual([...PAGES, ...docs].flatMap(broken), []);
});
