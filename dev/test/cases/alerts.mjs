// When each alert fires, and when it does not: figures as Prometheus finds them, every half minute.

/** A series as promtool reads it: `from`, and then `step` more at each of `count` samples. */
const line = (from, step, count) => `${from}+${step}x${count}`;
const flat = (value, minutes) => line(value, 0, minutes * 2);
/** A counter that grows by `by` once in `minutes`. */
const nowAndThen = (by, minutes, times) =>
  Array.from({ length: times * minutes * 2 }, (_, sample) => by * Math.floor(sample / (minutes * 2) + 1)).join(' ');

const operator = (name, labels = '') => `logpipeline_operator_${name}{namespace="operators",service="logpipeline-operator",pod="a"${labels}}`;
const ingestor = (name, pod = 'logs-ingestor-0') => `logpipeline_ingestor_${name}{namespace="shop",service="logs-metrics",pod="${pod}"}`;

const reconciles = (fast, slow) => ({
  [operator('reconcile_seconds_bucket', ',result="ok",le="15"')]: fast,
  [operator('reconcile_seconds_bucket', ',result="ok",le="60"')]: slow,
  [operator('reconcile_seconds_bucket', ',result="ok",le="+Inf"')]: slow,
});

/** What an operator with nothing wrong shows; what a case gives stands in its place. */
export const healthyOperator = {
  [operator('leader')]: flat(1, 180),
  [operator('queue_length')]: flat(0, 180),
  [operator('errors_total', ',step="apply"')]: flat(7, 180),
  [operator('errors_total', ',step="validate"')]: flat(7, 180),
  [operator('changes_total', ',kind="Deployment"')]: nowAndThen(1, 10, 18),
  ...reconciles(line(0, 10, 360), line(0, 10, 360)),
};

/** What `fires` at a minute, and nothing else; null where nothing does in the half hour before. */
export const operatorCases = [
  { name: 'nothing is wrong', at: 120, fires: null },
  { name: 'no replica leads', at: 6, fires: 'LogpipelineOperatorNotLeading', series: { [operator('leader')]: flat(0, 180) } },
  { name: 'no replica is reached', at: 6, fires: 'LogpipelineOperatorNotLeading', series: { [operator('leader')]: '_x360' } },
  { name: 'nobody leads for four minutes', at: 24, fires: null, series: { [operator('leader')]: `${flat(1, 20)} ${flat(0, 4)} ${flat(1, 100)}` } },
  {
    name: 'another replica takes over',
    at: 30,
    fires: null,
    series: { [operator('leader')]: `${flat(1, 20)} ${flat(0, 100)}`, [operator('leader').replace('"a"', '"b"')]: `${flat(0, 21)} ${flat(1, 100)}` },
  },
  {
    name: 'one pipeline fails at each attempt, which come every five minutes',
    at: 90,
    fires: 'LogpipelineOperatorFailing',
    series: { [operator('errors_total', ',step="apply"')]: nowAndThen(1, 5, 36) },
  },
  {
    name: 'each attempt takes until its deadline of two minutes',
    at: 90,
    fires: 'LogpipelineOperatorFailing',
    series: { [operator('errors_total', ',step="deadline"')]: nowAndThen(1, 7, 26) },
  },
  {
    name: 'an Elasticsearch is not reached',
    at: 25,
    fires: 'LogpipelineOperatorFailing',
    series: { [operator('errors_total', ',step="elasticsearch"')]: line(0, 1, 360) },
  },
  {
    name: 'the API server was away for three minutes',
    at: 25,
    fires: null,
    series: { [operator('errors_total', ',step="fetch"')]: `${flat(0, 2)} ${line(1, 8, 6)} ${flat(49, 100)}` },
  },
  {
    name: 'a spec is invalid',
    at: 35,
    fires: 'LogpipelineOperatorInvalidSpec',
    series: { [operator('errors_total', ',step="validate"')]: line(0, 1, 360) },
  },
  {
    name: 'a spec was corrected after ten minutes',
    at: 32,
    fires: null,
    series: { [operator('errors_total', ',step="validate"')]: `${line(0, 1, 20)} ${flat(20, 100)}` },
  },
  { name: 'reconciles are slow', at: 20, fires: 'LogpipelineOperatorSlow', series: reconciles(line(0, 9, 360), line(0, 10, 360)) },
  {
    name: 'one reconcile was slow',
    at: 16,
    fires: null,
    series: reconciles(line(0, 1, 360), `${line(0, 1, 4)} ${line(6, 1, 300)}`),
  },
  { name: 'the queue is never empty', at: 20, fires: 'LogpipelineOperatorBehind', series: { [operator('queue_length')]: flat(5, 180) } },
  { name: 'five hundred pipelines are new', at: 20, fires: null, series: { [operator('queue_length')]: `${flat(492, 5)} ${flat(0, 100)}` } },
  {
    name: 'somebody puts back what the operator writes',
    at: 45,
    fires: 'LogpipelineOperatorContended',
    series: { [operator('changes_total', ',kind="Deployment"')]: line(0, 5, 360) },
  },
  {
    name: 'five hundred pipelines are made',
    at: 35,
    fires: null,
    series: { [operator('changes_total', ',kind="Service"')]: `${flat(0, 1)} ${line(0, 200, 8)} ${flat(1600, 100)}` },
  },
  {
    name: 'another release has trouble',
    at: 60,
    fires: null,
    series: { [operator('errors_total', ',step="apply"').replace('"operators"', '"others"')]: line(0, 5, 360) },
  },
];

export const healthyPipeline = {
  [ingestor('lag_seconds')]: flat(0.4, 180),
  [ingestor('wal_waiting_bytes')]: flat(1000, 180),
  [ingestor('wal_capacity_bytes')]: flat(1000000, 180),
  [ingestor('wal_damaged_entries_total')]: flat(0, 180),
  [ingestor('wal_write_errors_total')]: flat(0, 180),
  [ingestor('dead_lettered_entries_total')]: flat(0, 180),
};

const once = (before, after) => `${flat(before, 10)} ${flat(after, 100)}`;
const elsewhere = (series) => series.replace('logs-metrics', 'other-metrics');

export const pipelineCases = [
  { name: 'nothing is wrong', at: 120, fires: null },
  { name: 'entries wait for over a minute', at: 10, fires: 'LogpipelineLagging', series: { [ingestor('lag_seconds')]: line(30, 30, 360) } },
  {
    name: 'one of two pods lags',
    at: 10,
    fires: 'LogpipelineLagging',
    series: { [ingestor('lag_seconds', 'logs-ingestor-1')]: flat(61, 180) },
  },
  { name: 'entries wait for just under a minute', at: 60, fires: null, series: { [ingestor('lag_seconds')]: flat(59, 180) } },
  { name: 'the store was away for three minutes', at: 14, fires: null, series: { [ingestor('lag_seconds')]: `${flat(1, 10)} ${line(30, 30, 6)} ${flat(1, 100)}` } },
  { name: 'the log fills', at: 5, fires: 'LogpipelineLogFilling', series: { [ingestor('wal_waiting_bytes')]: flat(810000, 180) } },
  {
    name: 'the log of one of two pods fills',
    at: 5,
    fires: 'LogpipelineLogFilling',
    series: { [ingestor('wal_waiting_bytes', 'logs-ingestor-1')]: flat(900, 180), [ingestor('wal_capacity_bytes', 'logs-ingestor-1')]: flat(1000, 180) },
  },
  { name: 'the log is filled to less than four fifths', at: 60, fires: null, series: { [ingestor('wal_waiting_bytes')]: flat(790000, 180) } },
  { name: 'the log was damaged', at: 12, fires: 'LogpipelineLogDamaged', series: { [ingestor('wal_damaged_entries_total')]: once(0, 3) } },
  { name: 'the log was damaged an hour ago', at: 70, fires: null, series: { [ingestor('wal_damaged_entries_total')]: once(0, 3) } },
  { name: 'the disk refuses a write', at: 12, fires: 'LogpipelineLogNotWritten', series: { [ingestor('wal_write_errors_total')]: once(2, 3) } },
  { name: 'the disk takes writes again', at: 70, fires: null, series: { [ingestor('wal_write_errors_total')]: once(2, 3) } },
  { name: 'the store refuses an entry for good', at: 12, fires: 'LogpipelineDeadLetters', series: { [ingestor('dead_lettered_entries_total')]: once(0, 1) } },
  { name: 'the store refused one an hour ago', at: 70, fires: null, series: { [ingestor('dead_lettered_entries_total')]: once(0, 1) } },
  {
    name: 'another pipeline has trouble',
    at: 12,
    fires: null,
    series: {
      [elsewhere(ingestor('lag_seconds'))]: flat(600, 180),
      [elsewhere(ingestor('wal_damaged_entries_total'))]: once(0, 3),
    },
  },
];
