//! Files that citizens and units attach: their type, and pictures without their metadata.

use prima_complaint::domain::{
    file::{MediaType, base_name},
    metadata::without,
};
use prima_index::domain::evidence;

use crate::{fuzz, hostile::mutated};

/// The smallest pictures with metadata in them.
fn pictures() -> Vec<(MediaType, Vec<u8>)> {
    let chunk = |kind: &[u8; 4], content: &[u8]| {
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&length[..], kind, content, &[0; 4]].concat()
    };
    let png = [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        chunk(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]),
        chunk(b"tEXt", b"Author\0rahasia"),
        chunk(b"IDAT", &[1, 2, 3]),
        chunk(b"IEND", b""),
    ];
    let segment = |marker: u8, content: &[u8]| {
        let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
        [&[0xff, marker], &length[..], content].concat()
    };
    let exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let jpeg = [
        b"\xff\xd8".to_vec(),
        segment(0xe1, exif),
        segment(0xfe, b"rahasia"),
        segment(0xdb, &[0; 65]),
        segment(0xda, &[1, 1, 0, 0, 63, 0]),
        b"\x12\xff\x00\x34\xff\xd9rahasia".to_vec(),
    ];
    let part = |kind: &[u8; 4], content: &[u8]| {
        let length = u32::try_from(content.len()).unwrap().to_le_bytes();
        [&kind[..], &length, content].concat()
    };
    let parts = [
        part(b"VP8X", &[0b1100, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        part(b"VP8L", &[1, 2, 3, 4]),
        part(b"EXIF", b"rahasia!"),
    ]
    .concat();
    let size = u32::try_from(parts.len() + 4).unwrap().to_le_bytes();
    let webp = [b"RIFF", &size[..], b"WEBP", &parts].concat();
    vec![
        (MediaType::Png, png.concat()),
        (MediaType::Jpeg, jpeg.concat()),
        (MediaType::Webp, webp),
        (MediaType::Pdf, b"%PDF-1.7\n1 0 obj".to_vec()),
    ]
}

#[test]
fn pictures_and_documents() {
    let pictures = pictures();
    for (kind, bytes) in &pictures {
        assert!(kind.fits(bytes), "{kind:?}");
        let kept = without(*kind, bytes).unwrap_or_else(|| panic!("{kind:?} is refused"));
        assert!(!kept.windows(7).any(|w| w == b"rahasia"), "{kind:?}");
    }
    let kinds = [MediaType::Png, MediaType::Jpeg, MediaType::Webp, MediaType::Pdf];
    let honest = pictures.into_iter().map(|(_, bytes)| bytes).collect();
    fuzz(4096, &mutated(honest), |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let _ = (base_name(&text), MediaType::parse(&text));
        if let Some(kind) = evidence::MediaType::parse(&text) {
            let _ = kind.fits(bytes);
        }
        for kind in kinds {
            let _ = kind.fits(bytes);
            // Nothing is added but an orientation, and what is clean stays as it is.
            let Some(kept) = without(kind, bytes) else {
                continue;
            };
            if kept.len() > bytes.len() + 64 || without(kind, &kept).as_ref() != Some(&kept) {
                return Err(format!("{kind:?}: {} bytes become {}", bytes.len(), kept.len()));
            }
        }
        Ok(())
    });
}
