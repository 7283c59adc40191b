//! The open connections: which of them are idle, and which must end.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use accounts::network;
use futures_util::task::AtomicWaker;
use tokio::sync::OwnedSemaphorePermit;

use crate::http::stack::Activity;

#[derive(Default)]
pub(super) struct Registry {
    open: Mutex<Open>,
    /// Whether the service ends.
    ending: AtomicBool,
}

#[derive(Default)]
struct Open {
    networks: HashMap<IpAddr, Network>,
    next_id: u64,
    longest_idle: Candidates,
}

/// The connections of one IPv4 address or IPv6 /64.
#[derive(Default)]
struct Network {
    connections: HashMap<u64, Arc<State>>,
    /// How many of them were told to close and have not ended yet.
    closing: usize,
    longest_idle: Candidates,
}

/// Idle connections, the longest idle one last. Searching all connections for each new one would let a flood of new ones take
/// all the time.
#[derive(Default)]
struct Candidates(Vec<(u64, Arc<State>)>);

/// What the server knows of an open connection.
#[derive(Debug)]
pub(super) struct State {
    network: IpAddr,
    pub(super) activity: Arc<Activity>,
    /// Whether it must make room for another one.
    closing: AtomicBool,
    /// Whether a response waits for its client to read.
    pub(super) is_writing: AtomicBool,
    /// The task of the connection.
    waker: AtomicWaker,
}

impl State {
    pub(super) fn is_idle(&self) -> bool {
        !self.activity.has_requests() && !self.is_writing.load(Ordering::Relaxed)
    }

    /// Before this the task must have registered itself with [`wait`](Self::wait), or it could miss the call to close.
    pub(super) fn must_close(&self) -> bool {
        self.closing.load(Ordering::Acquire) && self.is_idle()
    }

    pub(super) fn wait(&self, context: &std::task::Context<'_>) {
        self.waker.register(context.waker());
    }

    fn close(&self) {
        self.closing.store(true, Ordering::Release);
        self.waker.wake();
    }

    fn can_make_room(&self) -> bool {
        self.is_idle() && !self.closing.load(Ordering::Relaxed)
    }
}

impl Candidates {
    const FOUND_AT_ONCE: usize = 64;

    /// The connection that was idle for longest, if any is idle; `all` are searched if no earlier search has found it.
    fn next<'a>(&mut self, all: impl Iterator<Item = &'a Arc<State>>) -> Option<Arc<State>> {
        self.still_idle().or_else(|| {
            let idle = all.filter(|state| state.can_make_room());
            self.0 = idle.map(|state| (state.activity.last_used(), Arc::clone(state))).collect();
            self.0.sort_unstable_by_key(|(last_used, _)| *last_used);
            self.0.truncate(Self::FOUND_AT_ONCE);
            self.0.reverse();
            self.still_idle()
        })
    }

    fn still_idle(&mut self) -> Option<Arc<State>> {
        while let Some((last_used, state)) = self.0.pop() {
            if state.can_make_room() && state.activity.last_used() == last_used {
                return Some(state);
            }
        }
        None
    }
}

impl Registry {
    pub(super) fn insert(
        self: &Arc<Self>,
        client: IpAddr,
        now: Instant,
        permit: OwnedSemaphorePermit,
    ) -> Entry {
        let network = network(client);
        let state = Arc::new(State {
            network,
            activity: Arc::new(Activity::starting_at(now)),
            closing: AtomicBool::new(false),
            is_writing: AtomicBool::new(false),
            waker: AtomicWaker::new(),
        });
        let mut open = self.open();
        open.next_id += 1;
        let id = open.next_id;
        open.networks.entry(network).or_default().connections.insert(id, Arc::clone(&state));
        drop(open);
        Entry { registry: Arc::clone(self), id, state, _permit: permit }
    }

    /// Whether the network of a client may have another connection; closes its longest idle one if it has its share.
    pub(super) fn make_room(&self, client: IpAddr, share: usize) -> bool {
        let mut open = self.open();
        let Some(Network { connections, closing, longest_idle }) = open.networks.get_mut(&network(client))
        else {
            return true;
        };
        if connections.len() - *closing < share {
            return true;
        }
        let Some(state) = longest_idle.next(connections.values()) else { return false };
        *closing += 1;
        state.close();
        true
    }

    /// Closes the connection that was idle for longest, if any is idle.
    pub(super) fn close_longest_idle(&self) {
        let mut open = self.open();
        let Open { networks, longest_idle, .. } = &mut *open;
        let all = networks.values().flat_map(|network| network.connections.values());
        let Some(state) = longest_idle.next(all) else { return };
        if let Some(network) = networks.get_mut(&state.network) {
            network.closing += 1;
        }
        state.close();
    }

    /// From now on idle connections end.
    pub(super) fn end(&self) {
        self.ending.store(true, Ordering::Release);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open().networks.is_empty()
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An open connection in the registry, until it is dropped.
pub(super) struct Entry {
    registry: Arc<Registry>,
    id: u64,
    state: Arc<State>,
    _permit: OwnedSemaphorePermit,
}

impl Entry {
    pub(super) fn state(&self) -> &Arc<State> {
        &self.state
    }

    /// Whether the service ends.
    pub(super) fn is_ending(&self) -> bool {
        self.registry.ending.load(Ordering::Acquire)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut open = self.registry.open();
        if let Some(network) = open.networks.get_mut(&self.state.network) {
            network.connections.remove(&self.id);
            network.closing -= usize::from(self.state.closing.load(Ordering::Acquire));
            if network.connections.is_empty() {
                open.networks.remove(&self.state.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::Semaphore;

    use super::*;

    fn open(registry: &Arc<Registry>, client: &str, age: u64) -> Entry {
        let permit = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        let now = Instant::now() + Duration::from_secs(3_600 - age);
        registry.insert(client.parse().unwrap(), now, permit)
    }

    fn is_closed(entry: &Entry) -> bool {
        entry.state().must_close()
    }

    #[test]
    fn connections_of_an_address_make_room_for_its_own() {
        let registry = Arc::<Registry>::default();
        let (young, old) = (open(&registry, "192.0.2.1", 1), open(&registry, "192.0.2.1", 2));
        let other = open(&registry, "192.0.2.2", 3);
        assert!(registry.make_room("192.0.2.1".parse().unwrap(), 3) && !is_closed(&old));
        assert!(registry.make_room("192.0.2.1".parse().unwrap(), 2));
        assert_eq!([&young, &old, &other].map(is_closed), [false, true, false]);
        assert!(
            registry.make_room("192.0.2.1".parse().unwrap(), 2) && !is_closed(&young),
            "one ends already"
        );
    }

    #[test]
    fn address_whose_connections_are_all_in_use_gets_no_more() {
        let registry = Arc::<Registry>::default();
        let used = open(&registry, "2001:db8::1", 1);
        let request = used.state().activity.begin_for_test();
        // The same /64, which is one household.
        assert!(!registry.make_room("2001:db8::2".parse().unwrap(), 1));
        assert!(registry.make_room("2001:db8:0:1::1".parse().unwrap(), 1));
        drop(request);
        assert!(registry.make_room("2001:db8::2".parse().unwrap(), 1) && is_closed(&used));
    }

    #[test]
    fn longest_idle_connection_makes_room_and_none_in_use() {
        let registry = Arc::<Registry>::default();
        let entries: Vec<_> = (1..=4).map(|n| open(&registry, &format!("192.0.2.{n}"), n)).collect();
        let request = entries[3].state().activity.begin_for_test();
        entries[2].state().is_writing.store(true, Ordering::Relaxed);
        registry.close_longest_idle();
        assert_eq!(entries.iter().map(is_closed).collect::<Vec<_>>(), [false, true, false, false]);
        registry.close_longest_idle();
        registry.close_longest_idle();
        assert_eq!(entries.iter().map(is_closed).collect::<Vec<_>>(), [true, true, false, false]);
        drop(request);
        drop(entries);
        assert!(registry.open().networks.is_empty());
    }
}
