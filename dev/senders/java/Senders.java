import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import com.fasterxml.jackson.databind.ObjectMapper;

/** `Senders CLIENT ENTRIES HOST PORT PAUSE_MS [VARIANT]`: sends each entry by the client's own means, a pause after every batch. */
public class Senders {
    static final int BATCH = 50;

    interface Client {
        void send(List<Map<String, Object>> batch) throws Exception;

        void end() throws Exception;
    }

    public static void main(String[] args) throws Exception {
        String variant = args.length > 5 ? args[5] : "";
        // For logback's configuration.
        System.setProperty("HOST", args[2]);
        System.setProperty("PORT", args[3]);
        System.setProperty("APPENDER", variant.isEmpty() ? "NONE" : variant.toUpperCase());
        Client client = switch (args[0]) {
            case "bulk" -> new Bulk(args[2], args[3]);
            case "otlp" -> new Otlp(args[2], args[3], variant);
            case "logback" -> new Logback();
            default -> throw new IllegalArgumentException(args[0] + " is no client of this program");
        };
        long pause = Long.parseLong(args[4]);
        List<Map<String, Object>> batch = new ArrayList<>();
        ObjectMapper json = new ObjectMapper();
        for (String line : Files.readAllLines(Path.of(args[1]))) {
            batch.add(json.readValue(line, Map.class));
            if (batch.size() < BATCH) continue;
            client.send(batch);
            batch = new ArrayList<>();
            Thread.sleep(pause);
        }
        client.send(batch);
        // Read by who drives this.
        Files.createFile(Path.of("logged"));
        client.end();
        System.exit(0);
    }
}
