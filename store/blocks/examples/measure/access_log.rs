//! Access logs as an ingress of a Kubernetes cluster writes them.

/// A sequence that is the same everywhere (SplitMix64).
struct Dice(u64);

impl Dice {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.bits() % bound
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len() as u64) as usize]
    }
}

const SERVICES: [&str; 12] = [
    "frontend", "cart", "catalog", "checkout", "search", "users", "orders", "payments", "media", "reviews",
    "shipping", "sessions",
];
const AGENTS: [&str; 8] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
    "kube-probe/1.31",
    "Go-http-client/2.0",
    "okhttp/4.12.0",
];
const PATHS: [&str; 8] = [
    "/api/v1/products/$",
    "/api/v1/carts/$/items",
    "/api/v1/orders/$",
    "/healthz",
    "/api/v1/users/$/addresses/$",
    "/static/js/main.8f3a1c.js",
    "/api/v1/search?q=$&page=1",
    "/api/v2/media/$/thumb.webp",
];

/// So many lines of JSON.
pub(crate) fn lines(count: u64) -> Vec<u8> {
    let mut dice = Dice(7);
    let mut text = String::new();
    for number in 0..count {
        let service = dice.below(SERVICES.len() as u64) as usize;
        let name = SERVICES[service];
        let pod = dice.below(25);
        let hash = 0x10_0000_0000u64.wrapping_mul(service as u64 + 3) % 0xff_ffff_fffb;
        let suffix = (pod * 7919 + service as u64 * 104_729) % 1_048_573;
        let mut path = String::new();
        for part in dice.pick(&PATHS).split_inclusive('$') {
            path.push_str(part.trim_end_matches('$'));
            if part.ends_with('$') {
                path.push_str(&dice.below(2_000_000).to_string());
            }
        }
        let method = dice.pick(&["GET", "GET", "GET", "GET", "POST", "PUT", "DELETE"]);
        let status =
            dice.pick(&["200", "200", "200", "200", "200", "200", "201", "304", "404", "500", "503"]);
        let (bytes, micros) = (dice.below(40_000), 300 + dice.below(dice.0 % 300_000 + 1));
        let address = format!("10.{}.{}.{}", dice.below(4), dice.below(256), dice.below(256));
        let agent = dice.pick(&AGENTS);
        let level = match status {
            "500" | "503" => "error",
            "404" => "warn",
            _ => "info",
        };
        let nanos = number * 120_000 + dice.below(100_000);
        let time = format!(
            "2025-12-01T{:02}:{:02}:{:02}.{:09}Z",
            nanos / 3_600_000_000_000,
            nanos / 60_000_000_000 % 60,
            nanos / 1_000_000_000 % 60,
            nanos % 1_000_000_000
        );
        let trace = if dice.below(10) < 3 {
            format!("\"traceId\":\"{:016x}{:016x}\",", dice.bits(), dice.bits())
        } else {
            String::new()
        };
        text.push_str(&format!(
            "{{\"timestamp\":\"{time}\",\"level\":\"{level}\",\"message\":\"{address} - - \\\"{method} {path} HTTP/1.1\\\" {status} {bytes} \\\"-\\\" \\\"{agent}\\\" {}.{:03}\",\"resourceId\":\"{name}\",{trace}\"metadata\":{{\"kubernetes\":{{\"namespace\":\"shop\",\"pod\":\"{name}-{hash:010x}-{suffix:05x}\",\"container\":\"{name}\",\"node\":\"node-{:02}\",\"labels\":{{\"app\":\"{name}\",\"tier\":\"backend\"}}}},\"http\":{{\"method\":\"{method}\",\"path\":\"{path}\",\"status\":{status},\"bytes\":{bytes},\"duration_us\":{micros},\"client\":\"{address}\",\"user_agent\":\"{agent}\"}}}}}}\n",
            micros / 1_000_000, micros / 1_000 % 1_000, (pod + service as u64) % 20,
        ));
    }
    text.into_bytes()
}
