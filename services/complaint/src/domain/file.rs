//! The types of files that can be attached.

use chrono::TimeDelta;

/// How long an uploaded file may wait to be attached.
pub const ATTACH_WITHIN: TimeDelta = TimeDelta::hours(24);

/// Number of bytes at the beginning of a file that identify its type.
pub const START: usize = 16;

/// The media type of a file: a picture or a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaType {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    Webp,
    /// PDF.
    Pdf,
}

impl MediaType {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Jpeg, Self::Png, Self::Webp, Self::Pdf];

    /// Name of the media type (RFC 6838).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Pdf => "application/pdf",
        }
    }

    /// The media type with this name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.as_str() == text)
    }

    /// The extension of file names.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Pdf => "pdf",
        }
    }

    /// Whether metadata that may identify the author can be removed from a file of this type (`metadata.rs`).
    pub fn is_cleaned(self) -> bool {
        self != Self::Pdf
    }

    /// Whether a file of this type can begin with `start`, which must be the whole file or at least its first [`START`]
    /// bytes.
    pub fn fits(self, start: &[u8]) -> bool {
        match self {
            Self::Jpeg => start.starts_with(b"\xff\xd8\xff"),
            Self::Png => start.starts_with(b"\x89PNG\r\n\x1a\n"),
            Self::Webp => start.starts_with(b"RIFF") && start.get(8..12) == Some(b"WEBP"),
            Self::Pdf => start.starts_with(b"%PDF-"),
        }
    }
}

/// The name of a file without the folders before it, which some browsers and scripts send.
pub fn base_name(raw: &str) -> &str {
    let name = raw.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    // These two names are folders.
    if matches!(name, "." | "..") { "" } else { name }
}

/// The name under which the `n`th file (from 1) of an anonymous or confidential reporter is stored and shown, because people
/// put their own names into file names.
pub fn neutral_name(n: usize, media_type: &str) -> String {
    let extension = MediaType::parse(media_type).map_or("", MediaType::extension);
    format!("lampiran-{n}.{extension}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_no_folder() {
        for (raw, name) in [
            ("surat.pdf", "surat.pdf"),
            ("../../etc/passwd.pdf", "passwd.pdf"),
            ("C:\\fakepath\\foto rumah.jpg", "foto rumah.jpg"),
            ("/a/b/ c.png ", "c.png"),
            ("a\\../b.png", "b.png"),
            ("folder/", ""),
            ("..", ""),
            ("a/.", ""),
        ] {
            assert_eq!(base_name(raw), name, "{raw}");
        }
        assert_eq!(neutral_name(2, "image/webp"), "lampiran-2.webp");
    }

    #[test]
    fn the_first_bytes_identify_one_type_only() {
        for (type_, start) in [
            (MediaType::Jpeg, &b"\xff\xd8\xff\xe0\0\x10JFIF"[..]),
            (MediaType::Png, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
            (MediaType::Webp, b"RIFF\x10\0\0\0WEBPVP8 "),
            (MediaType::Pdf, b"%PDF-1.7\n"),
        ] {
            let fitting: Vec<MediaType> = MediaType::ALL.into_iter().filter(|t| t.fits(start)).collect();
            assert_eq!(fitting, [type_]);
            assert_eq!(MediaType::parse(type_.as_str()), Some(type_));
        }
    }

    #[test]
    fn web_pages_programs_and_truncated_files_have_no_type() {
        for start in [
            &b""[..],
            b"\xff\xd8",
            b"RIFF\x10\0\0\0WAVE",
            b"RIFF",
            b"<svg onload=x>",
            b"MZ\x90\0",
            b" %PDF-1.7",
        ] {
            assert!(MediaType::ALL.iter().all(|t| !t.fits(start)), "{start:?}");
        }
    }
}
