//! How long one connection has its thread before the others get their turn.

use std::{
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll, ready},
};

use tokio::sync::{mpsc, oneshot};

/// Connections that get their next turn together: enough for the threads to have work.
const TOGETHER: usize = 4;

/// The queue of the connections that wait for their next turn. A few at a time get it, first come, first served.
///
/// Without the queue, a new request would wait until all of them had their turn: 25 ms (median) beside clients that open 2,000
/// connections a second and leave 50,000 small frames on each.
#[derive(Clone, Default)]
pub struct TurnQueue(Arc<OnceLock<mpsc::UnboundedSender<Waiting>>>);

/// Tells one connection that its next turn begins.
type Waiting = oneshot::Sender<()>;

impl TurnQueue {
    /// The first turn of a connection. Each of its turns ends after so many bytes.
    pub fn turn_of_bytes(&self, max_bytes: usize) -> Turn {
        Turn { queue: self.clone(), max_bytes, bytes: 0, next: None }
    }

    async fn next_turn(self) {
        let (waiting, begins) = oneshot::channel();
        // Neither fails: the task that answers ends only when all senders are gone.
        let _ = self.0.get_or_init(start).send(waiting);
        let _ = begins.await;
    }
}

/// Starts the task that answers the queue.
fn start() -> mpsc::UnboundedSender<Waiting> {
    let (sender, mut queue) = mpsc::unbounded_channel::<Waiting>();
    tokio::spawn(async move {
        let mut first = Vec::with_capacity(TOGETHER);
        while queue.recv_many(&mut first, TOGETHER).await > 0 {
            for waiting in first.drain(..) {
                // The connection may be closed by now.
                let _ = waiting.send(());
            }
            // Unlike a call of the waker, it lets the runtime look for new requests first.
            tokio::task::yield_now().await;
        }
    });
    sender
}

/// The turn of one connection, which ends after some bytes. The runtime alone would end it after 128 reads of the socket, and never
/// between two parts of a response.
pub struct Turn {
    queue: TurnQueue,
    max_bytes: usize,
    bytes: usize,
    /// Ends when the next turn begins. `None` during a turn.
    next: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Turn {
    /// Ready when the connection may read or send more.
    pub fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let Some(next) = &mut self.next {
            ready!(next.as_mut().poll(context));
            self.next = None;
        }
        Poll::Ready(())
    }

    pub fn add(&mut self, bytes: usize) {
        self.bytes += bytes;
        if self.bytes >= self.max_bytes {
            self.bytes = 0;
            self.next = Some(Box::pin(self.queue.clone().next_turn()));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::poll_fn,
        sync::atomic::{AtomicUsize, Ordering},
        time::Duration,
    };

    use super::*;

    #[tokio::test]
    async fn new_work_does_not_wait_for_all_connections_in_the_queue() {
        let (queue, taken) = (TurnQueue::default(), Arc::new(AtomicUsize::new(0)));
        let connections: Vec<_> = (0..100)
            .map(|_| {
                let (mut turn, taken) = (queue.turn_of_bytes(1), Arc::clone(&taken));
                tokio::spawn(async move {
                    for _ in 0..10 {
                        turn.add(1);
                        poll_fn(|context| turn.poll(context)).await;
                        taken.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        while taken.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        let before = taken.load(Ordering::Relaxed);
        tokio::spawn(async {}).await.unwrap();
        let meanwhile = taken.load(Ordering::Relaxed) - before;
        assert!(meanwhile <= 2 * TOGETHER, "{meanwhile} turns");
        for connection in connections {
            connection.await.unwrap();
        }
        assert_eq!(taken.load(Ordering::Relaxed), 1_000);
    }

    #[tokio::test]
    async fn connection_that_is_closed_while_it_waits_stops_no_other() {
        let queue = TurnQueue::default();
        let ended = || {
            let mut turn = queue.turn_of_bytes(1);
            turn.add(1);
            turn
        };
        let mut closed: Vec<_> = (0..3 * TOGETHER).map(|_| ended()).collect();
        for turn in &mut closed {
            assert!(poll_fn(|context| Poll::Ready(turn.poll(context))).await.is_pending());
        }
        drop(closed);
        let mut last = ended();
        tokio::time::timeout(Duration::from_mins(1), poll_fn(|context| last.poll(context))).await.unwrap();
    }
}
