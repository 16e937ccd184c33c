import java.util.List;
import java.util.Map;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Whatever logback.xml makes of the variant, or the agent of OpenTelemetry beside it. */
class Logback implements Senders.Client {
    private final Logger logger = LoggerFactory.getLogger("shop.Cart");

    public void send(List<Map<String, Object>> batch) {
        for (Map<String, Object> entry : batch) {
            Object order = ((Map<String, Object>) entry.get("fields")).get("order");
            logger.atInfo().addKeyValue("order", order).log((String) entry.get("text"));
        }
    }

    public void end() throws InterruptedException {
        // Nothing says when everything is sent: it is ended from outside.
        Thread.sleep(Long.MAX_VALUE);
    }
}
