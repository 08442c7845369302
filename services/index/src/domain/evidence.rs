//! Evidence (bukti dukung): which files are accepted.

/// Largest file, bytes.
pub const SIZE_MAX: u64 = 20 << 20;
/// Number of leading bytes of a file that identify its type.
pub const START: usize = 32 << 10;

/// Type of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaType {
    /// PDF.
    Pdf,
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// WebP.
    Webp,
    /// Comma-separated values.
    Csv,
    /// Spreadsheet of Office Open XML.
    Xlsx,
}

impl MediaType {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Pdf,
        Self::Png,
        Self::Jpeg,
        Self::Webp,
        Self::Csv,
        Self::Xlsx,
    ];

    /// Its name (RFC 6838).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
            Self::Csv => "text/csv",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }

    /// The one of this name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.as_str() == text)
    }

    /// Whether a file of this type can begin with these bytes; `start` is the whole file, or its first [`START`]
    /// bytes.
    pub fn fits(self, start: &[u8]) -> bool {
        match self {
            Self::Pdf => start.starts_with(b"%PDF-"),
            Self::Png => start.starts_with(b"\x89PNG\r\n\x1a\n"),
            Self::Jpeg => start.starts_with(b"\xff\xd8\xff"),
            Self::Webp => start.starts_with(b"RIFF") && start.get(8..12) == Some(b"WEBP"),
            Self::Csv => plain(start),
            // A zip has local headers of 30 bytes, each followed by a name; a spreadsheet keeps its parts in `xl/`.
            Self::Xlsx => {
                start.starts_with(b"PK\x03\x04")
                    && start
                        .windows(33)
                        .any(|w| w.starts_with(b"PK\x03\x04") && w.ends_with(b"xl/"))
            }
        }
    }
}

/// Whether this is text without control characters that is neither another type nor a web page.
fn plain(start: &[u8]) -> bool {
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        // The last character may be cut off.
        Err(error) if error.error_len().is_none() => {
            let whole = start.get(..error.valid_up_to()).unwrap_or_default();
            std::str::from_utf8(whole).unwrap_or_default()
        }
        Err(_) => return false,
    };
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let control = text
        .chars()
        .any(|c| c.is_control() && !matches!(c, '\t' | '\r' | '\n'));
    !text.is_empty() && !control && !text.starts_with('<') && !text.starts_with("%PDF-")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn zip(names: &[&str]) -> Vec<u8> {
        let header = |name: &&str| {
            let mut bytes = b"PK\x03\x04".to_vec();
            bytes.resize(30, 0);
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(&[7; 100]);
            bytes
        };
        names.iter().flat_map(header).collect()
    }

    fn samples() -> [(MediaType, Vec<u8>); 6] {
        let mut cut = "nama;nilai\né".as_bytes().to_vec();
        cut.pop();
        [
            (MediaType::Pdf, b"%PDF-1.7\n1 0 obj".to_vec()),
            (MediaType::Png, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec()),
            (MediaType::Jpeg, b"\xff\xd8\xff\xe0\0\x10JFIF".to_vec()),
            (MediaType::Webp, b"RIFF\x10\0\0\0WEBPVP8 ".to_vec()),
            (MediaType::Csv, cut),
            (
                MediaType::Xlsx,
                zip(&["[Content_Types].xml", "_rels/.rels", "xl/workbook.xml"]),
            ),
        ]
    }

    #[test]
    fn the_first_bytes_fit_one_type_only() {
        for (type_, start) in samples() {
            let fitting: Vec<MediaType> = MediaType::ALL.into_iter().filter(|t| t.fits(&start)).collect();
            assert_eq!(fitting, [type_]);
            assert_eq!(MediaType::parse(type_.as_str()), Some(type_));
        }
    }

    #[test]
    fn word_documents_web_pages_and_programs_are_no_evidence() {
        let word = zip(&["[Content_Types].xml", "word/document.xml"]);
        for start in [
            word.as_slice(),
            b"\n<!DOCTYPE html><script>",
            b"MZ\x90\0\x03",
            b"\x7fELF\x02",
            b"a,b\0c",
            b"\xff\xfea\0,\0",
            b"",
        ] {
            assert!(MediaType::ALL.iter().all(|t| !t.fits(start)), "{start:?}");
        }
    }

    proptest! {
        #[test]
        fn no_start_fits_two_types(start in proptest::collection::vec(any::<u8>(), 0..64), which in 0_usize..7, at in 0_usize..40) {
            let mut bytes = samples().get(which).map(|(_, s)| s.clone()).unwrap_or_default();
            bytes.truncate(at);
            bytes.extend(start);
            prop_assert!(MediaType::ALL.iter().filter(|t| t.fits(&bytes)).count() <= 1);
        }
    }
}
