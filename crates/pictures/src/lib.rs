//! Pictures of recipes: what a client sends in, a JPEG in three sizes out.
//!
//! The format is recognized from the content. Limits hold before memory is taken, and a panic of a decoder is an error of the
//! picture. The result has none of the metadata of the original, such as the place where it was taken. Its orientation and its
//! colours are applied before.
//!
//! [`make`] takes up to a few hundred milliseconds of its thread.

mod decode;
mod structure;

pub use decode::{MAX_BYTES, MAX_PIXELS, make};

/// A picture in all its sizes, each a JPEG.
#[derive(Debug)]
pub struct Picture {
    /// Width and height of the large one, in pixels.
    pub dimensions: (u32, u32),
    pub small: Vec<u8>,
    pub medium: Vec<u8>,
    pub large: Vec<u8>,
}

/// Why there is no picture. The texts are for the user, except that of the last variant.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    #[error("is no JPEG, PNG, WebP or GIF")]
    UnknownFormat,
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
    /// A fault of this crate.
    #[error("the decoder failed: {0}")]
    Failed(&'static str),
}

#[cfg(test)]
mod tests;
