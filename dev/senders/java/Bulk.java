import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import co.elastic.clients.elasticsearch.ElasticsearchClient;
import co.elastic.clients.elasticsearch._helpers.bulk.BulkIngester;

/** By its helper, as an application that writes logs does. */
class Bulk implements Senders.Client {
    private final ElasticsearchClient client;
    private final BulkIngester<Void> ingester;

    Bulk(String host, String port) {
        client = ElasticsearchClient.of(builder -> builder.host("http://" + host + ":" + port));
        ingester = BulkIngester.of(builder -> builder.client(client).maxOperations(Senders.BATCH));
    }

    public void send(List<Map<String, Object>> batch) {
        for (Map<String, Object> entry : batch) {
            Map<String, Object> document = new HashMap<>((Map<String, Object>) entry.get("fields"));
            document.put("@timestamp", Instant.now().toString());
            document.put("message", entry.get("message"));
            document.put("log.level", "info");
            document.put("service.name", "shop");
            ingester.add(operation -> operation.create(create -> create.index("logs-shop-default").document(document)));
        }
    }

    public void end() throws Exception {
        ingester.close();
        client.close();
    }
}
