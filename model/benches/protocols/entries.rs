//! What the entries say, whatever protocol brings them.

/// Entries of one request.
pub(crate) const ENTRIES: u64 = 1_000;

pub(crate) const SERVICE: &str = "checkout";
pub(crate) const COMMIT: &str = "5e5342f";
pub(crate) const REGION: &str = "eu-west-1";
pub(crate) const LOGGER: &str = "shop.cart";

/// What differs from entry to entry.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) level: &'static str,
    /// The level as OpenTelemetry numbers it.
    pub(crate) severity: u64,
    pub(crate) message: String,
    /// Milliseconds since the Unix epoch.
    pub(crate) millis: u64,
    pub(crate) trace: u128,
    pub(crate) span: u64,
    pub(crate) parent: String,
    pub(crate) status: u64,
}

pub(crate) fn all() -> impl Iterator<Item = Entry> {
    (0..ENTRIES).map(entry)
}

fn entry(n: u64) -> Entry {
    let (level, severity) =
        [("info", 9), ("info", 9), ("warn", 13), ("error", 17), ("debug", 5)][(n % 5) as usize];
    let random = (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Entry {
        level,
        severity,
        message: message(n),
        millis: 1_694_764_800_000 + n * 1_007,
        trace: u128::from(random) << 64 | u128::from(random.rotate_left(17)),
        span: random,
        parent: format!("server-{:04}", n % 9_999),
        status: 200 + n % 400,
    }
}

pub(crate) fn message(n: u64) -> String {
    format!("Failed to connect to DB at 10.0.{}.{}:5432 after {} ms", n % 256, n % 7, n % 5_000)
}

impl Entry {
    pub(crate) fn time(&self) -> String {
        logpipeline_model::Timestamp::from_unix_nanos(i128::from(self.nanos())).to_string()
    }

    pub(crate) fn nanos(&self) -> u64 {
        self.millis * 1_000_000
    }

    pub(crate) fn trace(&self) -> String {
        format!("{:032x}", self.trace)
    }

    pub(crate) fn span(&self) -> String {
        format!("{:016x}", self.span)
    }
}
