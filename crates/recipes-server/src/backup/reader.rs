//! Reads an archive, and checks it. Its author is not trusted: a line has a maximum, and a record is valid.

use std::io::{self, BufRead, BufReader, ErrorKind, Read};

use aws_lc_rs::digest::{Context, SHA256};
use flate2::bufread::GzDecoder;
use store::Record;

use super::{End, FORMAT, Header, Summary, VERSION, writer::hexadecimal};

/// The longest line is a picture: three JPEGs of a megabyte at most, in base64.
const MAX_LINE: u64 = 8 << 20;

/// Records of a batch at most, and their bytes unless a single one has more.
const BATCH: usize = 500;
const BATCH_BYTES: usize = 256 << 10;

/// An archive that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error("it is no backup that \"recipes backup\" has written")]
    Foreign,
    #[error(
        "it was written by a newer version of this program (format {found}, this one knows {VERSION}): use that version"
    )]
    Newer { found: u32 },
    #[error("it is incomplete: it ends after {records} records, without its last line")]
    Incomplete { records: u64 },
    #[error("it is damaged: line {line}: {why}")]
    Damaged { line: u64, why: String },
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] io::Error),
}

pub(super) struct ArchiveReader<R: Read> {
    input: BufReader<GzDecoder<BufReader<R>>>,
    digest: Context,
    line: Vec<u8>,
    /// Lines that were read.
    lines: u64,
    last: Option<Record>,
    summary: Summary,
    is_complete: bool,
}

impl<R: Read> ArchiveReader<R> {
    /// Reads the header.
    pub(super) fn new(input: R) -> Result<Self, ArchiveError> {
        let input = GzDecoder::new(BufReader::with_capacity(1 << 16, input));
        let mut archive = Self {
            input: BufReader::with_capacity(1 << 16, input),
            digest: Context::new(&SHA256),
            line: Vec::new(),
            lines: 0,
            last: None,
            summary: Summary::default(),
            is_complete: false,
        };
        let has_line = archive.read_line().map_err(|why| match why {
            ArchiveError::Unreadable(why) => ArchiveError::Unreadable(why),
            _ => ArchiveError::Foreign,
        })?;
        let header = serde_json::from_slice(&archive.line).ok().filter(|_| has_line);
        let Some(Header { version, .. }) = header.filter(|header: &Header| header.format == FORMAT) else {
            return Err(ArchiveError::Foreign);
        };
        match version {
            1..=VERSION => archive.digest.update(&archive.line),
            0 => return Err(ArchiveError::Foreign),
            found => return Err(ArchiveError::Newer { found }),
        }
        Ok(archive)
    }

    /// `None` behind the last record, when the whole archive was found to be good.
    pub(super) fn next_batch(&mut self) -> Result<Option<Vec<Record>>, ArchiveError> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while !self.is_complete && batch.len() < BATCH && bytes < BATCH_BYTES {
            if !self.read_line()? {
                return Err(ArchiveError::Incomplete { records: self.lines.saturating_sub(2) });
            }
            if self.line.starts_with(b"{\"end\":") {
                self.check_end()?;
                self.is_complete = true;
            } else {
                bytes += self.line.len();
                batch.push(self.record()?);
            }
        }
        Ok(if batch.is_empty() { None } else { Some(batch) })
    }

    pub(super) fn into_summary(self) -> Summary {
        self.summary
    }

    fn record(&mut self) -> Result<Record, ArchiveError> {
        let record = Record::from_json(&self.line).map_err(|why| self.damaged(why))?;
        if self.last.as_ref().is_some_and(|last| !record.follows(last)) {
            return Err(self.damaged(format!("{record} is not in order, or there twice")));
        }
        self.digest.update(&self.line);
        self.summary.count(&record);
        self.last = Some(record.clone());
        Ok(record)
    }

    fn check_end(&mut self) -> Result<(), ArchiveError> {
        let end = serde_json::from_slice(&self.line);
        let End { end } = end.map_err(|_| self.damaged("it is no valid last line"))?;
        self.summary.sha256 = hexadecimal(self.digest.clone().finish().as_ref());
        if end.sha256 != self.summary.sha256 {
            return Err(self.damaged("the digest of the lines before it is another one"));
        }
        if end.counts != self.summary.counts {
            return Err(self.damaged("the numbers of records are others"));
        }
        // Also reads the checksum of gzip.
        if self.read_line()? || !self.input.get_mut().get_mut().fill_buf()?.is_empty() {
            return Err(self.damaged("there is something behind the end"));
        }
        Ok(())
    }

    /// Answers whether there is one.
    fn read_line(&mut self) -> Result<bool, ArchiveError> {
        self.line.clear();
        let read = (&mut self.input).take(MAX_LINE).read_until(b'\n', &mut self.line);
        self.lines += 1;
        match read {
            Ok(0) => return Ok(false),
            Ok(_) if self.line.ends_with(b"\n") => return Ok(true),
            Ok(_) if self.line.len() as u64 == MAX_LINE => return Err(self.damaged("it is too long")),
            Ok(_) => {}
            Err(why) if why.kind() == ErrorKind::UnexpectedEof => {}
            Err(why) if [ErrorKind::InvalidData, ErrorKind::InvalidInput].contains(&why.kind()) => {
                return Err(self.damaged(format!("it cannot be decompressed ({why})")));
            }
            Err(why) => return Err(why.into()),
        }
        Err(ArchiveError::Incomplete { records: self.lines.saturating_sub(2) })
    }

    fn damaged(&self, why: impl Into<String>) -> ArchiveError {
        ArchiveError::Damaged { line: self.lines, why: why.into() }
    }
}
