// pino with its transports, in worker threads as its documentation has them.

import pino from 'pino';

import { batches, HOST, PORT, said, stay, URL_, variant } from './common.mjs';

const socket = (mode) => ({ target: 'pino-socket', options: { address: HOST, port: PORT, mode, reconnect: true, recovery: true, recoveryQueueMaxSize: 10_000_000 } });
const TRANSPORTS = {
  elasticsearch: { target: 'pino-elasticsearch', options: { node: URL_, index: 'logs-shop-default', opType: 'create', flushBytes: 10_000, flushInterval: 500 } },
  loki: { target: 'pino-loki', options: { host: URL_, labels: { app: 'shop' }, batching: { interval: 1, maxBufferSize: 10_000 } } },
  opentelemetry: {
    target: 'pino-opentelemetry-transport',
    options: {
      loggerName: 'shop', serviceVersion: '1', resourceAttributes: { 'service.name': 'shop' },
      logRecordProcessorOptions: { recordProcessorType: 'batch', exporterOptions: { protocol: 'http/protobuf', protobufExporterOptions: { url: `${URL_}/v1/logs` } } },
    },
  },
  syslog: { pipeline: [{ target: 'pino-syslog', options: { appname: 'shop' } }, socket('udp')] },
  'socket-tcp': socket('tcp'),
};

const transport = pino.transport(TRANSPORTS[variant]);
await said(transport, 'ready', 5_000);
const logger = pino({ base: { hostname: 'web1' } }, transport);
for await (const batch of batches()) {
  for (const { message, fields } of batch) logger.info(fields, message);
}
await stay();
