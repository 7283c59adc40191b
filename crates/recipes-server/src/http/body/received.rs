//! The bytes of a body: bounded in size and time, unpacked, and without a byte-order mark.

use std::io::{self, Read};

use bytes::Bytes;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http::{HeaderMap, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use crate::http::error::RequestError;
use crate::limits;

/// U+FEFF in UTF-8, with which some programs begin every text. It means nothing (RFC 8259 section 8.1).
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The whole body. The limit of its size is that of the unpacked bytes, and of the packed ones.
pub(super) async fn collect(headers: &HeaderMap, body: axum::body::Body) -> Result<Bytes, RequestError> {
    let coding = Coding::of(headers)?;
    let bytes = receive(body).await?;
    let bytes = match coding {
        Coding::Identity => bytes,
        Coding::Gzip => unpack(MultiGzDecoder::new(&*bytes))?,
        // The name stands for the zlib format (RFC 9110 section 8.4.1.2), and some programs send the bare stream.
        Coding::Deflate if is_zlib(&bytes) => unpack(ZlibDecoder::new(&*bytes))?,
        Coding::Deflate => unpack(DeflateDecoder::new(&*bytes))?,
    };
    Ok(if bytes.starts_with(BYTE_ORDER_MARK) { bytes.slice(BYTE_ORDER_MARK.len()..) } else { bytes })
}

async fn receive(body: axum::body::Body) -> Result<Bytes, RequestError> {
    // A client that announces too large a body gets the error before it sends the body.
    if http_body::Body::size_hint(&body).lower() > limits::BODY_BYTES as u64 {
        return Err(TOO_LARGE);
    }
    let collected = Limited::new(body, limits::BODY_BYTES).collect();
    match tokio::time::timeout(limits::BODY_READ, collected).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(TOO_LARGE),
        Ok(Err(_)) => Err(RequestError::Malformed("The body ended too early".into())),
        Err(_) => Err(RequestError::BodyTooSlow),
    }
}

const TOO_LARGE: RequestError = RequestError::BodyTooLarge { limit: limits::BODY_BYTES };

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
fn unpack(packed: impl Read) -> Result<Bytes, RequestError> {
    let (mut bytes, limit) = (Vec::new(), limits::BODY_BYTES);
    let read: io::Result<usize> = packed.take(limit as u64 + 1).read_to_end(&mut bytes);
    match read {
        Ok(length) if length > limit => Err(TOO_LARGE),
        Ok(_) => Ok(bytes.into()),
        Err(_) => Err(RequestError::Malformed(
            "The body is not what Content-Encoding says: it cannot be unpacked".into(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use axum::body::Body;
    use flate2::{
        Compression,
        write::{DeflateEncoder, GzEncoder, ZlibEncoder},
    };

    use super::*;

    async fn collected(coding: &str, body: Vec<u8>) -> Result<Bytes, RequestError> {
        let headers = HeaderMap::from_iter([(header::CONTENT_ENCODING, coding.parse().unwrap())]);
        collect(&headers, Body::from(body)).await
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
        assert!(bomb.len() < 2_000);
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
        let bytes = collect(&HeaderMap::new(), Body::from("\u{feff}{}")).await.unwrap();
        assert_eq!(&bytes[..], b"{}");
    }
}
