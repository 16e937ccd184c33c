// Fluent's forward protocol with acknowledgements, by its own client and by the older one.

import { batches, HOST, PORT, sleep, variant } from './common.mjs';

if (variant === 'fluent-org') {
  const { FluentClient } = await import('@fluent-org/logger');
  const client = new FluentClient('app', {
    ack: { ackTimeout: 5_000 }, eventMode: 'CompressedPackedForward', socket: { host: HOST, port: PORT, timeout: 5_000 },
    eventRetry: { attempts: 10, backoff: 2, delay: 200, minDelay: 200, maxDelay: 2_000 },
  });
  const emitted = [];
  for await (const batch of batches()) {
    for (const { message, fields } of batch) emitted.push(client.emit('shop', { ...fields, level: 'info', message }).catch((error) => console.log(error.message)));
  }
  await Promise.all(emitted);
  await client.disconnect();
} else {
  const { default: fluent } = await import('fluent-logger');
  const sender = fluent.createFluentSender('app', {
    host: HOST, port: PORT, timeout: 3, reconnectInterval: 500, requireAckResponse: true, eventMode: 'PackedForward', flushInterval: 100, ackResponseTimeout: 5_000,
  });
  sender.on('error', (error) => console.log(error.message));
  for await (const batch of batches()) {
    for (const { message, fields } of batch) sender.emit('shop', { ...fields, level: 'info', message });
  }
  await sleep(3_000);
  await new Promise((resolve) => sender.end(null, null, resolve));
}
process.exit(0);
