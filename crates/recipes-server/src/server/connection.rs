//! One connection, which ends when it is idle for too long.
//!
//! It closes when nothing was written for a while and no request began: its client never finishes a request head, sends nothing,
//! or does not read its response. hyper's own timer for request heads starts and stops for each request, which costs 3 % of a
//! small one. It closes earlier if it is idle and must make room for another one, or if the service ends.

use std::{
    io::{self, ErrorKind, IoSlice, Write as _},
    mem,
    pin::{Pin, pin},
    sync::atomic::Ordering,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf, Take},
    net::TcpStream,
    task::unconstrained,
    time::{Instant, Sleep, sleep},
};

use super::registry::Entry;
use crate::http::turn::{Turn, TurnQueue};

/// How long an idle connection may take to end when the service ends: HTTP/2 says goodbye, and a request head that is on its way
/// arrives.
pub(super) const ENDING: Duration = Duration::from_millis(250);

/// Up to this length, head and body of a response are copied for one `send`, which takes 0.4 µs less than `writev` of both. Beyond
/// it the copy takes longer: a fifth of the instructions of a list of recipes.
const COPIED_BYTES: usize = 2048;

/// The largest read. hyper doubles its buffer, 8 KiB at first, whenever a read fills it. Thousands of connections with larger
/// buffers take memory that no budget counts, and that the allocator keeps after a flood.
const READ_BYTES: usize = 4 * 1024;

/// Bytes that are read in a turn: a hundred small requests over HTTP/2, for which the runtime would let all others wait.
const TURN: usize = READ_BYTES;

pub(super) struct Connection {
    stream: Take<TcpStream>,
    idle_timeout: Duration,
    timer: Pin<Box<Sleep>>,
    /// Whether something was written, or a request began, since the timer started.
    active: bool,
    /// Whether something was read since the last write. Only the first read counts as activity: a request head that never
    /// ends would count for ever.
    read_since_write: bool,
    turn: Turn,
    entry: Entry,
}

impl Connection {
    pub(super) fn new(stream: TcpStream, idle_timeout: Duration, turns: &TurnQueue, entry: Entry) -> Self {
        Self {
            stream: stream.take(READ_BYTES as u64),
            idle_timeout,
            timer: Box::pin(sleep(idle_timeout)),
            active: false,
            read_since_write: false,
            turn: turns.turn_of_bytes(TURN),
            entry,
        }
    }

    /// Ready with an error when the connection was idle for too long, or must end. Polled whenever the stream has nothing to
    /// do.
    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        self.entry.state().wait(cx);
        if self.entry.state().must_close() {
            return Poll::Ready(ErrorKind::ConnectionAborted.into());
        }
        if self.entry.is_ending() && self.idle_timeout > ENDING {
            self.idle_timeout = ENDING;
            self.restart_timer();
        }
        loop {
            // A task that has used up its budget could not start the timer otherwise.
            ready!(pin!(unconstrained(self.timer.as_mut())).poll(cx));
            let has_requests = self.idle_timeout == ENDING && !self.entry.state().is_idle();
            if !mem::take(&mut self.active) && !has_requests {
                return Poll::Ready(ErrorKind::TimedOut.into());
            }
            self.restart_timer();
        }
    }

    fn restart_timer(&mut self) {
        self.active = false;
        self.timer.as_mut().reset(Instant::now() + self.idle_timeout);
    }

    fn after_write(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let is_writing = &self.entry.state().is_writing;
        if written.is_pending() {
            is_writing.store(true, Ordering::Relaxed);
            return self.poll_idle(cx).map(Err);
        }
        is_writing.store(false, Ordering::Relaxed);
        self.active = true;
        self.read_since_write = false;
        written
    }
}
impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.turn.poll(cx));
        self.stream.set_limit(READ_BYTES as u64);
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if read.is_pending() {
            return self.poll_idle(cx).map(Err);
        }
        self.turn.add(buf.filled().len() - before);
        self.active |= !mem::replace(&mut self.read_since_write, true);
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(self.stream.get_mut()).poll_write(cx, bytes);
        self.after_write(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let length = slices.iter().map(|slice| slice.len()).sum();
        let mut copy = [0; COPIED_BYTES];
        let written = match copy.get_mut(..length) {
            Some(copy) => {
                let mut free = &mut *copy;
                slices.iter().try_for_each(|slice| free.write_all(slice))?;
                Pin::new(self.stream.get_mut()).poll_write(cx, copy)
            }
            None => Pin::new(self.stream.get_mut()).poll_write_vectored(cx, slices),
        };
        self.after_write(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.get_ref().is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.stream.get_mut()).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.stream.get_mut()).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::{io::AsyncWriteExt as _, net::TcpListener};

    use super::super::registry::Registry;
    use super::*;

    #[tokio::test]
    async fn others_get_their_turn_while_much_is_received() {
        const SENT: usize = 64 * TURN;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, address) = listener.accept().await.unwrap();
        let permit = std::sync::Arc::new(tokio::sync::Semaphore::new(1)).try_acquire_owned().unwrap();
        let entry =
            Registry::insert(&std::sync::Arc::default(), address.ip(), std::time::Instant::now(), permit);
        let mut connection = Connection::new(stream, Duration::from_mins(1), &TurnQueue::default(), entry);
        tokio::spawn(async move { client.write_all(&vec![b'x'; SENT]).await.unwrap() });
        let mut buffer = vec![0; SENT];
        let (mut received, mut most) = (0, 0);
        while received < SENT {
            received += poll_fn(|cx| {
                let mut read = ReadBuf::new(&mut buffer);
                let mut last = Poll::Pending;
                // As long as a task does that never waits.
                while Pin::new(&mut connection).poll_read(cx, &mut read)?.is_ready() {
                    last = Poll::Ready(Ok::<_, io::Error>(read.filled().len()));
                }
                most = most.max(read.filled().len());
                last
            })
            .await
            .unwrap();
        }
        assert_eq!(most, TURN);
    }
}
