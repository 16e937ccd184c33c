import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';

import {
  alertsOf, conditions, dashboards, expressionsOf, metricsIn, operatorRules, pipelineRules, promtool, read, reasons, registeredMetrics, steps,
} from '../lib/monitoring.mjs';
import { healthyOperator, healthyPipeline, operatorCases, pipelineCases } from './cases/alerts.mjs';

const scratch = mkdtempSync(path.join(os.tmpdir(), 'monitoring-test-'));
after(() => rmSync(scratch, { recursive: true }));

const difference = (one, other) => [...one].filter((name) => !other.has(name));

/** Writes files into a folder of their own, and has promtool look at the last of them. */
function check(command, files) {
  const folder = mkdtempSync(path.join(scratch, 'rules-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(path.join(folder, name), content);
  const { status, stdout, stderr } = spawnSync(promtool(), [command, 'rules', Object.keys(files).at(-1)], { cwd: folder, encoding: 'utf8' });
  assert.equal(status, 0, stdout + stderr);
  return stdout;
}

/** A test of promtool. It prints the expression of one that fails, which therefore bears the name of the case. */
function unit(healthy, { name, at, fires, series }) {
  const given = Object.entries({ ...healthy, ...series });
  const firing = 'ALERTS{alertstate="firing"}';
  const when = fires === null ? `max_over_time(${firing}[30m])` : firing;
  return {
    interval: '30s',
    input_series: given.map(([key, values]) => ({ series: key, values })),
    promql_expr_test: [
      {
        expr: `count by (alertname) (${when}) # ${name}`,
        eval_time: `${at}m`,
        exp_samples: fires === null ? [] : [{ labels: `{alertname="${fires}"}`, value: 1 }],
      },
    ],
  };
}

const RULES = {
  'on the operator': { rules: operatorRules, healthy: healthyOperator, cases: operatorCases },
  'on a pipeline': { rules: pipelineRules, healthy: healthyPipeline, cases: pipelineCases },
};

for (const [of, { rules, healthy, cases }] of Object.entries(RULES)) {
  test(`alerts ${of} are rules that Prometheus takes`, () => {
    const text = rules();
    const found = check('check', { 'rules.yaml': text });
    assert.match(found, new RegExp(`SUCCESS: ${alertsOf(text).length} rules found`, 'u'));
  });

  test(`alerts ${of} fire when they should, and at no other time`, () => {
    const text = rules();
    const names = alertsOf(text).map(({ name }) => name);
    const tested = new Set(cases.map(({ fires }) => fires));
    assert.deepEqual(names.filter((name) => !tested.has(name)), [], 'alerts without a case in dev/test/cases/alerts.mjs');
    const tests = { rule_files: ['rules.yaml'], evaluation_interval: '30s', tests: cases.map((one) => unit(healthy, one)) };
    check('test', { 'rules.yaml': text, 'tests.yaml': JSON.stringify(tests) });
  });

  test(`alerts ${of} say how severe they are, and stand in docs/alerts.md`, () => {
    const sections = read('docs/alerts.md').split(/^### /mu).slice(1);
    for (const { name, text } of alertsOf(rules())) {
      const severity = /severity: (warning|critical)/u.exec(text)?.[1];
      assert.ok(severity, `${name} has no severity`);
      assert.match(text, /summary: /u, name);
      assert.match(text, new RegExp(`description: .*See ${name} in docs/alerts\\.md`, 'u'));
      const section = sections.find((one) => one.startsWith(`${name}\n`));
      assert.ok(section, `docs/alerts.md has no section ${name}`);
      assert.match(section, new RegExp(`\\n\\n${severity}\\. `, 'iu'), `docs/alerts.md on ${name} begins with its severity`);
    }
  });
}

test('docs/alerts.md has no alert that is no more', () => {
  const names = new Set(Object.values(RULES).flatMap(({ rules }) => alertsOf(rules()).map(({ name }) => name)));
  const documented = [...read('docs/alerts.md').matchAll(/\bLogpipeline[A-Z]\w+/gu)].map(([name]) => name);
  const shown = dashboards().flatMap((one) => [...JSON.stringify(one).matchAll(/\bLogpipeline[A-Z]\w+/gu)].map(([name]) => name));
  assert.deepEqual(difference(new Set([...documented, ...shown]), names), []);
});

test('every expression of the dashboards is one that Prometheus takes', () => {
  for (const dashboard of dashboards()) {
    const rules = expressionsOf(dashboard).map((expr, at) => ({ record: `expression:${at}`, expr }));
    assert.ok(rules.length > 0, dashboard.file);
    check('check', { 'rules.yaml': JSON.stringify({ groups: [{ name: dashboard.file, rules }] }) });
  }
});

test('dashboards have names of their own, and panels that say what they show', () => {
  const all = dashboards();
  assert.deepEqual(all.map(({ file }) => file), ['balance.json', 'delivery.json', 'ingest.json', 'operator.json', 'search.json']);
  for (const { file, uid, title, tags, templating, panels } of all) {
    assert.equal(`${uid}.json`, `logpipeline-${file}`);
    assert.match(title, /^Logpipeline \/ /u);
    assert.deepEqual(tags, ['logpipeline']);
    const variables = new Set(['datasource', '__rate_interval', ...templating.list.map(({ name }) => name)]);
    const used = [...JSON.stringify(panels).matchAll(/\$\{?(\w+)/gu)].map(([, name]) => name);
    assert.deepEqual(difference(new Set(used), variables), [], `${file} has no variable`);
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length, `${file} has two panels of one id`);
    const places = panels.map(({ gridPos: { x, y } }) => `${x},${y}`);
    assert.equal(new Set(places).size, panels.length, `${file} has two panels at one place`);
    for (const panel of panels.filter(({ type }) => type !== 'row')) {
      assert.ok(panel.description && panel.fieldConfig.defaults.unit, `${file}: ${panel.title}`);
      assert.deepEqual(panel.datasource, { type: 'prometheus', uid: '${datasource}' });
    }
  }
});

test('dashboards and alerts ask for metrics that there are, and leave out none', () => {
  const registered = new Set(registeredMetrics().keys());
  const rules = Object.values(RULES).map((one) => one.rules());
  const asked = metricsIn([...dashboards().map((one) => JSON.stringify(one)), ...rules].join('\n'));
  assert.deepEqual(difference(asked, registered), [], 'asked for, and not there');
  // Generators are load tests that end.
  const lasting = new Set([...registered].filter((name) => !name.startsWith('logpipeline_generator_')));
  assert.deepEqual(difference(lasting, asked), [], 'there, and on no dashboard');
});

const DOCS = ['README.md', 'generator/README.md', ...['operate', 'metrics', 'alerts', 'conditions', 'kubernetes', 'elasticsearch', 'install'].map((one) => `docs/${one}.md`)];

test('docs/metrics.md has every metric, and no page has one that is not there', () => {
  const registered = new Set(registeredMetrics().keys());
  assert.ok(registered.size > 40, 'the sources are read');
  assert.deepEqual(difference(registered, metricsIn(read('docs/metrics.md'))), [], 'not in docs/metrics.md');
  for (const page of DOCS) assert.deepEqual(difference(metricsIn(read(page)), registered), [], page);
});

test('docs/conditions.md has every condition and every reason', () => {
  const text = read('docs/conditions.md');
  // In the first column of a table.
  const rows = [...text.matchAll(/^\| ([^|]*) \|/gmu)].map(([, first]) => first).join('\n');
  const named = new Set([...rows.matchAll(/`(\w+)`/gu)].map(([, name]) => name));
  assert.equal(conditions().length, 8);
  for (const condition of conditions()) assert.ok(text.includes(`\n## ${condition}\n`), `docs/conditions.md has no section ${condition}`);
  assert.ok(reasons().size > 30, 'the sources are read');
  assert.deepEqual(difference(reasons(), named), []);
});

test('docs/metrics.md has every step by which failed reconciles are counted', () => {
  const named = new Set([...read('docs/metrics.md').matchAll(/`(\w+)`/gu)].map(([, name]) => name));
  assert.deepEqual(difference(steps(), named), []);
});
