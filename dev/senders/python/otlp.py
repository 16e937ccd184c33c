"""OpenTelemetry's SDK, over HTTP or gRPC."""

import logging

import common
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource

if common.VARIANT == "grpc":
    from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter

    exporter = OTLPLogExporter(endpoint=f"http://{common.HOST}:{common.PORT}", insecure=True)
else:
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter

    exporter = OTLPLogExporter(endpoint=f"http://{common.HOST}:{common.PORT}/v1/logs")

provider = LoggerProvider(resource=Resource.create({"service.name": "shop"}))
provider.add_log_record_processor(BatchLogRecordProcessor(exporter, schedule_delay_millis=100, max_export_batch_size=common.BATCH))
common.log_all(LoggingHandler(logging.INFO, provider), lambda entry: entry["fields"], key="message")
provider.force_flush(60_000)
provider.shutdown()
