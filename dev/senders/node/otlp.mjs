// OpenTelemetry's SDK with its exporters for JSON, protobuf and gRPC.

import { SeverityNumber } from '@opentelemetry/api-logs';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';

import { batches, URL_, variant } from './common.mjs';

const { OTLPLogExporter } = await import(`@opentelemetry/exporter-logs-otlp-${variant}`);
const exporter = new OTLPLogExporter({ url: variant === 'grpc' ? URL_ : `${URL_}/v1/logs` });
const settings = { scheduledDelayMillis: 100, maxExportBatchSize: 50, maxQueueSize: 4_096 };
let processor;
try {
  processor = new BatchLogRecordProcessor({ exporter, ...settings });
} catch {
  processor = new BatchLogRecordProcessor(exporter, settings);
}
const provider = new LoggerProvider({ processors: [processor] });
const logger = provider.getLogger('shop.cart');
for await (const batch of batches()) {
  for (const { message, fields } of batch) logger.emit({ severityNumber: SeverityNumber.INFO, severityText: 'INFO', body: message, attributes: fields });
}
await provider.forceFlush();
await provider.shutdown();
