// Every sender that is driven: what it is, how it is started, what it cannot express. `stays` is how long, in ms without anything new after its last
// entry, one that doesn't end by itself is left alone. `envelope` is how many levels it puts around the fields. `proxy` is what can stand between. `quick` ones are part of `make test`.

const UDP = { huge: 'a datagram holds 64 KB' };
const STAYS = 9_000;
/** winston-loki rests for a minute after a refusal. */
const PATIENT = 65_000;
/** Of a journal, the ingestor waits a minute for room before it refuses; it is refused twice. */
const HELD = 140_000;
const LINES = { nul: 'a NUL ends a message here' };

/** Drivers in an ecosystem's own language, beside which stands what it installs. */
const python = (script, variant = '') => ({ runtime: 'python', command: ({ dir, sources }) => [`${dir}/bin/python`, `${sources}/python/${script}.py`], variant });
const python8 = (script, variant = '') => ({ ...python(script, variant), runtime: 'python-8' });
const plainPython = (script, variant = '') => ({ runtime: 'none', command: ({ sources }) => ['python3', `${sources}/python/${script}.py`], variant });
const node = (script, variant = '') => ({ runtime: 'node', command: ({ dir }) => [process.execPath, `${dir}/${script}.mjs`], variant });
const rust = (client, variant = '') => ({ runtime: 'rust', command: ({ dir }) => [`${dir}/debug/senders`, client], variant });
const java = (client, variant = '', options = () => []) => ({
  runtime: 'java',
  command: ({ dir, sources, port }) => ['java', '-Xmx300m', ...options({ dir, port }), `-Dlogback.configurationFile=${sources}/java/logback.xml`, '-cp', `${dir}/classes:${dir}/lib/*`, 'Senders', client],
  variant,
});
const agent = (runtime, name, variant = '') => ({ runtime, stays: STAYS, command: ({ sources }) => [process.execPath, `${sources}/agent.mjs`], tail: [name, variant] });

const bulk = { protocol: 'Elasticsearch bulk', listener: 'http', proxy: 'http' };
const otlpHttp = { protocol: 'OTLP/HTTP', listener: 'http', proxy: 'http' };
const otlpGrpc = { protocol: 'OTLP/gRPC', listener: 'otlp-grpc', proxy: 'grpc' };
const loki = { protocol: 'Loki push', listener: 'http', proxy: 'http' };
const hec = { protocol: 'Splunk HEC', listener: 'http', proxy: 'http' };
const gelfHttp = { protocol: 'GELF HTTP', listener: 'http', proxy: 'http' };
const gelfTcp = { protocol: 'GELF TCP', listener: 'gelf-tcp' };
const gelfUdp = { protocol: 'GELF UDP', listener: 'gelf-udp' };
const forward = { protocol: 'Fluent forward', listener: 'forward' };
const acknowledgedForward = { ...forward, proxy: 'forward' };
const syslogUdp = { protocol: 'syslog UDP', listener: 'syslog-udp' };
const syslogTcp = { protocol: 'syslog TCP', listener: 'syslog-tcp' };
const jsonLines = { protocol: 'JSON lines over TCP', listener: 'syslog-tcp' };

/** With OpenTelemetry's agent, which takes what the application logs by logback. */
const javaAgent = ({ dir, port }) => [
  `-javaagent:${dir}/lib/opentelemetry-javaagent-2.31.1.jar`, `-Dotel.exporter.otlp.endpoint=http://127.0.0.1:${port}`, '-Dotel.service.name=shop',
  '-Dotel.traces.exporter=none', '-Dotel.metrics.exporter=none', '-Dotel.blrp.schedule.delay=100', '-Dotel.blrp.max.export.batch.size=50',
];

export const CATALOG = [
  { id: 'py-elasticsearch-9', name: 'elasticsearch (Python)', version: '9.5.1', ...bulk, ...python('bulk') },
  { id: 'py-elasticsearch-8', name: 'elasticsearch (Python)', version: '8.19.3', ...bulk, ...python8('bulk') },
  { id: 'py-opensearch', name: 'opensearch-py', version: '3.2.0', ...bulk, ...python('bulk', 'opensearch') },
  { id: 'py-ecs-logging', name: 'ecs-logging, by elasticsearch (Python)', version: '2.3.0', ...bulk, ...python('bulk', 'ecs') },
  { id: 'py-otlp-http', name: 'OpenTelemetry SDK (Python)', version: '1.45.2', ...otlpHttp, ...python('otlp', 'http') },
  { id: 'py-otlp-grpc', name: 'OpenTelemetry SDK (Python)', version: '1.45.2', ...otlpGrpc, ...python('otlp', 'grpc') },
  { id: 'py-logging-loki', name: 'python-logging-loki', version: '0.3.1', ...loki, ...python('loki', 'logging') },
  { id: 'py-loki-logger-handler', name: 'loki-logger-handler', version: '1.1.2', ...loki, ...python('loki', 'logger-handler') },
  { id: 'py-fluent-logger', name: 'fluent-logger (Python)', version: '0.11.1', ...forward, ...python('forward') },
  { id: 'py-pygelf-udp', name: 'pygelf', version: '0.4.3', ...gelfUdp, ...python('gelf', 'pygelf-udp') },
  { id: 'py-pygelf-tcp', name: 'pygelf', version: '0.4.3', ...gelfTcp, ...python('gelf', 'pygelf-tcp') },
  { id: 'py-pygelf-http', name: 'pygelf', version: '0.4.3', ...gelfHttp, ...python('gelf', 'pygelf-http') },
  { id: 'py-graypy-udp', name: 'graypy', version: '2.1.0', ...gelfUdp, ...python('gelf', 'graypy-udp') },
  { id: 'py-graypy-tcp', name: 'graypy', version: '2.1.0', ...gelfTcp, ...python('gelf', 'graypy-tcp') },
  { id: 'py-graypy-http', name: 'graypy', version: '2.1.0', ...gelfHttp, ...python('gelf', 'graypy-http') },
  { id: 'py-splunk-hec-handler', name: 'splunk-hec-handler', version: '1.2.0', ...hec, ...python('splunk') },
  { id: 'py-datadog', name: 'datadog-api-client (Python)', version: '2.62.0', protocol: 'Datadog', listener: 'http', proxy: 'http', ...python('datadog') },
  { id: 'py-logstash', name: 'python-logstash', version: '0.4.8', ...jsonLines, ...python('to_logstash', 'sync') },
  { id: 'py-logstash-async-tcp', name: 'python-logstash-async', version: '4.1.0', ...jsonLines, ...python('to_logstash', 'tcp'), stays: STAYS, envelope: 1 },
  { id: 'py-logstash-async-http', name: 'python-logstash-async', version: '4.1.0', protocol: 'JSON over HTTP', listener: 'http', proxy: 'http', ...python('to_logstash', 'http'), stays: STAYS, envelope: 1 },
  { id: 'py-logstash-async-beats', name: 'python-logstash-async', version: '4.1.0', protocol: 'Lumberjack', listener: 'lumberjack', proxy: 'lumberjack', ...python('to_logstash', 'beats'), stays: STAYS, envelope: 1 },
  { id: 'py-syslog-udp', name: 'SysLogHandler (Python)', version: '3', ...syslogUdp, ...plainPython('stdlib_syslog', 'udp'), without: { ...UDP, ...LINES }, quick: true },
  { id: 'py-syslog-tcp', name: 'SysLogHandler (Python)', version: '3', ...syslogTcp, ...plainPython('stdlib_syslog', 'tcp'), without: LINES, quick: true },
  { id: 'node-elasticsearch-9', name: '@elastic/elasticsearch', version: '9.4.3', ...bulk, ...node('bulk', 'elasticsearch9'), quick: true },
  { id: 'node-elasticsearch-8', name: '@elastic/elasticsearch', version: '8.19.2', ...bulk, ...node('bulk', 'elasticsearch8') },
  { id: 'node-opensearch', name: '@opensearch-project/opensearch', version: '3.9.0', ...bulk, ...node('bulk', 'opensearch') },
  { id: 'node-winston-elasticsearch', name: 'winston-elasticsearch', version: '0.19.0', ...bulk, ...node('winston', 'elasticsearch'), stays: STAYS, envelope: 1 },
  { id: 'node-pino-elasticsearch', name: 'pino-elasticsearch', version: '9.0.0', ...bulk, ...node('pino', 'elasticsearch'), stays: STAYS },
  { id: 'node-pino-loki', name: 'pino-loki', version: '3.0.0', ...loki, ...node('pino', 'loki'), stays: STAYS },
  { id: 'node-winston-loki', name: 'winston-loki, protobuf', version: '6.1.7', ...loki, ...node('winston', 'loki'), stays: PATIENT, quick: true },
  { id: 'node-winston-loki-json', name: 'winston-loki, JSON', version: '6.1.7', ...loki, ...node('winston', 'loki-json'), stays: PATIENT },
  { id: 'node-otlp-json', name: 'OpenTelemetry SDK (Node), JSON', version: '0.223.1', ...otlpHttp, ...node('otlp', 'http') },
  { id: 'node-otlp-proto', name: 'OpenTelemetry SDK (Node), protobuf', version: '0.223.1', ...otlpHttp, ...node('otlp', 'proto'), quick: true },
  { id: 'node-otlp-grpc', name: 'OpenTelemetry SDK (Node)', version: '0.223.1', ...otlpGrpc, ...node('otlp', 'grpc') },
  { id: 'node-pino-opentelemetry', name: 'pino-opentelemetry-transport', version: '4.0.2', ...otlpHttp, ...node('pino', 'opentelemetry'), stays: STAYS },
  { id: 'node-fluent-org', name: '@fluent-org/logger, acknowledged', version: '1.0.10', ...acknowledgedForward, ...node('fluent', 'fluent-org'), quick: true },
  { id: 'node-fluent-logger', name: 'fluent-logger (Node), acknowledged', version: '3.4.1', ...acknowledgedForward, ...node('fluent', 'fluent-logger') },
  { id: 'node-gelf-pro-udp', name: 'gelf-pro', version: '1.4.0', ...gelfUdp, ...node('gelf', 'udp') },
  { id: 'node-gelf-pro-tcp', name: 'gelf-pro', version: '1.4.0', ...gelfTcp, ...node('gelf', 'tcp') },
  { id: 'node-pino-syslog', name: 'pino-syslog and pino-socket', version: '4.0.0, 8.0.0', ...syslogUdp, ...node('pino', 'syslog'), stays: STAYS, without: UDP },
  { id: 'node-pino-socket', name: 'pino-socket', version: '8.0.0', ...jsonLines, ...node('pino', 'socket-tcp'), stays: STAYS },
  { id: 'node-winston-syslog-udp', name: 'winston-syslog', version: '2.7.1', ...syslogUdp, ...node('winston', 'syslog-udp'), stays: STAYS, without: UDP },
  { id: 'node-winston-syslog-tcp', name: 'winston-syslog', version: '2.7.1', ...syslogTcp, ...node('winston', 'syslog-tcp'), stays: STAYS },
  { id: 'node-winston-http', name: 'winston, its Http transport', version: '3.18.3', protocol: 'JSON over HTTP', listener: 'http', proxy: 'http', ...node('winston', 'http'), stays: STAYS },
  { id: 'node-winston-splunk', name: 'winston-splunk-httplogger', version: '3.1.8', ...hec, ...node('winston', 'splunk'), stays: STAYS, envelope: 3 },
  { id: 'java-elasticsearch', name: 'elasticsearch-java', version: '9.5.6', ...bulk, ...java('bulk') },
  { id: 'java-otlp-http', name: 'OpenTelemetry SDK (Java)', version: '1.68.0', ...otlpHttp, ...java('otlp', 'http') },
  { id: 'java-otlp-grpc', name: 'OpenTelemetry SDK (Java)', version: '1.68.0', ...otlpGrpc, ...java('otlp', 'grpc') },
  { id: 'java-agent', name: "OpenTelemetry's Java agent, on logback", version: '2.31.1', ...otlpHttp, ...java('logback', '', javaAgent), stays: STAYS },
  { id: 'java-logstash-encoder', name: 'logstash-logback-encoder', version: '8.1', ...jsonLines, ...java('logback', 'logstash'), stays: STAYS },
  { id: 'java-logback-gelf-udp', name: 'logback-gelf', version: '6.1.1', ...gelfUdp, ...java('logback', 'gelf-udp'), stays: STAYS },
  { id: 'java-logback-gelf-tcp', name: 'logback-gelf', version: '6.1.1', ...gelfTcp, ...java('logback', 'gelf-tcp'), stays: STAYS },
  { id: 'java-logback-gelf-http', name: 'logback-gelf', version: '6.1.1', ...gelfHttp, ...java('logback', 'gelf-http'), stays: STAYS },
  { id: 'rust-otlp-http', name: 'opentelemetry-otlp (Rust)', version: '0.33.1', ...otlpHttp, ...rust('otlp', 'http') },
  { id: 'rust-otlp-grpc', name: 'opentelemetry-otlp (Rust)', version: '0.33.1', ...otlpGrpc, ...rust('otlp', 'grpc') },
  { id: 'rust-elasticsearch', name: 'elasticsearch (Rust)', version: '9.1.0-alpha.1', ...bulk, ...rust('bulk') },
  { id: 'rust-syslog', name: 'syslog (Rust)', version: '7.0.0', ...syslogUdp, ...rust('syslog', 'udp'), without: UDP },
  { id: 'rust-tracing-gelf', name: 'tracing-gelf', version: '0.9.0', ...gelfTcp, ...rust('gelf') },
  { id: 'rsyslog-udp', name: 'rsyslog, omfwd', version: '8.2302', ...syslogUdp, ...agent('debian', 'rsyslog', 'udp'), without: { ...UDP, ...LINES } },
  { id: 'rsyslog-tcp', name: 'rsyslog, omfwd', version: '8.2302', ...syslogTcp, ...agent('debian', 'rsyslog', 'tcp') },
  { id: 'rsyslog-tls', name: 'rsyslog, omfwd', version: '8.2302', protocol: 'syslog TLS', listener: 'syslog-tls', ...agent('debian', 'rsyslog', 'tls') },
  { id: 'rsyslog-relp', name: 'rsyslog, omrelp', version: '8.2302', protocol: 'RELP', listener: 'relp', proxy: 'relp', ...agent('debian', 'rsyslog', 'relp') },
  { id: 'rsyslog-elasticsearch', name: 'rsyslog, omelasticsearch', version: '8.2302', ...bulk, ...agent('debian', 'rsyslog', 'elasticsearch') },
  { id: 'logger-udp', name: 'logger (util-linux)', version: '2.38', ...syslogUdp, ...agent('none', 'logger', 'udp'), without: { ...UDP, ...LINES } },
  { id: 'logger-tcp', name: 'logger (util-linux)', version: '2.38', ...syslogTcp, ...agent('none', 'logger', 'tcp'), without: LINES },
  { id: 'journal-upload', name: 'systemd-journal-upload', version: '252', protocol: 'journal export', listener: 'http', proxy: 'http', ...agent('debian', 'journal'), stays: HELD },
  { id: 'otelcol-otlphttp', name: 'OpenTelemetry Collector, otlphttp', version: '0.120.0', ...otlpHttp, ...agent('collector', 'collector', 'otlphttp') },
  { id: 'otelcol-otlp', name: 'OpenTelemetry Collector, otlp', version: '0.120.0', ...otlpGrpc, ...agent('collector', 'collector', 'otlp') },
  { id: 'otelcol-elasticsearch', name: 'OpenTelemetry Collector, elasticsearch', version: '0.120.0', ...bulk, ...agent('collector', 'collector', 'elasticsearch') },
  { id: 'vlagent', name: 'vlagent', version: '1.52.1', protocol: 'jsonline', listener: 'http', proxy: 'http', ...agent('vlagent', 'vlagent') },
];
