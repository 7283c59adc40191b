//! File descriptors: each connection needs one, and so do the database, the log and the listener.

use rustix::process::{Resource, getrlimit, setrlimit};

/// For everything besides connections. Of a small limit, half.
const RESERVED: usize = 64;

/// Below this, a service for more than a few clients is not possible.
const FEW: usize = 1_024;

/// How many connections this process can open, at most `wanted`. First raises the soft limit, which is often 1,024. Warns of a
/// limit that leaves few.
pub(super) fn max_open(wanted: usize) -> usize {
    let mut limit = getrlimit(Resource::Nofile);
    let enough = (wanted + RESERVED) as u64;
    if limit.current.is_some_and(|current| current < enough) {
        limit.current = Some(limit.maximum.map_or(enough, |maximum| maximum.min(enough)));
        // Some sandboxes refuse this; then the lower limit applies.
        let _ = setrlimit(Resource::Nofile, limit);
    }
    let descriptors = getrlimit(Resource::Nofile).current.and_then(|current| usize::try_from(current).ok());
    let Some(descriptors) = descriptors else { return wanted };
    let connections = connections_of(descriptors, wanted);
    if descriptors < FEW {
        tracing::warn!(
            "This process may open only {descriptors} files (ulimit -n), which leaves {connections} connections; raise \
             the limit to {enough} (LimitNOFILE of systemd, --ulimit nofile of Docker)"
        );
    }
    connections
}

fn connections_of(descriptors: usize, wanted: usize) -> usize {
    let reserved = RESERVED.min(descriptors / 2);
    wanted.min(descriptors - reserved).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_limit_leaves_half_for_connections() {
        for (descriptors, connections) in
            [(0, 1), (1, 1), (64, 32), (128, 64), (1_024, 960), (1_048_576, 16_384)]
        {
            assert_eq!(connections_of(descriptors, 16_384), connections, "{descriptors}");
        }
    }
}
