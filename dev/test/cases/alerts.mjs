// When each alert fires, and when it does not: figures as Prometheus finds them, every half minute.

/** A series as promtool reads it: `from`, and then `step` more at each of `count` samples. */
const line = (from, step, count) => `${from}+${step}x${count}`;
const flat = (value, minutes) => line(value, 0, minutes * 2);
/** Nothing is found for so many minutes. */
const gap = (minutes) => `_x${minutes * 2}`;
/** A counter that grows by `by` once in `minutes`. */
const nowAndThen = (by, minutes, times) =>
  Array.from({ length: times * minutes * 2 }, (_, sample) => by * Math.floor(sample / (minutes * 2) + 1)).join(' ');

const operator = (name, labels = '') => `logpipeline_operator_${name}{namespace="operators",service="logpipeline-operator",pod="a"${labels}}`;
const ingestor = (name, pod = 'logs-ingestor-0') => `logpipeline_ingestor_${name}{namespace="shop",service="logs-metrics",pod="${pod}"}`;

const query = (name, labels = '', pod = 'logs-query-0') =>
  `logpipeline_query_${name}{namespace="shop",service="logs-metrics",pod="${pod}"${labels}}`;
const canaries = (outcome) => ingestor('canary_entries_total').replace('}', `,outcome="${outcome}"}`);
const unbalanced = (by) => ingestor('unbalanced_entries').replace('}', `,by="${by}"}`);
const requests = (outcome) => ingestor('requests_total').replace('}', `,outcome="${outcome}"}`);
const searches = (status, route = '/api/v1/search') => query('requests_total', `,route="${route}",status="${status}"`);
const ready = (pipeline, pod = 'a') =>
  operator('pipeline_ready', `,pipeline_namespace="shop",pipeline="${pipeline}"`).replace('"a"', `"${pod}"`);

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
  [ready('logs')]: flat(1, 180),
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
  { name: 'a pipeline is not ready', at: 36, fires: 'LogpipelineNotReady', series: { [ready('logs')]: `${flat(1, 20)} ${flat(0, 100)}` } },
  { name: 'a new pipeline does not become ready', at: 36, fires: 'LogpipelineNotReady', series: { [ready('new')]: `${gap(20)} ${flat(0, 100)}` } },
  {
    name: 'another replica takes over, which finds a pipeline as little ready',
    at: 36,
    fires: 'LogpipelineNotReady',
    series: {
      [ready('logs')]: `${flat(1, 20)} ${flat(0, 6)} stale`,
      [ready('logs', 'b')]: `${gap(28)} ${flat(0, 100)}`,
    },
  },
  {
    name: 'another replica takes over, and pipelines are ready',
    at: 60,
    fires: null,
    series: { [ready('logs')]: `${flat(1, 20)} stale`, [ready('logs', 'b')]: `${gap(22)} ${flat(1, 100)}` },
  },
  { name: 'a change is rolled out within ten minutes', at: 50, fires: null, series: { [ready('logs')]: `${flat(1, 20)} ${flat(0, 10)} ${flat(1, 100)}` } },
  {
    name: 'a pipeline is paused, or deleted, which was not ready for a while',
    at: 50,
    fires: null,
    series: { [ready('logs')]: `${flat(1, 20)} ${flat(0, 8)} stale` },
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
  [ingestor('wal_damaged_regions_total')]: flat(0, 180),
  [ingestor('wal_write_errors_total')]: flat(0, 180),
  [ingestor('checkpoint_errors_total')]: flat(0, 180),
  [ingestor('dead_lettered_entries_total')]: flat(0, 180),
  [canaries('found')]: line(0, 1, 360),
  [canaries('lost')]: flat(0, 180),
  [unbalanced('token')]: flat(0, 180),
  [requests('accepted')]: line(0, 300, 360),
  [requests('throttled')]: flat(0, 180),
  [requests('unavailable')]: flat(0, 180),
  [query('tail_clients')]: flat(0, 180),
  [searches(200)]: line(0, 30, 360),
};

const once = (before, after) => `${flat(before, 10)} ${flat(after, 100)}`;
const elsewhere = (series) => series.replace('logs-metrics', 'other-metrics');

export const pipelineCases = [
  { name: 'nothing is wrong', at: 120, fires: null },
  { name: 'no ingestor is reached', at: 6, fires: 'LogpipelineIngestorsUnreachable', series: { [ingestor('lag_seconds')]: '_x360' } },
  { name: 'no query server is reached', at: 6, fires: 'LogpipelineQueryUnreachable', series: { [query('tail_clients')]: '_x360' } },
  {
    name: 'one of two pods is not reached',
    at: 60,
    fires: null,
    series: {
      [ingestor('lag_seconds')]: `${flat(0.4, 10)} stale`,
      [ingestor('lag_seconds', 'logs-ingestor-1')]: flat(0.4, 180),
      [query('tail_clients')]: `${flat(0, 10)} stale`,
      [query('tail_clients', '', 'logs-query-1')]: flat(0, 180),
    },
  },
  {
    name: 'the only pods are replaced within three minutes',
    at: 35,
    fires: null,
    series: {
      [ingestor('lag_seconds')]: `${flat(0.4, 20)} stale`,
      [ingestor('lag_seconds', 'logs-ingestor-1')]: `${gap(23)} ${flat(0.4, 100)}`,
      [query('tail_clients')]: `${flat(0, 20)} stale`,
      [query('tail_clients', '', 'logs-query-1')]: `${gap(23)} ${flat(0, 100)}`,
    },
  },
  { name: 'a canary is lost', at: 12, fires: 'LogpipelineCanaryLost', series: { [canaries('lost')]: once(0, 1) } },
  { name: 'a canary was lost an hour ago', at: 70, fires: null, series: { [canaries('lost')]: once(0, 1) } },
  { name: 'counts by token differ from the total', at: 12, fires: 'LogpipelineUnbalanced', series: { [unbalanced('token')]: once(0, 3) } },
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
  { name: 'a segment is set aside', at: 12, fires: 'LogpipelineLogDamaged', series: { [ingestor('wal_damaged_regions_total')]: once(0, 1) } },
  {
    name: 'a pod that starts anew finds its log damaged',
    at: 12,
    fires: 'LogpipelineLogDamaged',
    series: { [ingestor('wal_damaged_regions_total', 'logs-ingestor-1')]: `${gap(10)} ${flat(1, 100)}` },
  },
  {
    name: 'a pod of which that was told goes on running',
    at: 70,
    fires: null,
    series: {
      [ingestor('wal_damaged_entries_total', 'logs-ingestor-1')]: `${gap(10)} ${flat(3, 100)}`,
      [ingestor('wal_damaged_regions_total', 'logs-ingestor-1')]: `${gap(10)} ${flat(1, 100)}`,
    },
  },
  { name: 'a checkpoint is not written', at: 12, fires: 'LogpipelineCheckpointsNotWritten', series: { [ingestor('checkpoint_errors_total')]: once(0, 1) } },
  { name: 'checkpoints are written again', at: 70, fires: null, series: { [ingestor('checkpoint_errors_total')]: once(0, 1) } },
  { name: 'the disk refuses a write', at: 12, fires: 'LogpipelineLogNotWritten', series: { [ingestor('wal_write_errors_total')]: once(2, 3) } },
  { name: 'the disk takes writes again', at: 70, fires: null, series: { [ingestor('wal_write_errors_total')]: once(2, 3) } },
  { name: 'the store refuses an entry for good', at: 12, fires: 'LogpipelineDeadLetters', series: { [ingestor('dead_lettered_entries_total')]: once(0, 1) } },
  {
    name: 'the store refuses the first entry of a new pod',
    at: 12,
    fires: 'LogpipelineDeadLetters',
    series: { [ingestor('dead_lettered_entries_total', 'logs-ingestor-1')]: `${gap(10)} ${flat(1, 100)}` },
  },
  { name: 'the store refused one an hour ago', at: 70, fires: null, series: { [ingestor('dead_lettered_entries_total')]: once(0, 1) } },
  { name: 'a tenth of requests is throttled', at: 12, fires: 'LogpipelineSendersRefused', series: { [requests('throttled')]: line(0, 33, 360) } },
  {
    name: 'a few are throttled, and a few meet a full disk',
    at: 12,
    fires: 'LogpipelineSendersRefused',
    series: { [requests('throttled')]: line(0, 9, 360), [requests('unavailable')]: line(0, 9, 360) },
  },
  { name: 'one request in thirty is throttled', at: 60, fires: null, series: { [requests('throttled')]: line(0, 10, 360) } },
  {
    name: 'all requests were throttled for two minutes',
    at: 30,
    fires: null,
    series: {
      [requests('accepted')]: `${line(0, 300, 39)} ${flat(11700, 2)} ${line(12000, 300, 200)}`,
      [requests('throttled')]: `${flat(0, 20)} ${line(300, 300, 3)} ${flat(1200, 100)}`,
    },
  },
  {
    name: 'senders make mistakes',
    at: 60,
    fires: null,
    series: { [requests('refused')]: line(0, 200, 360), [requests('unauthorized')]: line(0, 200, 360) },
  },
  { name: 'nobody sends', at: 60, fires: null, series: { [requests('accepted')]: flat(0, 180) } },
  { name: 'a tenth of searches fails', at: 20, fires: 'LogpipelineSearchesFailing', series: { [searches(503)]: line(0, 4, 360) } },
  {
    name: 'most searches fail, and the page is loaded often',
    at: 20,
    fires: 'LogpipelineSearchesFailing',
    series: { [searches(502)]: line(0, 20, 360), [searches(200, 'ui')]: line(0, 2000, 360) },
  },
  { name: 'one search in thirty fails', at: 60, fires: null, series: { [searches(503)]: line(0, 1, 360) } },
  {
    name: 'the store did not answer for four minutes',
    at: 40,
    fires: null,
    series: { [searches(503)]: `${flat(0, 20)} ${line(30, 30, 7)} ${flat(240, 100)}` },
  },
  { name: 'searches are refused for what they ask', at: 60, fires: null, series: { [searches(400)]: line(0, 30, 360) } },
  { name: 'nobody searches', at: 60, fires: null, series: { [searches(200)]: flat(0, 180) } },
  {
    name: 'another pipeline has trouble',
    at: 12,
    fires: null,
    series: {
      [elsewhere(requests('throttled'))]: line(0, 300, 360),
      [elsewhere(searches(503))]: line(0, 300, 360),
      [elsewhere(ingestor('lag_seconds'))]: flat(600, 180),
      [elsewhere(ingestor('wal_damaged_entries_total'))]: once(0, 3),
    },
  },
];
