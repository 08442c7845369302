//! Text as editors save it: UTF-8 or UTF-16 (as PowerShell redirects), with a byte order mark or without.

use std::{fs, io, path::Path};

/// The text of a file, without its byte order mark.
///
/// # Errors
///
/// The file can't be read, or is no text.
pub(crate) fn read(file: &Path) -> io::Result<String> {
    decode(fs::read(file)?)
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
