//! File descriptors: how many the settings need, and raising the process' limit to what the system allows.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::warn;

/// Descriptors that are neither a connection nor a shard's: the runtime, the log, files that are read, and a reserve so
/// that metrics and health answer when all connections are taken.
const OTHERS: u32 = 128;

/// Each shard has a socket, an epoll instance and an eventfd.
const PER_SHARD: u32 = 3;

/// Raises the soft limit as far as it goes, and says how many connections fit below it.
pub(crate) fn connections_that_fit(wanted: u32, admin_connections: u32, shards: u16) -> u32 {
    let fixed = OTHERS + PER_SHARD * u32::from(shards) + admin_connections;
    let needed = u64::from(wanted) + u64::from(fixed);
    let available = raise();
    let fit = connections(wanted, fixed, available);
    if fit < wanted {
        warn!(
            available,
            needed,
            connections = fit,
            "the limit of open files is below what sockets_max needs: raise it (LimitNOFILE, ulimit -n) or lower sockets_max"
        );
    }
    fit
}

fn connections(wanted: u32, fixed: u32, available: u64) -> u32 {
    let left = available.saturating_sub(fixed.into());
    // Serving a few badly is better than serving nobody.
    wanted.min(u32::try_from(left).unwrap_or(u32::MAX)).max(16)
}

/// The soft limit after raising it to the hard one.
fn raise() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: maximum, maximum };
    let soft = if setrlimit(Resource::Nofile, raised).is_ok() { maximum } else { current };
    // None is no limit.
    soft.unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_take_what_the_rest_leaves() {
        assert_eq!(connections(10_000, 200, 20_000), 10_000);
        assert_eq!(connections(10_000, 200, 1024), 824);
        assert_eq!(connections(10_000, 200, 100), 16);
        assert_eq!(connections(10_000, 200, u64::MAX), 10_000);
    }

    #[test]
    fn the_soft_limit_becomes_the_hard_one() {
        let hard = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
        assert_eq!(raise(), hard);
        assert_eq!(getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX), hard);
    }
}
