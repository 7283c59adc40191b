//! The bytes of a body: bounded in size and time, unpacked, and without a byte-order mark.

use std::io::{self, Read};

use axum::body::Body;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http::{HeaderMap, header, request::Parts};

use super::collect::{self, Collected};
use crate::http::error::RequestError;

/// U+FEFF in UTF-8, with which some programs begin every text. It means nothing (RFC 8259 section 8.1).
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The whole body. The limit of its size is that of the unpacked bytes, and of the packed ones.
pub(super) async fn collect(head: &Parts, body: Body, limit: usize) -> Result<Collected, RequestError> {
    let coding = Coding::of(&head.headers)?;
    let packed = collect::collect(&head.extensions, body, limit).await?;
    let bytes = match coding {
        Coding::Identity => return Ok(packed.without_prefix(BYTE_ORDER_MARK)),
        Coding::Gzip => unpack(MultiGzDecoder::new(&*packed), limit)?,
        // The name stands for the zlib format (RFC 9110 section 8.4.1.2), and some programs send the bare stream.
        Coding::Deflate if is_zlib(&packed) => unpack(ZlibDecoder::new(&*packed), limit)?,
        Coding::Deflate => unpack(DeflateDecoder::new(&*packed), limit)?,
    };
    Ok(packed.replaced_by(bytes, &head.extensions)?.without_prefix(BYTE_ORDER_MARK))
}

/// The content coding of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Identity,
    Gzip,
    Deflate,
}

impl Coding {
    /// # Errors
    /// [`RequestError::UnsupportedCoding`] for any other coding, and for more than one.
    fn of(headers: &HeaderMap) -> Result<Self, RequestError> {
        let mut lines = headers.get_all(header::CONTENT_ENCODING).iter();
        let (Some(line), None) = (lines.next(), lines.next()) else {
            let is_absent = !headers.contains_key(header::CONTENT_ENCODING);
            return if is_absent { Ok(Self::Identity) } else { Err(RequestError::UnsupportedCoding) };
        };
        match line.to_str().unwrap_or("?").trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Ok(Self::Identity),
            "gzip" | "x-gzip" => Ok(Self::Gzip),
            "deflate" => Ok(Self::Deflate),
            _ => Err(RequestError::UnsupportedCoding),
        }
    }
}

/// The first two bytes name method and window, with a checksum (RFC 1950 section 2.2).
fn is_zlib(bytes: &[u8]) -> bool {
    matches!(bytes, [first, second, ..]
        if first & 0x0f == 8 && u16::from_be_bytes([*first, *second]).is_multiple_of(31))
}

/// Unpacks at most as many bytes as a body may have: a small packed body may unpack to a thousand times its size.
fn unpack(packed: impl Read, limit: usize) -> Result<Vec<u8>, RequestError> {
    let mut bytes = Vec::new();
    let read: io::Result<usize> = packed.take(limit as u64 + 1).read_to_end(&mut bytes);
    match read {
        Ok(length) if length > limit => Err(RequestError::BodyTooLarge { limit }),
        Ok(_) => Ok(bytes),
        Err(_) => Err(RequestError::Malformed(
            "The body is not what Content-Encoding says: it cannot be unpacked".into(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{
        Compression,
        write::{DeflateEncoder, GzEncoder, ZlibEncoder},
    };

    use super::*;
    use crate::limits;

    async fn collected(coding: &str, body: Vec<u8>) -> Result<Collected, RequestError> {
        let request = http::Request::builder().header(header::CONTENT_ENCODING, coding).body(body).unwrap();
        let (head, body) = request.into_parts();
        collect(&head, Body::from(body), limits::BODY_BYTES).await
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(bytes).unwrap();
        packed.finish().unwrap()
    }

    #[tokio::test]
    async fn compressed_body_is_unpacked() {
        let text = b"{\"name\":\"Soup\"}";
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(text).unwrap();
        let mut bare = DeflateEncoder::new(Vec::new(), Compression::fast());
        bare.write_all(text).unwrap();
        for (coding, body) in [
            ("gzip", gzip(text)),
            ("X-GZIP", gzip(text)),
            ("gzip", [gzip(&text[..5]), gzip(&text[5..])].concat()),
            ("deflate", zlib.finish().unwrap()),
            ("deflate", bare.finish().unwrap()),
            ("identity", text.to_vec()),
            ("", text.to_vec()),
        ] {
            assert_eq!(&collected(coding, body).await.unwrap()[..], text, "{coding}");
        }
    }

    #[tokio::test]
    async fn unpacked_bytes_count() {
        let bomb = gzip(&vec![b' '; limits::BODY_BYTES + 1]);
        assert!(bomb.len() < limits::BODY_BYTES / 50);
        assert!(matches!(collected("gzip", bomb).await, Err(RequestError::BodyTooLarge { .. })));
        assert!(collected("gzip", gzip(&vec![b' '; limits::BODY_BYTES])).await.is_ok());
    }

    #[tokio::test]
    async fn other_codings_and_damaged_bodies_are_refused() {
        for coding in ["br", "zstd", "gzip, gzip", "aes128gcm"] {
            assert!(matches!(collected(coding, gzip(b"x")).await, Err(RequestError::UnsupportedCoding)));
        }
        let cut = gzip(b"a text of some length")[..20].to_vec();
        for body in [b"plain".to_vec(), cut, Vec::new()] {
            assert!(matches!(collected("gzip", body).await, Err(RequestError::Malformed(_))));
        }
    }

    #[tokio::test]
    async fn byte_order_mark_is_skipped() {
        for (coding, body) in [("", "\u{feff}{}".into()), ("gzip", gzip("\u{feff}{}".as_bytes()))] {
            assert_eq!(&collected(coding, body).await.unwrap()[..], b"{}");
        }
    }
}
