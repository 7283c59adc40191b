//! Compresses live responses, piece by piece.
//!
//! Each piece is compressed on its own, off the async workers, at the fastest level. So one request never occupies a worker,
//! and a client that does not read its response holds no compressor (256 KiB). The number of pieces at a time is bounded. Under
//! load the other pieces are sent as they are, in the blocks that the format has for this. Only gzip: brotli needs megabytes
//! for each response.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    thread,
};

use bytes::Bytes;
use flate2::{Compress, Compression, Crc, FlushCompress};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tokio::{
    sync::Semaphore,
    task::{JoinError, JoinHandle, spawn_blocking},
};

use crate::limits;

/// Bytes that are compressed at a time: half a millisecond. At most 65,535, the size of a stored block.
pub(super) const PIECE: usize = 32 * 1024;

/// Compressing this much takes less time than handing it to another thread.
const INLINE: usize = 4 * 1024;

/// How many pieces are compressed at a time: one a core. Clones share the places.
#[derive(Clone)]
pub(super) struct Compressors(Arc<Semaphore>);

impl Compressors {
    pub(super) fn new() -> Self {
        let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self(Arc::new(Semaphore::new(cores)))
    }

    /// Nothing is compressed, as under load.
    #[cfg(test)]
    pub(super) fn none() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }
}

/// Whether the client accepts gzip (RFC 9110 section 12.5.3).
pub(super) fn is_accepted(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
    let (mut gzip, mut any) = (None, false);
    for element in lines.flat_map(|line| line.split(',')) {
        let mut parts = element.split(';').map(str::trim);
        let coding = parts.next().unwrap_or_default();
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        let accepted = weight.is_none_or(|weight| weight.parse::<f32>().is_ok_and(|weight| weight > 0.0));
        if coding.eq_ignore_ascii_case("gzip") || coding.eq_ignore_ascii_case("x-gzip") {
            gzip = Some(accepted);
        } else if coding == "*" {
            any = accepted;
        }
    }
    gzip.unwrap_or(any)
}

/// Whether compressing the response is safe and useful: text of a certain size without secrets. A compressed body with a
/// secret beside text of an attacker's choice leaks the secret through its length (BREACH); every response with a token is
/// `no-store`.
pub(super) fn is_useful(status: StatusCode, headers: &HeaderMap, length: Option<u64>) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let is_text = text(header::CONTENT_TYPE).is_some_and(|media_type| {
        media_type.starts_with("text/")
            || ["json", "javascript", "xml"].iter().any(|word| media_type.contains(word))
    });
    is_text
        && status != StatusCode::PARTIAL_CONTENT
        && text(header::CACHE_CONTROL) != Some("no-store")
        && !headers.contains_key(header::CONTENT_ENCODING)
        && length.is_none_or(|length| length > u64::from(limits::COMPRESS_ABOVE))
}

/// The headers of the compressed response.
pub(super) fn mark(headers: &mut HeaderMap) {
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::ACCEPT_RANGES);
}

/// A gzip stream (RFC 1952) that is being written.
pub(super) struct Gzip {
    compressors: Compressors,
    checksum: Crc,
    /// What comes before the next piece: the header of the format.
    prefix: &'static [u8],
    job: Option<JoinHandle<Vec<u8>>>,
    ended: bool,
}

impl Gzip {
    pub(super) fn new(compressors: Compressors) -> Self {
        // The method deflate, no flags, no time, the fastest level, an unknown system.
        const HEADER: &[u8] = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255];
        Self { compressors, checksum: Crc::new(), prefix: HEADER, job: None, ended: false }
    }

    /// Compresses a piece of at most [`PIECE`] bytes: the result, or `None` if [`Gzip::poll_job`] will return it.
    pub(super) fn write(&mut self, piece: Bytes) -> Option<Vec<u8>> {
        self.checksum.update(&piece);
        let prefix = std::mem::take(&mut self.prefix);
        if piece.len() <= INLINE {
            return Some(deflated(prefix, &piece));
        }
        match Arc::clone(&self.compressors.0).try_acquire_owned() {
            Ok(place) => {
                self.job = Some(spawn_blocking(move || {
                    let _place = place;
                    deflated(prefix, &piece)
                }));
                None
            }
            Err(_) => Some(stored(prefix, &piece)),
        }
    }

    /// The result of the piece that is being compressed, or `None` if there is none.
    pub(super) fn poll_job(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Vec<u8>, JoinError>>> {
        let Some(job) = &mut self.job else { return Poll::Ready(None) };
        let done = ready!(Pin::new(job).poll(context));
        self.job = None;
        Poll::Ready(Some(done))
    }

    /// The end of the stream; `None` the second time.
    pub(super) fn finish(&mut self) -> Option<Vec<u8>> {
        if std::mem::replace(&mut self.ended, true) {
            return None;
        }
        let mut end = std::mem::take(&mut self.prefix).to_vec();
        // An empty last block, the checksum and the length (RFC 1951 section 3.2.6, RFC 1952 section 2.3.1).
        end.extend([3, 0]);
        end.extend(self.checksum.sum().to_le_bytes());
        end.extend(self.checksum.amount().to_le_bytes());
        Some(end)
    }
}

/// Compressed blocks that refer to nothing before them and end at a byte.
fn deflated(prefix: &[u8], piece: &[u8]) -> Vec<u8> {
    // Text that cannot be compressed grows by a few bytes a block.
    let mut out = Vec::with_capacity(prefix.len() + piece.len() + piece.len() / 1_000 + 64);
    out.extend_from_slice(prefix);
    let mut compress = Compress::new(Compression::fast(), false);
    let done = compress.compress_vec(piece, &mut out, FlushCompress::Sync);
    if done.is_ok() && compress.total_in() == piece.len() as u64 && out.len() < out.capacity() {
        return out;
    }
    stored(prefix, piece)
}

/// One stored block (RFC 1951 section 3.2.4).
fn stored(prefix: &[u8], piece: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(prefix.len() + 5 + piece.len());
    out.extend_from_slice(prefix);
    let length = u16::try_from(piece.len()).unwrap_or(u16::MAX);
    out.push(0);
    out.extend(length.to_le_bytes());
    out.extend((!length).to_le_bytes());
    out.extend(piece.iter().take(length.into()));
    out
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn text(length: usize) -> Vec<u8> {
        (0..length).map(|n| b"a few tablespoons of olive oil"[(n * n / 7) % 30]).collect()
    }

    async fn compressed(plain: &[u8], places: usize) -> Vec<u8> {
        let mut gzip = Gzip::new(Compressors(Arc::new(Semaphore::new(places))));
        let mut out = Vec::new();
        for piece in plain.chunks(PIECE) {
            match gzip.write(Bytes::copy_from_slice(piece)) {
                Some(piece) => out.extend(piece),
                None => out.extend(std::future::poll_fn(|cx| gzip.poll_job(cx)).await.unwrap().unwrap()),
            }
        }
        out.extend(gzip.finish().unwrap());
        assert_eq!(gzip.finish(), None);
        out
    }

    fn plain(gzip: &[u8]) -> Vec<u8> {
        let (mut decoder, mut plain) = (flate2::read::GzDecoder::new(gzip), Vec::new());
        decoder.read_to_end(&mut plain).unwrap();
        assert!(decoder.into_inner().is_empty(), "one member");
        plain
    }

    #[tokio::test]
    async fn pieces_make_one_gzip_stream() {
        for length in [0, 1, INLINE, INLINE + 1, PIECE, PIECE + 1, 5 * PIECE + 7] {
            let text = text(length);
            let gzip = compressed(&text, 1).await;
            assert_eq!(plain(&gzip), text, "{length}");
            assert!(length < 1_000 || gzip.len() < length / 2, "{length}");
        }
        let random: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(3 * PIECE).collect();
        assert_eq!(plain(&compressed(&random, 1).await), random);
    }

    #[tokio::test]
    async fn without_a_place_the_text_is_sent_as_it_is_in_a_gzip_stream() {
        let text = text(3 * PIECE + 10_000);
        let gzip = compressed(&text, 0).await;
        assert_eq!(plain(&gzip), text);
        assert!(gzip.len() > text.len());
    }

    #[test]
    fn gzip_is_accepted_by_name_and_weight() {
        for (header, accepted) in [
            ("gzip", true),
            ("br, GZip;q=0.5", true),
            ("*", true),
            ("*;q=0.1, br", true),
            ("gzip;q=0", false),
            ("*, gzip;q=0", false),
            ("gzip; q=0.000", false),
            ("br, deflate, zstd", false),
            ("", false),
            ("identity", false),
        ] {
            let headers = [(header::ACCEPT_ENCODING, HeaderValue::from_static(header))].into_iter().collect();
            assert_eq!(is_accepted(&headers), accepted, "{header}");
        }
    }

    #[test]
    fn only_text_without_secrets_is_compressed() {
        let useful = |content_type: &'static str, cache_control: &'static str, length| {
            let headers = [(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, cache_control)];
            let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
            is_useful(StatusCode::OK, &headers.into_iter().collect(), length)
        };
        assert!(useful("application/json", "private, no-cache", Some(1_025)));
        assert!(useful("text/html; charset=utf-8", "no-cache", None));
        assert!(!useful("application/json", "no-store", None));
        assert!(!useful("application/json", "private, no-cache", Some(1_024)));
        assert!(!useful("image/png", "no-cache", None));
    }
}
