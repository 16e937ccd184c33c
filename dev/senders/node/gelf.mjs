// gelf-pro, over UDP and TCP; it opens a socket for each entry.

import gelf from 'gelf-pro';

import { batches, HOST, PORT, variant } from './common.mjs';

gelf.setConfig({ fields: { app: 'shop' }, adapterName: variant, adapterOptions: { host: HOST, port: PORT } });
for await (const batch of batches()) {
  await Promise.all(
    batch.map(({ message, fields }) => new Promise((resolve) => {
      gelf.info(message, fields, (error) => {
        if (error) console.log(error.message);
        resolve();
      });
    })),
  );
}
