//! What the shop runs on.

use logpipeline_model::Level::{Debug, Error, Info, Warn};

use super::{Runtime, Service};

pub(super) const ORDERS_DB: Service = Service {
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
};

pub(super) const USERS_DB: Service = Service {
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
    idle: &[(Info, 3, "checkpoint starting: time", ""), (Warn, 1, "replica lag is $ms ms", r#"lagMs=$ms"#)],
};

pub(super) const CACHE: Service = Service {
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
};

pub(super) const BROKER: Service = Service {
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
};

pub(super) const REPORTS: Service = Service {
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
        (Warn, 1, "job stock-forecast skipped: previous run still going", r#"job={"name":"stock-forecast"}"#),
        (
            Error,
            1,
            "job tax-export failed: no such file: /exports/$uuid.csv",
            r#"job={"name":"tax-export"};path="/exports/$uuid.csv""#,
        ),
    ],
};

pub(super) const NODES: Service = Service {
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
};
