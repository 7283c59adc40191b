//! Makes the pictures of recipes of what clients send, on threads of their own.

use std::{io, num::NonZero, thread, time::Duration};

pub use pictures::{MAX_BYTES, MAX_PIXELS, PictureError};
use store::NewImage;

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

/// Why there is no picture. The text of the first variant is for the user.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    #[error(transparent)]
    Refused(PictureError),
    /// Other pictures are being decoded.
    #[error("other pictures are being decoded")]
    Overloaded { retry_after: Duration },
    #[error("the decoder failed: {0}")]
    Failed(&'static str),
}

impl From<PictureError> for ImageError {
    fn from(error: PictureError) -> Self {
        match error {
            PictureError::Failed(why) => Self::Failed(why),
            refused => Self::Refused(refused),
        }
    }
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
            return Err(PictureError::TooLarge.into());
        }
        self.0.run(move |()| new_image(original.as_ref())).await?
    }
}

fn new_image(original: &[u8]) -> Result<NewImage, ImageError> {
    let made = pictures::make(original)?;
    Ok(NewImage::new(made.dimensions, [made.small, made.medium, made.large]))
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn file_beyond_the_limit_does_not_wait_for_a_thread() {
        let refused = ImageMaker::start().unwrap().make(vec![0; MAX_BYTES + 1]).await;
        assert!(matches!(refused, Err(ImageError::Refused(PictureError::TooLarge))));
    }
}
