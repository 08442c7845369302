//! Removes the metadata of pictures: EXIF, XMP, IPTC, comments, previews, and data that devices append to the file.
//! They contain places, owners and serial numbers, for example. Only the orientation and parts that are known to be
//! needed to draw the picture are copied; unknown parts are left out.

use super::file::MediaType;

/// A picture without its metadata; `None` when it is so damaged that its parts can't be distinguished.
///
/// A document (PDF) is returned unchanged: its metadata may be in compressed parts, and official documents are signed
/// as a whole.
pub fn without(media_type: MediaType, bytes: &[u8]) -> Option<Vec<u8>> {
    match media_type {
        MediaType::Jpeg => jpeg(bytes),
        MediaType::Png => png(bytes),
        MediaType::Webp => webp(bytes),
        MediaType::Pdf => Some(bytes.to_vec()),
    }
}

/// The bytes that are still to be read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }
}

/// JPEG (ITU-T T.81): segments up to the end of the image, and the entropy-coded data of scans.
fn jpeg(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut rest = Rest(bytes.strip_prefix(b"\xff\xd8")?);
    let mut kept = b"\xff\xd8".to_vec();
    let (mut turned, mut drawn) = (None, false);
    let mut parts = Vec::new();
    loop {
        // The data of a scan precede the next marker; before the first scan there are none.
        let Some(marker) = next_marker(&mut rest, drawn.then_some(&mut parts)) else {
            // A picture that was cut off in transmission is still displayed in part.
            if !drawn {
                return None;
            }
            break;
        };
        match marker {
            0xd9 => break,
            0x01 | 0xd0..=0xd7 => parts.extend_from_slice(&[0xff, marker]),
            _ => {
                let length = u16::from_be_bytes(rest.array()?);
                let content = rest.take(usize::from(length).checked_sub(2)?)?;
                if let Some(exif) = content.strip_prefix(b"Exif\0\0").filter(|_| marker == 0xe1) {
                    turned = turned.or_else(|| orientation(exif));
                }
                if let Some(content) = drawing(marker, content) {
                    drawn |= marker == 0xda;
                    parts.extend_from_slice(&[0xff, marker]);
                    parts.extend_from_slice(&u16::try_from(content.len() + 2).ok()?.to_be_bytes());
                    parts.extend_from_slice(content);
                }
            }
        }
    }
    if !drawn {
        return None;
    }
    if let Some(turned) = turned {
        kept.extend_from_slice(b"\xff\xe1\x00\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0");
        kept.extend_from_slice(&[turned, 0, 0, 0, 0, 0, 0]);
    }
    kept.extend_from_slice(&parts);
    kept.extend_from_slice(b"\xff\xd9");
    Some(kept)
}

/// The next marker; `None` at the end. The bytes before it are appended to `scan`, if given.
fn next_marker(rest: &mut Rest<'_>, mut scan: Option<&mut Vec<u8>>) -> Option<u8> {
    loop {
        let byte = rest.byte()?;
        if byte != 0xff {
            if let Some(scan) = &mut scan {
                scan.push(byte);
            }
            continue;
        }
        let mut marker = rest.byte()?;
        while marker == 0xff {
            marker = rest.byte()?;
        }
        if marker != 0 {
            return Some(marker);
        }
        if let Some(scan) = &mut scan {
            scan.extend_from_slice(&[0xff, 0]);
        }
    }
}

/// The part of a segment that is needed to draw the picture: tables, frames and scans, the colour profile, and the
/// segments that determine the colour space.
fn drawing(marker: u8, content: &[u8]) -> Option<&[u8]> {
    match marker {
        0xc0..=0xcf | 0xda..=0xdf => Some(content),
        // The segment without its preview; the size of a preview is in the last two of these bytes, and is zero here.
        0xe0 if content.starts_with(b"JFIF\0") && content.get(12..14) == Some(&[0, 0]) => content.get(..14),
        0xe2 if content.starts_with(b"ICC_PROFILE\0") => Some(content),
        0xee if content.starts_with(b"Adobe") => content.get(..12),
        _ => None,
    }
}

/// The orientation of a picture, 2 to 8; `None` when it is upright, or when the orientation can't be read.
fn orientation(exif: &[u8]) -> Option<u8> {
    let little = match exif.get(..4)? {
        b"II\x2a\0" => true,
        b"MM\0\x2a" => false,
        _ => return None,
    };
    let short = |at: usize| {
        let bytes: [u8; 2] = exif.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if little {
            u16::from_le_bytes(bytes)
        } else {
            u16::from_be_bytes(bytes)
        })
    };
    let bytes: [u8; 4] = exif.get(4..8)?.try_into().ok()?;
    let first = if little {
        u32::from_le_bytes(bytes)
    } else {
        u32::from_be_bytes(bytes)
    };
    let first = usize::try_from(first).ok()?;
    let entries = (0..usize::from(short(first)?)).filter_map(|n| first.checked_add(2 + n * 12));
    let mut turned = entries.filter(|at| short(*at) == Some(0x0112));
    let value = short(turned.next()?.checked_add(8)?)?;
    u8::try_from(value).ok().filter(|value| (2..=8).contains(value))
}

/// PNG (third edition), animations included: only chunks that are needed to draw the picture.
fn png(bytes: &[u8]) -> Option<Vec<u8>> {
    const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
    const DRAWING: [&[u8; 4]; 20] = [
        b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP",
        b"mDCV", b"cLLI", b"bKGD", b"hIST", b"pHYs", b"sPLT", b"acTL", b"fcTL", b"fdAT",
    ];
    let mut rest = Rest(bytes.strip_prefix(SIGNATURE)?);
    let mut kept = SIGNATURE.to_vec();
    loop {
        let length: [u8; 4] = rest.array()?;
        let kind: [u8; 4] = rest.array()?;
        let content = rest.take(usize::try_from(u32::from_be_bytes(length)).ok()?.checked_add(4)?)?;
        if DRAWING.contains(&&kind) {
            kept.extend_from_slice(&length);
            kept.extend_from_slice(&kind);
            kept.extend_from_slice(content);
        }
        if &kind == b"IEND" {
            return Some(kept);
        }
    }
}

/// WebP: only chunks that are needed to draw the picture; the metadata flags of the extended header are cleared.
fn webp(bytes: &[u8]) -> Option<Vec<u8>> {
    const EXIF_AND_XMP: u8 = 0b1100;
    let mut rest = Rest(bytes);
    let header: [u8; 12] = rest.array()?;
    let declared = usize::try_from(u32::from_le_bytes(header.get(4..8)?.try_into().ok()?)).ok()?;
    let mut rest = Rest(rest.take(declared.checked_sub(4)?)?);
    let mut kept = Vec::with_capacity(bytes.len());
    while !rest.0.is_empty() {
        let kind: [u8; 4] = rest.array()?;
        let length: [u8; 4] = rest.array()?;
        let size = usize::try_from(u32::from_le_bytes(length)).ok()?;
        let content = rest.take(size)?;
        if size % 2 == 1 {
            // Some programs omit the last padding byte.
            rest.byte();
        }
        match (&kind, content.split_first()) {
            (b"VP8X", Some((flags, others))) => {
                kept.extend_from_slice(&kind);
                kept.extend_from_slice(&length);
                kept.push(flags & !EXIF_AND_XMP);
                kept.extend_from_slice(others);
            }
            (b"VP8 " | b"VP8L" | b"ALPH" | b"ANIM" | b"ANMF" | b"ICCP", _) => {
                kept.extend_from_slice(&kind);
                kept.extend_from_slice(&length);
                kept.extend_from_slice(content);
                kept.extend(std::iter::repeat_n(0, size % 2));
            }
            _ => {}
        }
    }
    let size = u32::try_from(kept.len().checked_add(4)?).ok()?;
    let whole = [b"RIFF".as_slice(), &size.to_le_bytes(), b"WEBP", &kept];
    (!kept.is_empty()).then(|| whole.concat())
}

#[cfg(test)]
#[path = "metadata_tests.rs"]
mod tests;
