//! Reading the file. Rows are given out only when a digest after them has shown that they are as they were written.

use std::io::{BufRead, Read};

use lookback_store::{Kind, Position, Row};
use sha2::{Digest, Sha256};

use crate::line::{self, Check, Header, Line};
use crate::{CHECK_ROWS, FORMAT, ImportError, LINE_BYTES_MAX};

/// A file that is being read.
pub struct Reader<R> {
    file: R,
    /// What the first line says.
    pub header: Header,
    sha256: Sha256,
    /// Lines, rows and bytes that were given out.
    line: u64,
    rows: u64,
    bytes: u64,
    last: Option<(Kind, Position)>,
    ended: bool,
}

impl<R: BufRead> Reader<R> {
    /// Reads the first line.
    pub fn open(mut file: R) -> Result<Self, ImportError> {
        let first = next_line(&mut file, 0)?.ok_or(ImportError::Foreign)?;
        match line::format(&first) {
            None => return Err(ImportError::Foreign),
            Some(FORMAT) => {}
            Some(found) => return Err(ImportError::Format { found }),
        }
        let Line::LookbackExport(header) = parse(&first, 1)? else { return Err(ImportError::Foreign) };
        let (sha256, bytes) = (Sha256::new_with_prefix(&first), first.len() as u64);
        Ok(Self { file, header, sha256, line: 1, rows: 0, bytes, last: None, ended: false })
    }

    /// The next rows, which are as they were written; none at the end of the file.
    pub fn next(&mut self) -> Result<Option<Vec<Row>>, ImportError> {
        let mut rows = Vec::new();
        while !self.ended {
            let cut_short = ImportError::CutShort { line: self.line };
            let bytes = next_line(&mut self.file, self.line)?.ok_or(cut_short)?;
            self.line += 1;
            let check = match parse(&bytes, self.line)?.into_row() {
                Ok(row) => {
                    self.in_order(&row)?;
                    rows.push(row);
                    if rows.len() as u64 > CHECK_ROWS {
                        return Err(self.damaged("a digest is missing"));
                    }
                    None
                }
                Err(line) => match *line {
                    Line::Check(check) => Some(check),
                    Line::End(check) => {
                        self.ended = true;
                        Some(check)
                    }
                    _ => return Err(self.damaged("it stands in the wrong place")),
                },
            };
            let digest = check.map(|check| (check, self.sha256.clone()));
            self.sha256.update(&bytes);
            self.bytes += bytes.len() as u64;
            if let Some((check, before)) = digest {
                let expected = Check { rows: self.rows + rows.len() as u64, sha256: hex(before) };
                if check != expected {
                    return Err(self.damaged("what is before it is not what was written"));
                }
                self.rows = expected.rows;
                if self.ended {
                    self.at_the_end()?;
                }
                if !rows.is_empty() {
                    return Ok(Some(rows));
                }
            }
        }
        Ok(None)
    }

    /// How many rows were given out.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Whether the last line was given out.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// How many bytes lead to the last digest that was given out, itself included, and what they are.
    pub fn so_far(&self) -> (u64, Sha256) {
        (self.bytes, self.sha256.clone())
    }

    /// How many there are, as the first line has it.
    pub fn total(&self) -> u64 {
        // A damaged file may say anything.
        self.header.counts.values().fold(0, |all, &count| all.saturating_add(count))
    }

    fn in_order(&mut self, row: &Row) -> Result<(), ImportError> {
        let place = (row.kind(), row.position());
        if self.last.as_ref().is_some_and(|last| *last >= place) {
            return Err(self.damaged("it is out of order"));
        }
        self.last = Some(place);
        Ok(())
    }

    fn at_the_end(&mut self) -> Result<(), ImportError> {
        if self.rows != self.total() {
            return Err(self.damaged("there are not as many rows as the first line says"));
        }
        if next_line(&mut self.file, self.line)?.is_some() {
            self.line += 1;
            return Err(self.damaged("it follows the end"));
        }
        Ok(())
    }

    fn damaged(&self, why: &str) -> ImportError {
        ImportError::Damaged { line: self.line, why: why.to_owned() }
    }
}

/// A digest as it is written.
pub fn hex(digest: Sha256) -> String {
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The next line with its end; none at the end of the file. A line without an end was cut short.
fn next_line(file: &mut impl BufRead, line: u64) -> Result<Option<Vec<u8>>, ImportError> {
    let mut bytes = Vec::new();
    file.take(LINE_BYTES_MAX).read_until(b'\n', &mut bytes)?;
    match bytes.last() {
        None => Ok(None),
        Some(b'\n') => Ok(Some(bytes)),
        Some(_) if bytes.len() as u64 == LINE_BYTES_MAX => {
            Err(ImportError::Damaged { line: line + 1, why: "it is too long".to_owned() })
        }
        Some(_) if line == 0 => Err(ImportError::Foreign),
        Some(_) => Err(ImportError::CutShort { line }),
    }
}

/// What a line says. The error does not repeat what is in it.
fn parse(bytes: &[u8], line: u64) -> Result<Line, ImportError> {
    serde_json::from_slice(bytes).map_err(|error| {
        let why = match error.classify() {
            serde_json::error::Category::Data => "it says something that this version does not know",
            _ => "it is not JSON",
        };
        ImportError::Damaged { line, why: format!("{why}, at column {}", error.column()) }
    })
}
