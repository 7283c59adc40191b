//! The threads that hash.
//!
//! One a core and at lower priority, because a hash takes a core for 13 ms and whoever reads a recipe should not wait
//! that long: with tokio's blocking pool 16 people logging in at once push the p99 of a reader from 0.5 to 5 ms, so
//! they do not. Each thread has one block vector and uses it again and again: 28 MiB resident under load, where a
//! fresh one for each hash leaves 142 to 427 MiB with the allocator.
//!
//! A place in the queue belongs to the work and not to the request: a client that hangs up frees nothing by it, and
//! its work is dropped when its turn comes.

use std::{
    io,
    num::NonZero,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use argon2::{Argon2, Block};
use tokio::sync::oneshot;

use super::{HashError, argon2id};

/// How many may wait: at 13 ms each, 7 s on two cores. 500 people who sign up at the same moment are all served.
pub(super) const WAITING: NonZero<usize> = NonZero::new(1_024).unwrap();

/// How much kinder than the rest of the process; 19 is the kindest.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

pub(super) struct Workers {
    queue: SyncSender<Job>,
    threads: u64,
    waiting: u64,
    /// What one work took of late, in microseconds.
    pace: Arc<AtomicU64>,
}

type Job = Box<dyn FnOnce(&mut Memory) + Send>;

impl Workers {
    pub(super) fn start(threads: NonZero<usize>, waiting: NonZero<usize>) -> io::Result<Self> {
        let (queue, jobs) = sync_channel(waiting.get());
        let (jobs, pace) = (Arc::new(Mutex::new(jobs)), Arc::new(AtomicU64::new(0)));
        for number in 1..=threads.get() {
            let (jobs, pace) = (Arc::clone(&jobs), Arc::clone(&pace));
            let thread = thread::Builder::new().name(format!("passwords-{number}"));
            thread.spawn(move || work(&jobs, &pace))?;
        }
        Ok(Self { queue, threads: threads.get() as u64, waiting: waiting.get() as u64, pace })
    }

    /// What `work` returns, once a thread had the time for it.
    ///
    /// Dropping the future drops the work, unless it has begun.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, HashError> {
        let (answer, answered) = oneshot::channel();
        let job = move |memory: &mut Memory| {
            if !answer.is_closed() {
                // Who hung up meanwhile does not want the answer any more.
                let _ = answer.send(work(memory));
            }
        };
        match self.queue.try_send(Box::new(job)) {
            Ok(()) => answered.await.map_err(|_| HashError::Failed("the work panicked")),
            Err(TrySendError::Full(_)) => {
                Err(HashError::Overloaded { retry_after: self.time_of_a_full_queue() })
            }
            Err(TrySendError::Disconnected(_)) => Err(HashError::Failed("the hashing threads have ended")),
        }
    }

    fn time_of_a_full_queue(&self) -> Duration {
        let micros = self.pace.load(Ordering::Relaxed).saturating_mul(self.waiting) / self.threads;
        Duration::from_secs(micros.div_ceil(1_000_000).clamp(1, 300))
    }
}

fn work(jobs: &Mutex<Receiver<Job>>, pace: &AtomicU64) {
    // On Linux each thread has its own niceness (setpriority(2), "C library/kernel differences"); elsewhere this
    // would slow the whole process. Not being allowed to be kind is no reason not to work.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::nice(NICE);
    let mut memory = Memory::default();
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        let begun = Instant::now();
        // A panic is answered by the dropped sender; it must not take a core's worth of log-ins with it.
        let _ = catch_unwind(AssertUnwindSafe(|| job(&mut memory)));
        let took = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        // Abandoned work takes no time and says nothing of the pace.
        if took > 1_000 {
            let before = pace.load(Ordering::Relaxed);
            let after = if before == 0 { took } else { before - before / 8 + took / 8 };
            pace.store(after, Ordering::Relaxed);
        }
    }
}

/// The block vector of a thread, empty until its first use.
#[derive(Default)]
pub(super) struct Memory(Vec<Block>);

impl Memory {
    /// Runs Argon2 in this memory. A stored hash that needs more gets more, for the time of the call.
    pub(super) fn fill(
        &mut self,
        argon2: &Argon2<'_>,
        password: &[u8],
        salt: &[u8],
        output: &mut [u8],
    ) -> Result<(), HashError> {
        let filled = if argon2.params().block_count() > argon2id::BLOCKS {
            argon2.hash_password_into(password, salt, output)
        } else {
            self.0.resize(argon2id::BLOCKS, Block::default());
            argon2.hash_password_into_with_memory(password, salt, output, &mut self.0)
        };
        filled.map_err(|_| HashError::Failed("Argon2 refused its parameters, or there is no memory"))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn one() -> Workers {
        Workers::start(NonZero::<usize>::MIN, WAITING).unwrap()
    }

    /// Keeps the only thread busy until the returned sender is dropped or used.
    fn occupy(workers: &Workers) -> mpsc::Sender<()> {
        let (release, released) = mpsc::channel::<()>();
        let (begun, has_begun) = mpsc::channel();
        let job: Job = Box::new(move |_| {
            begun.send(()).unwrap();
            let _ = released.recv();
        });
        workers.queue.try_send(job).unwrap();
        has_begun.recv().unwrap();
        release
    }

    /// Polls a future until it has been put into the queue, that is, once.
    fn begin<F: Future>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match future.poll(&mut context) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        }
    }

    #[tokio::test]
    async fn a_full_queue_answers_at_once_and_says_when_to_come_again() {
        let workers = one();
        workers.pace.store(13_000, Ordering::Relaxed);
        let release = occupy(&workers);
        let mut waiting: Vec<_> = (0..WAITING.get()).map(|n| Box::pin(workers.run(move |_| n))).collect();
        for future in &mut waiting {
            assert!(begin(future.as_mut()).is_none());
        }
        let refused = workers.run(|_| ()).await.unwrap_err();
        assert!(
            matches!(refused, HashError::Overloaded { retry_after } if retry_after.as_secs() == 14),
            "{refused}"
        );
        drop(release);
        for (n, future) in waiting.into_iter().enumerate() {
            assert_eq!(future.await.unwrap(), n);
        }
    }

    #[tokio::test]
    async fn who_hangs_up_keeps_the_place_but_the_work_is_not_done() {
        let workers = one();
        let release = occupy(&workers);
        let (done, was_done) = mpsc::channel();
        let mut waiting: Vec<_> = (0..WAITING.get())
            .map(|_| {
                let done = done.clone();
                Box::pin(workers.run(move |_| done.send(())))
            })
            .collect();
        for future in &mut waiting {
            assert!(begin(future.as_mut()).is_none());
        }
        drop(waiting);
        drop(done);
        let refused = workers.run(|_| ()).await;
        assert!(matches!(refused, Err(HashError::Overloaded { .. })), "hanging up frees no place");
        drop(release);
        assert!(was_done.recv().is_err(), "nothing of it was done");
        workers.run(|_| ()).await.unwrap();
    }

    #[tokio::test]
    async fn a_panic_is_heard_and_the_thread_goes_on() {
        let workers = one();
        assert!(matches!(workers.run(|_| panic!("as tests do")).await, Err::<(), _>(HashError::Failed(_))));
        assert_eq!(workers.run(|_| 7).await.unwrap(), 7);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn only_the_hashing_threads_are_kinder() {
        let niceness = || rustix::process::getpriority_process(None).unwrap();
        let before = niceness();
        let there = one().run(move |_| niceness()).await.unwrap();
        assert_eq!(there, (before + NICE).min(19));
        assert_eq!(niceness(), before);
    }

    #[test]
    fn the_memory_is_used_again_and_a_larger_need_does_not_stay() {
        use argon2::{Algorithm, Params, Version};
        let argon2 = |kib, passes, lanes, version| {
            Argon2::new(Algorithm::Argon2id, version, Params::new(kib, passes, lanes, Some(32)).unwrap())
        };
        let mut memory = Memory::default();
        let mut at = None;
        for (kib, passes, lanes) in [(64, 1, 1), (19_456, 2, 1), (32_768, 1, 4), (256, 3, 4), (19_456, 2, 1)]
        {
            for version in [Version::V0x10, Version::V0x13] {
                let argon2 = argon2(kib, passes, lanes, version);
                let (mut ours, mut fresh) = ([0; 32], [0; 32]);
                memory.fill(&argon2, b"password", b"saltsalt", &mut ours).unwrap();
                argon2.hash_password_into(b"password", b"saltsalt", &mut fresh).unwrap();
                assert_eq!(ours, fresh, "what was left there has no influence: {kib} {passes} {lanes}");
                assert_eq!(memory.0.capacity(), argon2id::BLOCKS);
                assert_eq!(*at.get_or_insert(memory.0.as_ptr()), memory.0.as_ptr());
            }
        }
    }
}
