//! Threads at low priority behind a bounded queue, for work that occupies a core: passwords and pictures.
//!
//! A hash occupies a core for 13 ms, a picture for 200 ms, and other requests must not wait for it: on tokio's blocking pool, 16
//! simultaneous log-ins raised the p99 latency of reads from 0.5 to 5 ms; here they do not. Each hashing thread reuses one block of
//! memory: 28 MiB resident under load, where a new allocation for each hash left 142 to 427 MiB with the allocator.
//!
//! A slot in the queue belongs to the job, not to the request: a client that disconnects frees no slot, and its job is
//! skipped when its turn comes.

use std::{
    io,
    num::NonZero,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use metrics::{Counter, counter, histogram};
use tokio::sync::oneshot;

/// What the threads are for: their names, and those of their metrics.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    pub(crate) thread: &'static str,
    pub(crate) durations: &'static str,
    pub(crate) refusals: &'static str,
    /// Counts the time since this moment as a wait of the request.
    pub(crate) waited: fn(Instant),
}

/// Work that was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PoolError {
    /// The queue is full.
    Overloaded {
        retry_after: Duration,
    },
    Failed(&'static str),
}

/// Added to the niceness of the process; 19 is the lowest priority.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// The threads. Each has a memory of type `M` for its jobs.
pub(crate) struct Workers<M> {
    kind: Kind,
    queue: SyncSender<Job<M>>,
    threads: u64,
    queue_length: u64,
    /// Moving average of the time that one job takes, in microseconds.
    job_micros: Arc<AtomicU64>,
    /// The number of jobs in the queue.
    waiting: Arc<AtomicUsize>,
    refusals: Counter,
}

type Job<M> = Box<dyn FnOnce(&mut M) + Send>;

impl<M: Default + 'static> Workers<M> {
    /// Starts the threads.
    ///
    /// # Errors
    /// When the system refuses to start a thread.
    pub(crate) fn start(
        kind: Kind,
        threads: NonZero<usize>,
        queue_length: NonZero<usize>,
    ) -> io::Result<Self> {
        let (queue, jobs) = sync_channel(queue_length.get());
        let (jobs, job_micros) = (Arc::new(Mutex::new(jobs)), Arc::new(AtomicU64::new(0)));
        let waiting = Arc::new(AtomicUsize::new(0));
        for number in 1..=threads.get() {
            let (jobs, job_micros, waiting) =
                (Arc::clone(&jobs), Arc::clone(&job_micros), Arc::clone(&waiting));
            let thread = thread::Builder::new().name(format!("{}-{number}", kind.thread));
            thread.spawn(move || run_jobs(kind, &jobs, &job_micros, &waiting))?;
        }
        let refusals = counter!(kind.refusals);
        let (threads, queue_length) = (threads.get() as u64, queue_length.get() as u64);
        Ok(Self { kind, queue, threads, queue_length, job_micros, waiting, refusals })
    }

    /// Runs `work` on one of the threads and returns its result.
    ///
    /// Dropping the future cancels the work, unless it has begun.
    ///
    /// # Errors
    /// [`PoolError`].
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut M) -> T + Send + 'static,
    ) -> Result<T, PoolError> {
        let (reply, result) = oneshot::channel();
        let job = move |memory: &mut M| {
            if !reply.is_closed() {
                // Fails if the client disconnected meanwhile.
                let _ = reply.send(work(memory));
            }
        };
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let queued = Instant::now();
        match self.queue.try_send(Box::new(job)) {
            Ok(()) => {
                let result = result.await;
                (self.kind.waited)(queued);
                result.map_err(|_| PoolError::Failed("the job panicked"))
            }
            Err(TrySendError::Full(_)) => {
                self.waiting.fetch_sub(1, Ordering::Relaxed);
                self.refusals.increment(1);
                Err(PoolError::Overloaded { retry_after: self.time_to_empty_a_full_queue() })
            }
            Err(TrySendError::Disconnected(_)) => Err(PoolError::Failed("the threads have ended")),
        }
    }

    /// The number of jobs that have not begun.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    fn time_to_empty_a_full_queue(&self) -> Duration {
        let micros = self.job_micros.load(Ordering::Relaxed).saturating_mul(self.queue_length) / self.threads;
        Duration::from_secs(micros.div_ceil(1_000_000).clamp(1, 300))
    }
}

fn run_jobs<M: Default>(
    kind: Kind,
    jobs: &Mutex<Receiver<Job<M>>>,
    job_micros: &AtomicU64,
    waiting: &AtomicUsize,
) {
    let durations = histogram!(kind.durations);
    // On Linux each thread has its own niceness (setpriority(2), "C library/kernel differences"); elsewhere this would
    // slow down the whole process. If the system does not allow it, the thread works at normal priority.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::nice(NICE);
    let mut memory = M::default();
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        waiting.fetch_sub(1, Ordering::Relaxed);
        let begun = Instant::now();
        // A panic drops the reply, which reports it. The thread must survive it, or a core's worth of work is lost.
        let _ = catch_unwind(AssertUnwindSafe(|| job(&mut memory)));
        let took = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        // Cancelled jobs take no time and must not lower the average.
        if took > 1_000 {
            durations.record(begun.elapsed());
            let before = job_micros.load(Ordering::Relaxed);
            let after = if before == 0 { took } else { before - before / 8 + took / 8 };
            job_micros.store(after, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const QUEUE: NonZero<usize> = NonZero::new(1_024).unwrap();

    const KIND: Kind = Kind {
        thread: "test",
        durations: "recipes_test_duration_seconds",
        refusals: "recipes_test_refusals_total",
        waited: |_| {},
    };

    fn one_thread() -> Workers<()> {
        Workers::start(KIND, NonZero::<usize>::MIN, QUEUE).unwrap()
    }

    /// Keeps the only thread busy until the returned sender is dropped or used.
    fn occupy(workers: &Workers<()>) -> mpsc::Sender<()> {
        let (release, released) = mpsc::channel::<()>();
        let (begun, has_begun) = mpsc::channel();
        let job: Job<()> = Box::new(move |()| {
            begun.send(()).unwrap();
            let _ = released.recv();
        });
        workers.waiting.fetch_add(1, Ordering::Relaxed);
        workers.queue.try_send(job).unwrap();
        has_begun.recv().unwrap();
        release
    }

    /// Polls a future once, which puts its job into the queue.
    fn begin<F: Future>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match future.poll(&mut context) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        }
    }

    #[tokio::test]
    async fn full_queue_refuses_at_once_with_retry_after() {
        let workers = one_thread();
        workers.job_micros.store(13_000, Ordering::Relaxed);
        let release = occupy(&workers);
        let mut waiting: Vec<_> = (0..QUEUE.get()).map(|n| Box::pin(workers.run(move |()| n))).collect();
        for future in &mut waiting {
            assert!(begin(future.as_mut()).is_none());
        }
        let refused = workers.run(|()| ()).await.unwrap_err();
        assert!(
            matches!(refused, PoolError::Overloaded { retry_after } if retry_after.as_secs() == 14),
            "{refused:?}"
        );
        drop(release);
        for (n, future) in waiting.into_iter().enumerate() {
            assert_eq!(future.await.unwrap(), n);
        }
    }

    #[tokio::test]
    async fn cancelled_job_keeps_its_slot_and_is_not_run_thread() {
        let workers = one_thread();
        let release = occupy(&workers);
        let (done, was_done) = mpsc::channel();
        let mut waiting: Vec<_> = (0..QUEUE.get())
            .map(|_| {
                let done = done.clone();
                Box::pin(workers.run(move |()| done.send(())))
            })
            .collect();
        for future in &mut waiting {
            assert!(begin(future.as_mut()).is_none());
        }
        drop(waiting);
        drop(done);
        let refused = workers.run(|()| ()).await;
        assert!(matches!(refused, Err(PoolError::Overloaded { .. })), "a cancelled job frees no slot");
        drop(release);
        assert!(was_done.recv().is_err(), "no cancelled job was run");
        workers.run(|()| ()).await.unwrap();
    }

    #[tokio::test]
    async fn panic_is_reported_and_the_thread_goes_on() {
        let workers = one_thread();
        assert!(matches!(workers.run(|()| panic!("as tests do")).await, Err::<(), _>(PoolError::Failed(_))));
        assert_eq!(workers.run(|()| 7).await.unwrap(), 7);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn only_the_threads_of_the_pool_have_low_priority() {
        let niceness = || rustix::process::getpriority_process(None).unwrap();
        let before = niceness();
        let in_thread = one_thread().run(move |()| niceness()).await.unwrap();
        assert_eq!(in_thread, (before + NICE).min(19));
        assert_eq!(niceness(), before);
    }
}
