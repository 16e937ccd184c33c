import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.logs.Severity;
import io.opentelemetry.exporter.otlp.http.logs.OtlpHttpLogRecordExporter;
import io.opentelemetry.exporter.otlp.logs.OtlpGrpcLogRecordExporter;
import io.opentelemetry.sdk.logs.SdkLoggerProvider;
import io.opentelemetry.sdk.logs.export.BatchLogRecordProcessor;
import io.opentelemetry.sdk.logs.export.LogRecordExporter;
import io.opentelemetry.sdk.resources.Resource;

class Otlp implements Senders.Client {
    private final SdkLoggerProvider provider;

    Otlp(String host, String port, String variant) {
        String address = "http://" + host + ":" + port;
        LogRecordExporter exporter = variant.equals("grpc")
            ? OtlpGrpcLogRecordExporter.builder().setEndpoint(address).build()
            : OtlpHttpLogRecordExporter.builder().setEndpoint(address + "/v1/logs").build();
        provider = SdkLoggerProvider.builder()
            .setResource(Resource.builder().put("service.name", "shop").build())
            .addLogRecordProcessor(BatchLogRecordProcessor.builder(exporter).setMaxExportBatchSize(Senders.BATCH).setScheduleDelay(100, TimeUnit.MILLISECONDS).build())
            .build();
    }

    public void send(List<Map<String, Object>> batch) {
        for (Map<String, Object> entry : batch) {
            Number order = (Number) ((Map<String, Object>) entry.get("fields")).get("order");
            provider.get("shop.cart").logRecordBuilder()
                .setSeverity(Severity.INFO)
                .setBody((String) entry.get("text"))
                .setAttribute(AttributeKey.longKey("order"), order == null ? 0 : order.longValue())
                .emit();
        }
    }

    public void end() {
        provider.shutdown().join(60, TimeUnit.SECONDS);
    }
}
