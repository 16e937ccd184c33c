// winston with its transports.

import winston from 'winston';

import { batches, HOST, PORT, stay, URL_, variant } from './common.mjs';

const TRANSPORTS = {
  elasticsearch: async () => {
    const { ElasticsearchTransport } = await import('winston-elasticsearch');
    return new ElasticsearchTransport({ clientOpts: { node: URL_ }, index: 'logs-shop-default', dataStream: true, buffering: true, bufferLimit: 10_000, flushInterval: 500 });
  },
  loki: async () => loki(false),
  'loki-json': async () => loki(true),
  'syslog-udp': async () => syslog('udp4'),
  'syslog-tcp': async () => syslog('tcp4'),
  http: async () => new winston.transports.Http({ host: HOST, port: PORT, path: '/logs', batch: true, batchInterval: 200, batchCount: 50 }),
  splunk: async () => {
    const { default: Splunk } = await import('winston-splunk-httplogger');
    return new Splunk({ splunk: { token: '00000000-0000-0000-0000-000000000001', url: URL_, maxRetries: 5 } });
  },
};

async function loki(json) {
  const { default: Loki } = await import('winston-loki');
  return new Loki({ host: URL_, json, labels: { app: 'shop' }, interval: 1, timeout: 5_000, onConnectionError: (error) => console.log(String(error).slice(0, 200)) });
}

async function syslog(protocol) {
  const { Syslog } = await import('winston-syslog');
  return new Syslog({ host: HOST, port: PORT, protocol, type: '5424', eol: '\n', app_name: 'shop', localhost: 'web1' });
}

const transport = await TRANSPORTS[variant]();
for (const name of ['error', 'warn']) transport.on(name, (error) => console.log(String(error?.message ?? error).slice(0, 200)));
const logger = winston.createLogger({ transports: [transport], format: winston.format.combine(winston.format.timestamp(), winston.format.json()) });
logger.on('error', (error) => console.log(String(error?.message ?? error).slice(0, 200)));
for await (const batch of batches()) {
  for (const { message, fields } of batch) logger.info(message, fields);
}
await stay();
