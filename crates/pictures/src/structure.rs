//! What the decoders do not check.

use std::io::{Read as _, copy, sink};

use flate2::read::ZlibDecoder;

/// Bytes of a colour profile, unpacked. Those of printers have about two million.
const PROFILE_BYTES: u64 = 8 << 20;

/// Whether the JPEG has its end. The decoder paints missing parts gray, so an upload that broke off would be kept for the picture.
pub(crate) fn is_whole_jpeg(original: &[u8]) -> bool {
    let mut rest = original;
    // Markers are 0xFF and a byte that is neither 0 nor 0xFF (ITU-T T.81, B.1.1.2).
    while let Some(at) = rest.windows(2).position(|pair| pair[0] == 0xFF && !matches!(pair[1], 0 | 0xFF)) {
        let (marker, after) = (rest[at + 1], &rest[at + 2..]);
        rest = match marker {
            0xD9 => return true,
            // Without a length: the start, restarts in the data of a scan, TEM.
            0x01 | 0xD0..=0xD8 => after,
            _ => {
                let length =
                    after.first_chunk::<2>().map_or(usize::MAX, |bytes| u16::from_be_bytes(*bytes).into());
                after.get(length..).unwrap_or_default()
            }
        };
    }
    false
}

/// Whether the colour profile of the PNG unpacks to more than [`PROFILE_BYTES`]. The decoder unpacks it without a limit: half a megabyte
/// becomes 500.
pub(crate) fn has_large_profile(original: &[u8]) -> bool {
    // Behind the signature: length, type, content and checksum of each chunk (PNG, section 5.3).
    let mut rest = original.get(8..).unwrap_or_default();
    while let Some((head, after)) = rest.split_first_chunk::<8>() {
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let content = after.get(..length).unwrap_or(after);
        match &head[4..] {
            b"iCCP" => {
                // Its name, a zero byte, the method of compression.
                let packed =
                    content.iter().position(|byte| *byte == 0).and_then(|end| content.get(end + 2..));
                let mut unpacked = ZlibDecoder::new(packed.unwrap_or_default()).take(PROFILE_BYTES + 1);
                return copy(&mut unpacked, &mut sink()).is_ok_and(|bytes| bytes > PROFILE_BYTES);
            }
            // Profiles are before the pixels.
            b"IDAT" | b"IEND" => return false,
            _ => rest = after.get(length.saturating_add(4)..).unwrap_or_default(),
        }
    }
    false
}
