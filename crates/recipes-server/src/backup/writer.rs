//! Writes an archive.

use std::fmt::Write as _;
use std::io::{self, BufWriter, Write};

use aws_lc_rs::digest::{Context, SHA256};
use flate2::{Compression, write::GzEncoder};
use jiff::Timestamp;
use store::Record;

use super::{End, FORMAT, Header, Summary, VERSION};

pub(super) struct ArchiveWriter<W: Write> {
    out: GzEncoder<BufWriter<W>>,
    digest: Context,
    line: Vec<u8>,
    summary: Summary,
}

impl<W: Write> ArchiveWriter<W> {
    pub(super) fn new(out: W, now: Timestamp) -> io::Result<Self> {
        let header = Header {
            format: FORMAT.to_owned(),
            version: VERSION,
            created_at: Some(now),
            program: Some(env!("CARGO_PKG_VERSION").to_owned()),
        };
        let out = GzEncoder::new(BufWriter::with_capacity(1 << 16, out), Compression::fast());
        let line = serde_json::to_vec(&header)?;
        let mut archive = Self { out, digest: Context::new(&SHA256), line, summary: Summary::default() };
        archive.end_line()?;
        Ok(archive)
    }

    pub(super) fn write(&mut self, records: &[Record]) -> io::Result<()> {
        for record in records {
            self.summary.count(record);
            record.write_json(&mut self.line)?;
            self.end_line()?;
        }
        Ok(())
    }

    /// Writes the last line, and returns the output, flushed.
    pub(super) fn finish(mut self) -> io::Result<(W, Summary)> {
        self.summary.sha256 = hexadecimal(self.digest.finish().as_ref());
        let end = End { end: self.summary };
        serde_json::to_writer(&mut self.out, &end)?;
        self.out.write_all(b"\n")?;
        let out = self.out.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok((out, end.end))
    }

    fn end_line(&mut self) -> io::Result<()> {
        self.line.push(b'\n');
        self.digest.update(&self.line);
        self.out.write_all(&self.line)?;
        self.line.clear();
        Ok(())
    }
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
