//! How a file is read, and how much of it.

use crate::format::Format;

/// The limits of reading a file. A larger file is refused, and the message names the limit.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Of one recipe of this service's own JSON, as of a request.
    pub recipe_bytes: usize,
    /// Of one object of another program's JSON, and of one row of a spreadsheet.
    pub object_bytes: usize,
    /// Of a web page, a text or a file in an archive.
    pub document_bytes: usize,
    /// Of a picture. A larger one is left out.
    pub image_bytes: usize,
    /// Of a whole archive that does not come from a file.
    pub archive_bytes: usize,
    /// Of all files of an archive, unpacked.
    pub unpacked_bytes: u64,
    /// Files in an archive.
    pub entries: usize,
    /// How many times its size a file in an archive may unpack to, from [`ratio_from`](Self::ratio_from) bytes on.
    pub ratio: u64,
    pub ratio_from: u64,
    /// Archives in archives.
    pub archive_depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            recipe_bytes: 256 * 1024,
            object_bytes: 4 << 20,
            document_bytes: 64 << 20,
            image_bytes: 10 << 20,
            archive_bytes: 256 << 20,
            unpacked_bytes: 4 << 30,
            entries: 200_000,
            ratio: 200,
            ratio_from: 1 << 20,
            archive_depth: 1,
        }
    }
}

/// How to read a file.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `None`: the content tells.
    pub format: Option<Format>,
    /// The name of the file, which tells kinds of plain text apart.
    pub file_name: String,
    /// Where a web page comes from.
    pub url: Option<String>,
    pub limits: Limits,
}

pub(crate) fn too_long(max_bytes: usize) -> String {
    if max_bytes >= 1 << 20 {
        format!("is longer than {} MiB", max_bytes >> 20)
    } else {
        format!("is longer than {} KiB", max_bytes >> 10)
    }
}
