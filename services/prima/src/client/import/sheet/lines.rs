//! The lines of a text file, which end with LF, CRLF or CR, in any encoding that spreadsheets write.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};

const BUFFER: usize = 1 << 16;
/// Longest line, in bytes.
const LINE_MAX: usize = 1 << 22;
/// Largest file that is decoded in memory.
const DECODED_MAX: u64 = 1 << 28;
const BOM: &[u8] = b"\xef\xbb\xbf";

/// Where a text is: a file, or the part of an archive in memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origin {
    path: PathBuf,
    bytes: Option<Arc<[u8]>>,
}

impl Origin {
    /// A file.
    pub(crate) fn file(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            bytes: None,
        }
    }

    /// A text that was unpacked from a file.
    pub(crate) fn unpacked(path: &Path, bytes: Vec<u8>) -> Self {
        Self {
            path: path.to_owned(),
            bytes: Some(bytes.into()),
        }
    }

    fn open(&self) -> anyhow::Result<Box<dyn Read + Send>> {
        let shown = || format!("berkas `{}` tidak dapat dibuka", self.path.display());
        Ok(match &self.bytes {
            Some(bytes) => Box::new(Cursor::new(bytes.clone())),
            None => Box::new(File::open(&self.path).with_context(shown)?),
        })
    }
}

/// Encoding and format of a file, found by reading all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Letters {
    /// The encoding, when it is not UTF-8.
    pub encoding: Option<&'static Encoding>,
    /// Whether it begins with a byte order mark.
    pub bom: bool,
    /// Whether its lines end with CRLF.
    pub crlf: bool,
    /// Length of the file, in bytes.
    pub bytes: u64,
}

/// Determines the encoding and format of a file.
///
/// # Errors
///
/// When the file can't be read or is no text.
pub(crate) fn look(origin: &Origin) -> anyhow::Result<Letters> {
    let shown = || format!("berkas `{}`", origin.path.display());
    let mut file = origin.open()?;
    let (mut buffer, mut held) = (vec![0; BUFFER], Vec::new());
    let mut letters = Letters {
        encoding: None,
        bom: false,
        crlf: false,
        bytes: 0,
    };
    let (mut valid, mut invalid, mut control) = (false, false, false);
    loop {
        let read = file.read(&mut buffer).with_context(shown)?;
        if letters.bytes == 0 {
            let start = buffer.get(..read).unwrap_or_default();
            letters.bom = start.starts_with(BOM);
            letters.encoding = wide(start);
            letters.crlf = start.windows(2).any(|pair| pair == b"\r\n");
        }
        letters.bytes += read as u64;
        held.extend_from_slice(buffer.get(..read).unwrap_or_default());
        control |= held.iter().any(|byte| *byte < b'\t');
        let used = judge(&held, read == 0, &mut valid, &mut invalid);
        held.drain(..used);
        if read == 0 {
            break;
        }
    }
    if letters.encoding.is_none() {
        if control {
            bail!(
                "{} bukan berkas teks atau buku kerja yang dikenal (CSV, XLSX, ODS)",
                shown()
            )
        }
        // A file that also contains valid UTF-8 letters is a damaged UTF-8 file, not one in another encoding.
        if invalid && !valid {
            letters.encoding = Some(WINDOWS_1252);
        }
    }
    if letters.encoding.is_some() && letters.bytes > DECODED_MAX {
        bail!(
            "{}: terlalu besar untuk dibaca selain sebagai UTF-8; simpan ulang sebagai \"CSV UTF-8\"",
            shown()
        )
    }
    Ok(letters)
}

/// Recognises UTF-16 by its byte order mark, or by the zero in every second byte of a Latin text.
fn wide(start: &[u8]) -> Option<&'static Encoding> {
    if start.starts_with(b"\xff\xfe") {
        return Some(UTF_16LE);
    }
    if start.starts_with(b"\xfe\xff") {
        return Some(UTF_16BE);
    }
    match start {
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => Some(UTF_16LE),
        [0, first, 0, second, ..] if *first != 0 && *second != 0 => Some(UTF_16BE),
        _ => None,
    }
}

/// Judges the complete letters at the front of `bytes`, and returns their length in bytes.
fn judge(bytes: &[u8], last: bool, valid: &mut bool, invalid: &mut bool) -> usize {
    let mut from = 0;
    loop {
        let rest = bytes.get(from..).unwrap_or_default();
        match std::str::from_utf8(rest) {
            Ok(text) => {
                *valid |= !text.trim_start_matches('\u{feff}').is_ascii();
                return bytes.len();
            }
            Err(error) => {
                let good = rest.get(..error.valid_up_to()).unwrap_or_default();
                *valid |= !good.strip_prefix(BOM).unwrap_or(good).is_ascii();
                match error.error_len() {
                    Some(bad) => {
                        *invalid = true;
                        from += error.valid_up_to() + bad;
                    }
                    None if last => {
                        *invalid = true;
                        return bytes.len();
                    }
                    None => return from + error.valid_up_to(),
                }
            }
        }
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Line {
    /// Its number, from 1.
    pub number: u64,
    /// Bytes read up to its end.
    pub read: u64,
    /// Its text without the line end.
    pub text: String,
    /// Whether the line is not valid UTF-8; the text then has replacement characters.
    pub damaged: bool,
}

/// Reads lines; lines that were read can be given back.
pub(crate) struct Lines {
    input: Box<dyn BufRead + Send>,
    back: VecDeque<Line>,
    buffer: Vec<u8>,
    number: u64,
    read: u64,
    after_cr: bool,
}

impl Lines {
    /// Reads a file from behind its byte order mark.
    ///
    /// # Errors
    ///
    /// When the file can't be read.
    pub(crate) fn open(origin: &Origin, letters: &Letters) -> anyhow::Result<Self> {
        let shown = || format!("berkas `{}` tidak dapat dibuka", origin.path.display());
        let mut file = BufReader::with_capacity(BUFFER, origin.open()?);
        let input: Box<dyn BufRead + Send> = match letters.encoding {
            None => {
                if letters.bom {
                    file.read_exact(&mut [0; BOM.len()]).with_context(shown)?;
                }
                Box::new(file)
            }
            Some(encoding) => {
                let mut bytes = Vec::new();
                file.take(DECODED_MAX)
                    .read_to_end(&mut bytes)
                    .with_context(shown)?;
                let (text, ..) = encoding.decode(&bytes);
                Box::new(Cursor::new(text.into_owned().into_bytes()))
            }
        };
        Ok(Self::of(input))
    }

    /// Reads a text in memory.
    pub(crate) fn text(text: String) -> Self {
        Self::of(Box::new(Cursor::new(text.into_bytes())))
    }

    fn of(input: Box<dyn BufRead + Send>) -> Self {
        Self {
            input,
            back: VecDeque::new(),
            buffer: Vec::new(),
            number: 0,
            read: 0,
            after_cr: false,
        }
    }

    /// Returns the next line; `None` at the end.
    ///
    /// # Errors
    ///
    /// When the rest of the file can't be read, or a line is too long.
    pub(crate) fn next(&mut self) -> anyhow::Result<Option<Line>> {
        if let Some(line) = self.back.pop_front() {
            return Ok(Some(line));
        }
        if !self.fill()? {
            return Ok(None);
        }
        self.number += 1;
        let (text, damaged) = match std::str::from_utf8(&self.buffer) {
            Ok(text) => (text.to_owned(), false),
            Err(_) => (String::from_utf8_lossy(&self.buffer).into_owned(), true),
        };
        Ok(Some(Line {
            number: self.number,
            read: self.read,
            text,
            damaged,
        }))
    }

    /// Gives lines back, in their order; they are the next ones to be read.
    pub(crate) fn give_back(&mut self, lines: impl DoubleEndedIterator<Item = Line>) {
        for line in lines.rev() {
            self.back.push_front(line);
        }
    }

    fn fill(&mut self) -> anyhow::Result<bool> {
        self.buffer.clear();
        let mut begun = false;
        loop {
            let part = self.input.fill_buf().context("berkas tidak dapat dibaca")?;
            let Some(first) = part.first() else {
                return Ok(begun);
            };
            if std::mem::take(&mut self.after_cr) && *first == b'\n' {
                self.input.consume(1);
                self.read += 1;
                continue;
            }
            begun = true;
            let end = part.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let (taken, used) = match end {
                Some(end) => {
                    self.after_cr = part.get(end) == Some(&b'\r');
                    (end, end + 1)
                }
                None => (part.len(), part.len()),
            };
            self.buffer
                .extend_from_slice(part.get(..taken).unwrap_or_default());
            self.input.consume(used);
            self.read += used as u64;
            if end.is_some() {
                return Ok(true);
            }
            if self.buffer.len() > LINE_MAX {
                bail!(
                    "baris {} lebih panjang dari {} MB; ini bukan berkas tabel",
                    self.number + 1,
                    LINE_MAX >> 20
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> anyhow::Result<Vec<String>> {
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), bytes)?;
        let origin = Origin::file(file.path());
        let mut lines = Lines::open(&origin, &look(&origin)?)?;
        let mut all = Vec::new();
        while let Some(line) = lines.next()? {
            let mark = if line.damaged { "!" } else { "" };
            all.push(format!("{}{mark}:{}", line.number, line.text));
        }
        Ok(all)
    }

    #[test]
    fn every_line_end_and_encoding_gives_the_same_lines() {
        let expected = ["1:a", "2:é", "3:", "4:c"];
        let utf16: Vec<u8> = "\u{feff}a\r\né\r\n\r\nc"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        for bytes in [
            "a\né\n\nc".as_bytes(),
            "a\r\né\r\n\r\nc\r\n".as_bytes(),
            "a\ré\r\rc\r".as_bytes(),
            "\u{feff}a\né\n\nc\n".as_bytes(),
            b"a\n\xe9\n\nc",
            &utf16,
        ] {
            assert_eq!(lines(bytes).unwrap(), expected, "{bytes:?}");
        }
    }

    #[test]
    fn only_the_damaged_line_of_a_utf8_file_is_damaged() {
        assert_eq!(
            lines(
                "é\n"
                    .as_bytes()
                    .iter()
                    .chain(b"\xe9\n")
                    .copied()
                    .collect::<Vec<u8>>()
                    .as_slice()
            )
            .unwrap(),
            ["1:é", "2!:\u{fffd}"]
        );
        assert!(lines(b"a\0\x01\x02").is_err());
    }
}
