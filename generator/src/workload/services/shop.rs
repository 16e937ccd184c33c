//! The services of the shop.

use logpipeline_model::Level::{Debug, Info, Trace, Warn};

use super::{Runtime, Service};

pub(super) const WEB_GATEWAY: Service = Service {
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
};

pub(super) const AUTH: Service = Service {
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
};

pub(super) const USERS: Service = Service {
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
        (Warn, 1, "HikariPool-1 - Thread starvation or clock leap detected (housekeeper delta=$small s)", ""),
    ],
};

pub(super) const CATALOG: Service = Service {
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
};

pub(super) const SEARCH: Service = Service {
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
};

pub(super) const CART: Service = Service {
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
};

pub(super) const CHECKOUT: Service = Service {
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
        (Warn, 1, "Order $order: address of $person in $city could not be normalised", r#"orderId=$order"#),
        (Debug, 2, "Saga step reserve-stock of order $order completed", r#"saga={"order":$order,"step":2}"#),
    ],
    idle: &[(
        Info,
        2,
        "GC pause (G1 Evacuation Pause) $percentM->$smallM in $ms ms",
        r#"gc={"collector":"G1","pauseMs":$ms}"#,
    )],
};

pub(super) const PAYMENTS: Service = Service {
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
};

pub(super) const FRAUD: Service = Service {
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
};

pub(super) const INVENTORY: Service = Service {
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
};

pub(super) const PRICING: Service = Service {
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
};

pub(super) const SHIPPING: Service = Service {
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
};

pub(super) const NOTIFICATIONS: Service = Service {
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
};

pub(super) const RECOMMENDATIONS: Service = Service {
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
};
