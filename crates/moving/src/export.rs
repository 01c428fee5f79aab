//! From a store into a file.

use std::collections::BTreeMap;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};

use jiff::Timestamp;
use lookback_store::{Kind, Store};
use sha2::{Digest, Sha256};

use crate::compare::Rows;
use crate::line::{self, Check, Header, Line};
use crate::read::{Reader, hex};
use crate::{CHECK_BYTES, CHECK_ROWS, Doing, ExportError, FORMAT, Progress};

/// What can be cut short, as a file can.
pub trait Truncate {
    /// Leaves the first `bytes` bytes.
    fn truncate(&mut self, bytes: u64) -> std::io::Result<()>;
}

impl Truncate for std::fs::File {
    fn truncate(&mut self, bytes: u64) -> std::io::Result<()> {
        self.set_len(bytes)
    }
}

/// Exports everything that a store holds at this moment, and gives the number of rows.
///
/// Where `file` has the beginning of an export that was interrupted, that stays as far as it is whole and the store
/// still holds the same; else it is written anew.
pub async fn export<F: Read + Write + Seek + Truncate + Send>(
    store: &dyn Store,
    file: &mut F,
    version: &str,
    now: Timestamp,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<u64, ExportError> {
    let snapshot = store.snapshot().await?;
    let mut counts = BTreeMap::new();
    for kind in Kind::ALL {
        counts.insert(line::name(kind).to_owned(), snapshot.count(kind).await?);
    }
    let of = counts.values().sum();
    let mut rows = Rows::new(&*snapshot);
    let begun = match begun(file, &counts, &mut rows).await? {
        Some(begun) => begun,
        None => {
            rows = Rows::new(&*snapshot);
            Begun::default()
        }
    };
    file.truncate(begun.bytes)?;
    file.seek(SeekFrom::Start(begun.bytes))?;
    let Begun { rows: done, sha256, .. } = begun;
    let mut out = Writer { file: BufWriter::new(file), sha256, rows: done, unchecked: (0, 0) };
    if begun.bytes == 0 {
        let header = Header { format: FORMAT, version: version.to_owned(), made_at: now, counts };
        out.write(&Line::LookbackExport(header))?;
    }
    while let Some(row) = rows.next().await? {
        if out.row(&row.into())? {
            out.check(Line::Check)?;
            progress(Progress { doing: Doing::Exporting, done: out.rows, of });
        }
    }
    out.check(Line::End)?;
    progress(Progress { doing: Doing::Exporting, done: out.rows, of });
    Ok(out.rows)
}

/// What is there of an export.
#[derive(Default)]
struct Begun {
    bytes: u64,
    rows: u64,
    sha256: Sha256,
}

/// How much of the file can stay; `rows` goes on after it. None where nothing can.
async fn begun<F: Read + Seek>(
    file: &mut F,
    counts: &BTreeMap<String, u64>,
    rows: &mut Rows<'_>,
) -> Result<Option<Begun>, ExportError> {
    file.rewind()?;
    let Ok(mut reader) = Reader::open(BufReader::new(file)) else { return Ok(None) };
    if reader.header.counts != *counts {
        return Ok(None);
    }
    let mut begun = None;
    // What cannot be read is what was not written whole.
    while let Ok(Some(part)) = reader.next() {
        if reader.has_ended() {
            break;
        }
        for row in part {
            if rows.next().await? != Some(row) {
                return Ok(None);
            }
        }
        let (bytes, sha256) = reader.so_far();
        begun = Some(Begun { bytes, rows: reader.rows(), sha256 });
    }
    Ok(begun)
}

struct Writer<W> {
    file: W,
    sha256: Sha256,
    rows: u64,
    /// Rows and bytes since the last digest.
    unchecked: (u64, u64),
}

impl<W: Write> Writer<W> {
    /// Writes a row, and says whether it is time for a digest.
    fn row(&mut self, line: &Line) -> std::io::Result<bool> {
        self.write(line)?;
        self.rows += 1;
        self.unchecked.0 += 1;
        Ok(self.unchecked.0 >= CHECK_ROWS || self.unchecked.1 >= CHECK_BYTES)
    }

    fn write(&mut self, line: &Line) -> std::io::Result<()> {
        let bytes = line.written();
        self.sha256.update(&bytes);
        self.unchecked.1 += bytes.len() as u64;
        self.file.write_all(&bytes)
    }

    /// Writes what everything so far is.
    fn check(&mut self, line: impl FnOnce(Check) -> Line) -> std::io::Result<()> {
        self.write(&line(Check { rows: self.rows, sha256: hex(self.sha256.clone()) }))?;
        self.unchecked = (0, 0);
        self.file.flush()
    }
}
