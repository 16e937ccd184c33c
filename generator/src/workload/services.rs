//! The simulated system: its services, and how each of them logs.

use logpipeline_model::Level;
use logpipeline_model::Level::{Debug, Error, Info, Trace, Warn};

/// What a service is written in; it decides its stack traces and how it spells levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Runtime {
    Go,
    Java,
    Python,
    Rust,
    /// Databases, brokers and the operating system: no stack traces.
    Native,
}

/// A template of a line: level, weight, message, metadata.
pub(crate) type Line = (Level, u64, &'static str, &'static str);

#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) name: &'static str,
    pub(crate) runtime: Runtime,
    pub(crate) replicas: u64,
    /// Typical time of its own work in a request, in microseconds.
    pub(crate) own_micros: u64,
    /// How often, of a thousand spans, it writes lines of debug or trace level.
    pub(crate) verbose: u64,
    /// How often, of a thousand spans, it fails on a good day.
    pub(crate) failing: u64,
    /// Lines written while it serves a request.
    pub(crate) work: &'static [Line],
    /// Lines written by itself.
    pub(crate) idle: &'static [Line],
}

pub(crate) const GATEWAY: usize = 0;
pub(crate) const AUTH: usize = 1;
pub(crate) const USERS: usize = 2;
pub(crate) const CATALOG: usize = 3;
pub(crate) const SEARCH: usize = 4;
pub(crate) const CART: usize = 5;
pub(crate) const CHECKOUT: usize = 6;
pub(crate) const PAYMENTS: usize = 7;
pub(crate) const FRAUD: usize = 8;
pub(crate) const INVENTORY: usize = 9;
pub(crate) const PRICING: usize = 10;
pub(crate) const SHIPPING: usize = 11;
pub(crate) const NOTIFICATIONS: usize = 12;
pub(crate) const RECOMMENDATIONS: usize = 13;
pub(crate) const ORDERS_DB: usize = 14;
pub(crate) const USERS_DB: usize = 15;
pub(crate) const CACHE: usize = 16;
pub(crate) const BROKER: usize = 17;

pub(crate) const SERVICES: [Service; 20] = [
    Service {
        name: "web-gateway",
        runtime: Runtime::Go,
        replicas: 4,
        own_micros: 900,
        verbose: 20,
        failing: 2,
        work: &[(Debug, 1, "route $path matched upstream pool", r#"upstreams=["$peer:8080","$peer:8081"]"#)],
        idle: &[
            (
                Warn,
                2,
                "client $ip exceeded its rate limit: $medium requests in 60s",
                r#"clientIp="$ip";limit=600"#,
            ),
            (Info, 2, "TLS handshake failed from $ip:$port: remote error: unknown certificate authority", ""),
            (Info, 1, "blocked crawler from $ip", r#"agent="$agent";blocked=true"#),
            (Debug, 3, "health check of pool passed in $ms ms", r#"healthy=$bool"#),
            (Warn, 1, "certificate for shop.example expires in $small days", r#"daysLeft=$small"#),
        ],
    },
    Service {
        name: "auth",
        runtime: Runtime::Go,
        replicas: 3,
        own_micros: 2_400,
        verbose: 60,
        failing: 4,
        work: &[
            (Info, 6, "token verified for user $user", r#"auth={"method":"jwt","mfa":$bool};userId=$user"#),
            (Info, 1, "user $user logged in from $city", r#"clientIp="$ip";userId=$user"#),
            (
                Warn,
                1,
                "login failed for $person: wrong password, attempt $small",
                r#"clientIp="$ip";userId=$user"#,
            ),
            (Debug, 3, "session $session refreshed, ttl 1800s", r#"ttlSeconds=1800"#),
        ],
        idle: &[
            (Info, 2, "rotated signing key $uuid", ""),
            (Debug, 2, "expired $medium sessions", r#"expired=$medium"#),
        ],
    },
    Service {
        name: "users",
        runtime: Runtime::Java,
        replicas: 3,
        own_micros: 5_000,
        verbose: 120,
        failing: 4,
        work: &[
            (Info, 4, "Loaded profile of user $user ($person)", r#"userId=$user"#),
            (
                Debug,
                3,
                "Hibernate: select * from $table where user_id=? [$user]",
                r#"db={"rows":$small,"table":"$table"}"#,
            ),
            (
                Info,
                1,
                "Profile of user $user updated: city=$city",
                r#"changed=["city","updatedAt"];userId=$user"#,
            ),
        ],
        idle: &[
            (
                Info,
                2,
                "GC pause (G1 Evacuation Pause) $percentM->$smallM in $ms ms",
                r#"gc={"collector":"G1","pauseMs":$ms}"#,
            ),
            (
                Warn,
                1,
                "HikariPool-1 - Thread starvation or clock leap detected (housekeeper delta=$small s)",
                "",
            ),
        ],
    },
    Service {
        name: "catalog",
        runtime: Runtime::Java,
        replicas: 4,
        own_micros: 7_000,
        verbose: 80,
        failing: 4,
        work: &[
            (Info, 5, "Served product $sku ($item)", r#"cache={"hit":$bool};sku="$sku""#),
            (Info, 3, "Listed $small products in category $word", r#"page=$small;results=$medium"#),
            (Debug, 3, "Cache lookup product:$sku took $exact ms", r#"cache={"hit":$bool,"tookMs":$exact}"#),
            (Warn, 1, "Product $sku has no image, using the placeholder", r#"sku="$sku""#),
        ],
        idle: &[(Info, 3, "Refreshed price index: $large products in $ms ms", r#"products=$large"#)],
    },
    Service {
        name: "search",
        runtime: Runtime::Rust,
        replicas: 3,
        own_micros: 12_000,
        verbose: 450,
        failing: 4,
        work: &[
            (
                Info,
                5,
                "query \"$word\" matched $medium documents in $exact ms",
                r#"hits=$medium;shards=[0,1,2,3];tookMs=$exact"#,
            ),
            (Trace, 4, "collector visited segment $hex: $large docs", r#"segment="$hex""#),
            (Debug, 3, "rewrote query \"$word\" to 3 terms", r#"terms=3"#),
            (Warn, 1, "slow query \"$word\": $exact ms", r#"slow=true;tookMs=$exact"#),
        ],
        idle: &[(Debug, 4, "merged 8 segments into $hex ($large bytes)", r#"bytes=$large"#)],
    },
    Service {
        name: "cart",
        runtime: Runtime::Go,
        replicas: 3,
        own_micros: 3_000,
        verbose: 90,
        failing: 4,
        work: &[
            (Info, 5, "added $small x $sku to cart of user $user", r#"items=$small;sku="$sku";userId=$user"#),
            (Info, 3, "cart $uuid has $small items", r#"cartId="$uuid";items=$small"#),
            (Debug, 2, "cart $uuid locked for update", ""),
        ],
        idle: &[(Info, 2, "purged $medium abandoned carts", r#"purged=$medium"#)],
    },
    Service {
        name: "checkout",
        runtime: Runtime::Java,
        replicas: 4,
        own_micros: 9_000,
        verbose: 70,
        failing: 6,
        work: &[
            (
                Info,
                5,
                "Order $order created for user $user: $small items, $amount $currency",
                r#"order={"currency":"$currency","id":$order,"total":$amount}"#,
            ),
            (Info, 2, "Order $order confirmed", r#"orderId=$order"#),
            (
                Warn,
                1,
                "Order $order: address of $person in $city could not be normalised",
                r#"orderId=$order"#,
            ),
            (
                Debug,
                2,
                "Saga step reserve-stock of order $order completed",
                r#"saga={"order":$order,"step":2}"#,
            ),
        ],
        idle: &[(
            Info,
            2,
            "GC pause (G1 Evacuation Pause) $percentM->$smallM in $ms ms",
            r#"gc={"collector":"G1","pauseMs":$ms}"#,
        )],
    },
    Service {
        name: "payments",
        runtime: Runtime::Java,
        replicas: 4,
        own_micros: 38_000,
        verbose: 10,
        failing: 10,
        work: &[
            (
                Info,
                6,
                "Payment $uuid of $amount $currency authorised for order $order",
                r#"amount=$amount;orderId=$order;paymentId="$uuid""#,
            ),
            (
                Warn,
                1,
                "Payment $uuid declined by issuer: insufficient funds",
                r#"declined=true;paymentId="$uuid""#,
            ),
            (Info, 2, "Captured $amount $currency, settlement batch $medium", r#"batch=$medium"#),
        ],
        idle: &[
            (
                Info,
                2,
                "Settlement batch $medium closed: $large transactions",
                r#"batch=$medium;transactions=$large"#,
            ),
            (Warn, 1, "Webhook delivery to acquirer delayed by $ms ms", r#"delayMs=$ms"#),
        ],
    },
    Service {
        name: "fraud",
        runtime: Runtime::Python,
        replicas: 2,
        own_micros: 21_000,
        verbose: 150,
        failing: 6,
        work: &[
            (Info, 5, "scored order $order: 0.$percent", r#"model="gbm-2026.08";score=0.$percent"#),
            (
                Warn,
                1,
                "order $order flagged for review: card and ip country differ",
                r#"orderId=$order;reasons=["country","velocity"]"#,
            ),
            (Debug, 3, "feature vector for user $user built in $ms ms", r#"features=$medium"#),
        ],
        idle: &[(Info, 1, "reloaded model gbm-2026.08 ($large bytes)", r#"bytes=$large"#)],
    },
    Service {
        name: "inventory",
        runtime: Runtime::Go,
        replicas: 3,
        own_micros: 4_000,
        verbose: 60,
        failing: 4,
        work: &[
            (Info, 5, "reserved $small of $sku for order $order", r#"quantity=$small;sku="$sku""#),
            (Warn, 1, "stock of $sku is low: $small left", r#"left=$small;sku="$sku""#),
        ],
        idle: &[(Info, 2, "reconciled warehouse $city: $medium differences", r#"differences=$medium"#)],
    },
    Service {
        name: "pricing",
        runtime: Runtime::Rust,
        replicas: 3,
        own_micros: 1_500,
        verbose: 200,
        failing: 2,
        work: &[
            (Info, 4, "priced $small lines at $amount $currency", r#"currency="$currency";total=$amount"#),
            (Debug, 4, "rule summer-$percent applied to $sku", r#"rule={"id":$percent,"kind":"discount"}"#),
            (Trace, 2, "evaluated $medium rules", r#"rules=$medium"#),
        ],
        idle: &[(Info, 1, "loaded $medium price rules, revision $commit", r#"rules=$medium"#)],
    },
    Service {
        name: "shipping",
        runtime: Runtime::Python,
        replicas: 2,
        own_micros: 30_000,
        verbose: 60,
        failing: 8,
        work: &[
            (Info, 5, "label $uuid booked to $city", r#"carrier="dhl";labelId="$uuid""#),
            (Info, 2, "shipment of order $order handed over to carrier", r#"orderId=$order"#),
            (Warn, 1, "carrier answered slowly: $ms ms", r#"carrier="ups";tookMs=$ms"#),
        ],
        idle: &[(Info, 2, "polled carrier events: $medium new", r#"events=$medium"#)],
    },
    Service {
        name: "notifications",
        runtime: Runtime::Python,
        replicas: 2,
        own_micros: 11_000,
        verbose: 50,
        failing: 8,
        work: &[
            (Info, 5, "mail order-confirmation sent to user $user", r#"channel="mail";userId=$user"#),
            (Info, 2, "push sent to $small devices of $person", r#"channel="push";devices=$small"#),
            (Warn, 1, "mailbox of user $user is full, will retry", r#"channel="mail";retry=true"#),
        ],
        idle: &[(Warn, 1, "bounce rate is $small percent", r#"bouncePercent=$small"#)],
    },
    Service {
        name: "recommendations",
        runtime: Runtime::Python,
        replicas: 3,
        own_micros: 16_000,
        verbose: 800,
        failing: 6,
        work: &[
            (Info, 1, "recommended $small items to user $user", r#"items=$small;userId=$user"#),
            (Debug, 6, "candidate $sku ranked at 0.$percent", r#"score=0.$percent;sku="$sku""#),
            (Trace, 3, "embedding lookup $hex", ""),
        ],
        idle: &[(Debug, 3, "embedding cache holds $large vectors", r#"vectors=$large"#)],
    },
    Service {
        name: "orders-db",
        runtime: Runtime::Native,
        replicas: 2,
        own_micros: 2_200,
        verbose: 30,
        failing: 2,
        work: &[
            (
                Info,
                3,
                "duration: $exact ms  execute <unnamed>: INSERT INTO $table VALUES ($1, $2, $3)",
                r#"db={"rows":$small,"table":"$table"};durationMs=$exact"#,
            ),
            (
                Warn,
                1,
                "process $port still waiting for ShareLock on transaction $large after $exact ms",
                r#"pid=$port"#,
            ),
            (Debug, 2, "plan for $table: index scan, cost $medium", ""),
        ],
        idle: &[
            (
                Info,
                3,
                "checkpoint complete: wrote $medium buffers ($percent%); sync=0.$percent s",
                r#"checkpoint={"buffers":$medium}"#,
            ),
            (
                Info,
                2,
                "automatic vacuum of table \"shop.public.$table\": index scans: $small",
                r#"table="$table""#,
            ),
            (Info, 1, "connection authorized: user=orders database=shop host=$peer", r#"host="$peer""#),
        ],
    },
    Service {
        name: "users-db",
        runtime: Runtime::Native,
        replicas: 2,
        own_micros: 1_800,
        verbose: 20,
        failing: 2,
        work: &[(
            Info,
            3,
            "duration: $exact ms  execute S_2: SELECT * FROM $table WHERE user_id = $1",
            r#"db={"rows":$small,"table":"$table"};durationMs=$exact"#,
        )],
        idle: &[
            (Info, 3, "checkpoint starting: time", ""),
            (Warn, 1, "replica lag is $ms ms", r#"lagMs=$ms"#),
        ],
    },
    Service {
        name: "cache",
        runtime: Runtime::Native,
        replicas: 3,
        own_micros: 300,
        verbose: 40,
        failing: 2,
        work: &[(Debug, 3, "GET session:$session", r#"hit=$bool"#)],
        idle: &[
            (Info, 3, "$medium changes in 60 seconds. Saving...", ""),
            (Info, 2, "DB saved on disk", r#"bytes=$large"#),
            (Warn, 1, "evicted $medium keys: maxmemory reached", r#"evicted=$medium"#),
        ],
    },
    Service {
        name: "broker",
        runtime: Runtime::Java,
        replicas: 3,
        own_micros: 1_200,
        verbose: 40,
        failing: 2,
        work: &[(
            Info,
            2,
            "[Partition $topic-$small broker=2] appended at offset $large",
            r#"offset=$large;topic="$topic""#,
        )],
        idle: &[
            (
                Info,
                3,
                "[GroupCoordinator 2]: Preparing to rebalance group shop-$topic in state Stable",
                r#"topic="$topic""#,
            ),
            (Warn, 1, "[ReplicaFetcher] Partition $topic-$small lags by $medium messages", r#"lag=$medium"#),
        ],
    },
    Service {
        name: "reports",
        runtime: Runtime::Python,
        replicas: 1,
        own_micros: 90_000,
        verbose: 0,
        failing: 0,
        work: &[],
        idle: &[
            (
                Info,
                3,
                "job daily-revenue finished: $large rows in $ms ms",
                r#"job={"name":"daily-revenue","rows":$large};durationMs=$ms"#,
            ),
            (
                Warn,
                1,
                "job stock-forecast skipped: previous run still going",
                r#"job={"name":"stock-forecast"}"#,
            ),
            (
                Error,
                1,
                "job tax-export failed: no such file: /exports/$uuid.csv",
                r#"job={"name":"tax-export"};path="/exports/$uuid.csv""#,
            ),
        ],
    },
    Service {
        name: "nodes",
        runtime: Runtime::Native,
        replicas: 6,
        own_micros: 0,
        verbose: 0,
        failing: 0,
        work: &[],
        idle: &[
            (
                Info,
                3,
                "sshd[$port]: Accepted publickey for deploy from $peer port $port ssh2",
                r#"unit="ssh.service""#,
            ),
            (
                Warn,
                1,
                "sshd[$port]: Failed password for invalid user admin from $ip port $port ssh2",
                r#"clientIp="$ip";unit="ssh.service""#,
            ),
            (
                Info,
                2,
                "systemd[1]: Finished logrotate.service - Rotate log files.",
                r#"unit="logrotate.service""#,
            ),
            (
                Warn,
                1,
                "kernel: TCP: request_sock_TCP: Possible SYN flooding on port 8080. Sending cookies.",
                r#"facility="kern""#,
            ),
            (
                Error,
                1,
                "kernel: EXT4-fs warning (device sdb1): ext4_dx_add_entry: Directory index full!",
                r#"device="sdb1";facility="kern""#,
            ),
        ],
    },
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn positions_name_their_services_and_names_are_unique() {
        for (position, name) in [
            (GATEWAY, "web-gateway"),
            (AUTH, "auth"),
            (USERS, "users"),
            (CATALOG, "catalog"),
            (SEARCH, "search"),
            (CART, "cart"),
            (CHECKOUT, "checkout"),
            (PAYMENTS, "payments"),
            (FRAUD, "fraud"),
            (INVENTORY, "inventory"),
            (PRICING, "pricing"),
            (SHIPPING, "shipping"),
            (NOTIFICATIONS, "notifications"),
            (RECOMMENDATIONS, "recommendations"),
            (ORDERS_DB, "orders-db"),
            (USERS_DB, "users-db"),
            (CACHE, "cache"),
            (BROKER, "broker"),
        ] {
            assert_eq!(SERVICES[position].name, name);
        }
        let names: HashSet<&str> = SERVICES.iter().map(|service| service.name).collect();
        assert_eq!(names.len(), SERVICES.len());
    }
}
