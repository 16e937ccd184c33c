// What is monitored: metrics, reasons of conditions, alerts and dashboards, read from where they are defined.

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');

export const read = (file) => readFileSync(path.join(root, file), 'utf8');

function output(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} failed: ${error?.message ?? stderr.trim()}`);
  return stdout;
}

/** The path of promtool. */
export const promtool = () => output('dev/promtool.sh', []).trim();

const helm = () => process.env.LOGPIPELINE_HELM ?? output('dev/kubernetes.sh', ['clients']).split('\n')[0];

const every = (text, pattern) => [...text.matchAll(pattern)];

/** The specs of the PrometheusRules among manifests: each a file of rules as Prometheus reads it. */
function rulesAmong(manifests) {
  const rules = manifests.split(/^---\n/mu).filter((one) => /^kind: PrometheusRule$/mu.test(one));
  return rules.map((one) => /^spec:\n((?: {2}.*\n?)+)/mu.exec(one)[1].replace(/^ {2}/gmu, ''));
}

/** The alerts of the chart on the operator, as helm renders them. */
export function operatorRules() {
  const args = ['template', 'logpipeline', 'charts/logpipeline', '--namespace', 'operators', '--set=metrics.prometheusRule.enabled=true'];
  return rulesAmong(output(helm(), args))[0];
}

/** The alerts that the operator makes for LogPipeline logs of the namespace shop. */
export const pipelineRules = () => rulesAmong(read('operator/tests/it/snapshots/production.yaml'))[0];

/** The alerts of a file of rules, each with its own text. */
export function alertsOf(rules) {
  const parts = rules.split(/^ *- alert: /mu).slice(1);
  return parts.map((text) => ({ name: /^\w+/u.exec(text)[0], text }));
}

export function dashboards() {
  const folder = 'charts/logpipeline/files/dashboards';
  return readdirSync(path.join(root, folder)).map((file) => ({ file, ...JSON.parse(read(`${folder}/${file}`)) }));
}

/** The expressions of a dashboard's panels, with values in place of Grafana's variables. */
export function expressionsOf(dashboard) {
  const given = (expression) => expression.replaceAll('$__rate_interval', '5m').replace(/\$\w+/gu, '.*');
  return dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => given(expr)));
}

const METRICS = {
  ingestor: ['ingestor/src/metrics.rs', 'ingestor/src/balance/metrics.rs', 'ingestor/src/canary/figures.rs'],
  query: ['query/src/metrics.rs'],
  operator: ['operator/src/metrics.rs'],
  generator: ['generator/src/load/tally.rs', 'generator/src/import/counters.rs'],
};

/** All metrics that components register: of each name whether it is a histogram. */
export function registeredMetrics() {
  const metrics = new Map();
  for (const [component, files] of Object.entries(METRICS)) {
    const prefix = `logpipeline_${component}_`;
    for (const [, maker, name] of every(files.map(read).join('\n'), /((?:\w+(?:::|\())*\w+)\(\s*"([a-z_]+)"/gu)) {
      if (!/\b(?:counters?|histogram|gauge|name|new)$/u.test(maker)) continue;
      metrics.set(name.startsWith(prefix) ? name : prefix + name, /^histogram/iu.test(maker));
    }
  }
  return metrics;
}

/** Names of this platform's metrics in a text, without what Prometheus adds to those of histograms. */
export function metricsIn(text) {
  const registered = registeredMetrics();
  const names = every(text, /\blogpipeline_(?:ingestor|query|operator|generator)_[a-z_]*[a-z]/gu).map(([name]) => name);
  const family = (name) => {
    const base = name.replace(/_(?:bucket|sum|count)$/u, '');
    return registered.get(base) ? base : name;
  };
  return new Set(names.map(family));
}

const sources = (folder) =>
  readdirSync(path.join(root, folder), { recursive: true })
    .filter((file) => file.endsWith('.rs'))
    .map((file) => read(path.join(folder, file)).split('#[cfg(test)]')[0]);

/** Conditions of a LogPipeline. */
export const conditions = () => every(read('operator/src/status/mod.rs'), /^pub const \w+: &str = "(\w+)";/gmu).map(([, name]) => name);

/** Reasons of conditions, and of events that are no condition's turn. */
export function reasons() {
  const places = [
    /Verdict::\w+\(\s*"(\w+)"/gu,
    /EventType::\w+,\s*"(\w+)"/gu,
    /=> "([A-Z]\w+)"/gu,
    /let reason =[^;]*?\{ "(\w+)" \}/gu,
    /let reason =[^;]*?else \{ "(\w+)" \}/gu,
    /map_or\("(\w+)", Invalid::reason\)/gu,
  ];
  const folders = sources('operator/src').filter((text) => /Verdict|EventType|enum Invalid/u.test(text));
  return new Set(folders.flatMap((text) => places.flatMap((place) => every(text, place).map(([, reason]) => reason))));
}

/** Steps by which failed reconciles are counted. */
export function steps() {
  const named = every(read('operator/src/reconcile/error.rs'), /=> "(\w+)"/gu);
  const counted = every(read('operator/src/reconcile/mod.rs'), /errors\.with_label_values\(&\["(\w+)"\]\)/gu);
  return new Set([...named, ...counted].map(([, step]) => step));
}
