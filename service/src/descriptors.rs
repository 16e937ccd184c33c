//! How many files and connections this process may have open.

use std::sync::OnceLock;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors kept for files, as far as that leaves half of them for connections.
const FILES: usize = 512;

/// The limit of open files, raised to what the system lets this process have (`RLIMIT_NOFILE`). The first
/// call raises it.
pub fn limit() -> usize {
    static LIMIT: OnceLock<usize> = OnceLock::new();
    *LIMIT.get_or_init(|| {
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
        if let Err(error) = raised {
            tracing::debug!(%error, "failed to raise the limit of open files");
        }
        let limit = if raised.is_ok() { maximum } else { current };
        limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
    })
}

/// How many of `wanted` connections can be served so that files can still be opened, at a limit of
/// open files.
pub fn connections(wanted: usize, limit: usize) -> usize {
    let files = (limit / 4).max(FILES).min(limit / 2);
    wanted.min(limit - files).max(1)
}

/// How many of `wanted` connections each of several servers can serve at once.
pub fn shares(wanted: usize, servers: usize, limit: usize) -> usize {
    (connections(wanted.saturating_mul(servers), limit) / servers.max(1)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_descriptors_for_files() {
        assert_eq!(connections(10_000, usize::MAX), 10_000);
        assert_eq!(connections(10_000, 20_000), 10_000);
        assert_eq!(connections(10_000, 4_096), 3_072);
        assert_eq!(connections(10_000, 1_024), 512);
        assert_eq!(connections(10_000, 256), 128);
        assert_eq!(connections(100, 1_024), 100);
        assert_eq!(connections(100, 1), 1);
    }

    #[test]
    fn servers_share_what_is_left_for_connections() {
        assert_eq!(shares(10_000, 2, usize::MAX), 10_000);
        assert_eq!(shares(10_000, 2, 4_096), 1_536);
        assert_eq!(shares(10_000, 1, 4_096), 3_072);
        assert_eq!(shares(100, 2, 1), 1);
    }
}
