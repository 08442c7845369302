//! Text as editors save it: UTF-8 or UTF-16 (as PowerShell redirects), with a byte order mark or without.

use std::{
    fs,
    io::{self, Read as _},
    path::Path,
};

use anyhow::{Context as _, bail};

/// The text of a file, without its byte order mark.
///
/// # Errors
///
/// The file can't be read, or is no text.
pub(crate) fn read(file: &Path) -> io::Result<String> {
    decode(fs::read(file)?)
}

/// The text of a file, or of stdin when the file is `-`.
pub(crate) fn input(file: &Path) -> anyhow::Result<String> {
    if file != Path::new("-") {
        return read(file).with_context(|| format!("berkas `{}` tidak dapat dibaca", file.display()));
    }
    let mut bytes = Vec::new();
    let read = io::stdin().read_to_end(&mut bytes).map(|_| bytes);
    read.and_then(decode).context("masukan baku tidak dapat dibaca")
}

/// The secrets in a file, or on stdin when the file is `-`: one a line, at most `most` of them and at least one. They are not
/// arguments, because every user of a machine can see the arguments of its processes.
pub(crate) fn secrets(file: &Path, most: usize) -> anyhow::Result<Vec<String>> {
    let text = input(file)?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let secrets: Vec<String> = lines.map(str::to_owned).collect();
    if secrets.is_empty() || secrets.len() > most {
        bail!("berkas `{}` harus berisi 1 sampai {most} baris", file.display());
    }
    Ok(secrets)
}

/// Bytes as text, without a byte order mark.
///
/// # Errors
///
/// They are no text.
pub(crate) fn decode(bytes: Vec<u8>) -> io::Result<String> {
    let wide = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.as_chunks().0.iter().copied().map(unit).collect();
        String::from_utf16(&units)
            .ok()
            .filter(|_| bytes.len().is_multiple_of(2))
    };
    let text = if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
        wide(rest, u16::from_le_bytes)
    } else if let Some(rest) = bytes.strip_prefix(b"\xfe\xff") {
        wide(rest, u16::from_be_bytes)
    } else {
        String::from_utf8(bytes).ok()
    };
    let text = text.ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            "bukan teks UTF-8; simpan ulang sebagai UTF-8",
        )
    })?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(text) => text.to_owned(),
        None => text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_the_lines_of_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("kode");
        fs::write(&file, "\u{feff}ABCDE-12345 \r\n\r\n  rahasia\n").unwrap();
        assert_eq!(secrets(&file, 2).unwrap(), ["ABCDE-12345", "rahasia"]);
        assert!(secrets(&file, 1).is_err());
        fs::write(&file, "\n").unwrap();
        let fault = secrets(&file, 2).unwrap_err().to_string();
        assert!(fault.contains("1 sampai 2 baris"), "{fault}");
    }

    #[test]
    fn a_text_is_read_however_an_editor_saved_it() {
        let text = "{\"name\": \"Kafé\"}";
        let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for bytes in [
            text.as_bytes().to_vec(),
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            [b"\xff\xfe".as_slice(), &le].concat(),
            [b"\xfe\xff".as_slice(), &be].concat(),
        ] {
            assert_eq!(decode(bytes).unwrap(), text);
        }
        for bytes in [
            b"Kaf\xe9".to_vec(),
            b"\xff\xfea".to_vec(),
            b"\xff\xfe\x00\xd8".to_vec(),
        ] {
            assert!(decode(bytes).is_err());
        }
    }
}
