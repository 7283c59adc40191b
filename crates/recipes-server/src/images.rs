//! Makes the pictures of recipes of what clients send: decodes them within limits, on a thread of their own, and writes each as a
//! JPEG in three sizes.
//!
//! The stored picture has none of the metadata of the original, such as the place where it was taken. Its orientation and its
//! colours are applied before.

mod decode;
mod structure;

use std::{io, num::NonZero, thread, time::Duration};

use store::NewImage;

pub use self::decode::{MAX_BYTES, MAX_PIXELS};
use crate::telemetry::waits;
use crate::worker_pool::{Kind, PoolError, Workers};

const WORKERS: Kind = Kind {
    thread: "images",
    durations: "recipes_image_duration_seconds",
    refusals: "recipes_image_refusals_total",
    waited: waits::for_image,
};

/// Length of the queue: at 200 ms a picture, 13 s on one thread, of the 30 s that a request may take.
const QUEUE: NonZero<usize> = NonZero::new(64).unwrap();

/// Decoding a picture may take 400 MiB for a moment, so only large machines get a second thread.
const CORES_OF_A_THREAD: usize = 4;
const MAX_THREADS: usize = 2;
const MAX_THREADS_OF_IMPORT: usize = 4;

/// Why there is no picture. The texts of the first ones are for the user.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    #[error("is no JPEG, PNG, WebP or GIF")]
    NotAnImage,
    #[error("is {0}, which cannot be decoded here; send a JPEG, PNG, WebP or GIF")]
    OtherFormat(&'static str),
    #[error("is larger than {} MiB", MAX_BYTES >> 20)]
    TooLarge,
    #[error("has {width} × {height} pixels, more than {} million", MAX_PIXELS / 1_000_000)]
    TooManyPixels { width: u32, height: u32 },
    #[error("needs {} MiB when it is decoded, more than {}", bytes >> 20, decode::MAX_DECODED >> 20)]
    TooMuchMemory { bytes: u64 },
    #[error("cannot be decoded: {0}")]
    Damaged(String),
    /// Other pictures are being decoded.
    #[error("other pictures are being decoded")]
    Overloaded { retry_after: Duration },
    #[error("the decoder failed: {0}")]
    Failed(&'static str),
}

impl From<PoolError> for ImageError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Overloaded { retry_after } => Self::Overloaded { retry_after },
            PoolError::Failed(why) => Self::Failed(why),
        }
    }
}

/// Makes pictures. Clones share the threads.
#[derive(Clone)]
pub struct ImageMaker(std::sync::Arc<Workers<()>>);

impl ImageMaker {
    /// Starts the threads.
    ///
    /// # Errors
    /// When the system refuses to start a thread.
    pub fn start() -> io::Result<Self> {
        Self::with_threads((cores() / CORES_OF_A_THREAD).clamp(1, MAX_THREADS))
    }

    /// Starts the threads of an import at the command line, which serves no requests meanwhile.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_for_import() -> io::Result<Self> {
        Self::with_threads(cores().clamp(1, MAX_THREADS_OF_IMPORT))
    }

    fn with_threads(threads: usize) -> io::Result<Self> {
        let threads = NonZero::new(threads).unwrap_or(NonZero::<usize>::MIN);
        Ok(Self(std::sync::Arc::new(Workers::start(WORKERS, threads, QUEUE)?)))
    }

    /// The picture in all sizes.
    ///
    /// # Errors
    /// [`ImageError`].
    pub async fn make(&self, original: impl AsRef<[u8]> + Send + 'static) -> Result<NewImage, ImageError> {
        if original.as_ref().len() > MAX_BYTES {
            return Err(ImageError::TooLarge);
        }
        self.0.run(move |()| decode::make(original.as_ref())).await?
    }
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

#[cfg(test)]
mod tests;
