// The clients of Elasticsearch 9 and 8 and of OpenSearch, by their helper for bulk requests.

import { batches, document, URL_, variant } from './common.mjs';

const PACKAGES = { elasticsearch9: '@elastic/elasticsearch', elasticsearch8: 'elasticsearch8', opensearch: '@opensearch-project/opensearch' };
const { Client } = await import(PACKAGES[variant]);
const client = new Client({ node: URL_ });
for await (const batch of batches()) {
  try {
    await client.helpers.bulk({
      datasource: batch.map(document),
      onDocument: () => ({ create: { _index: 'logs-shop-default' } }),
      onDrop: ({ status, error }) => console.log('dropped', status, error?.reason),
    });
  } catch (error) {
    console.log(error.name, error.message.slice(0, 200));
  }
}
await client.close();
