//! How long one connection has its thread before the others get their turn.

use std::{
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll, ready},
};

use tokio::sync::{mpsc, oneshot};

/// Connections that go on at a time: enough for the threads to have work.
const GO_ON: usize = 4;

/// The connections whose turn is over. They go on a few at a time, in the order in which their turns ended.
///
/// If all of them were ready to go on, each new request would wait until all had a turn: 25 ms (median) beside clients that open
/// 2,000 connections a second and leave 50,000 small frames on each.
#[derive(Clone, Default)]
pub struct Turns(Arc<OnceLock<mpsc::UnboundedSender<GoOn>>>);

type GoOn = oneshot::Sender<()>;

impl Turns {
    /// A turn that ends after so many bytes.
    pub fn of_bytes(&self, max_bytes: usize) -> Turn {
        Turn { turns: self.clone(), max_bytes, bytes: 0, of_others: None }
    }

    async fn of_others(self) {
        let (go_on, wait) = oneshot::channel();
        // The task ends only when all senders are gone.
        let _ = self.0.get_or_init(start).send(go_on);
        let _ = wait.await;
    }
}

fn start() -> mpsc::UnboundedSender<GoOn> {
    let (sender, mut ended) = mpsc::unbounded_channel::<GoOn>();
    tokio::spawn(async move {
        let mut next = Vec::with_capacity(GO_ON);
        while ended.recv_many(&mut next, GO_ON).await > 0 {
            for go_on in next.drain(..) {
                // Of a connection that is closed by now, nothing waits.
                let _ = go_on.send(());
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
    turns: Turns,
    max_bytes: usize,
    bytes: usize,
    of_others: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Turn {
    /// Ready when the connection may read or send more.
    pub fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let Some(others) = &mut self.of_others {
            ready!(others.as_mut().poll(context));
            self.of_others = None;
        }
        Poll::Ready(())
    }

    pub fn add(&mut self, bytes: usize) {
        self.bytes += bytes;
        if self.bytes >= self.max_bytes {
            self.bytes = 0;
            self.of_others = Some(Box::pin(self.turns.clone().of_others()));
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
    async fn new_work_does_not_wait_for_all_that_have_ended_their_turn() {
        let (turns, taken) = (Turns::default(), Arc::new(AtomicUsize::new(0)));
        let connections: Vec<_> = (0..100)
            .map(|_| {
                let (mut turn, taken) = (turns.of_bytes(1), Arc::clone(&taken));
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
        assert!(meanwhile <= 2 * GO_ON, "{meanwhile} turns");
        for connection in connections {
            connection.await.unwrap();
        }
        assert_eq!(taken.load(Ordering::Relaxed), 1_000);
    }

    #[tokio::test]
    async fn connection_that_is_closed_in_the_turn_of_others_stops_no_other() {
        let turns = Turns::default();
        let ended = || {
            let mut turn = turns.of_bytes(1);
            turn.add(1);
            turn
        };
        let mut closed: Vec<_> = (0..3 * GO_ON).map(|_| ended()).collect();
        for turn in &mut closed {
            assert!(poll_fn(|context| Poll::Ready(turn.poll(context))).await.is_pending());
        }
        drop(closed);
        let mut last = ended();
        tokio::time::timeout(Duration::from_mins(1), poll_fn(|context| last.poll(context))).await.unwrap();
    }
}
