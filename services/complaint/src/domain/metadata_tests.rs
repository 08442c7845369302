//! Tests with pictures like those of cameras and phones: all metadata are removed, and the rest is kept.

use proptest::prelude::*;

use super::*;

/// A text that must not remain in any picture.
const SECRETS: [&[u8]; 6] = [b"Rahasia", b"GPS", b"xpacket", b"8BIM", b"MPF", b"serial"];

fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker], length.as_slice(), content].concat()
}

/// An EXIF segment with an artist and this orientation.
fn exif(little: bool, turned: u16) -> Vec<u8> {
    let short = |n: u16| if little { n.to_le_bytes() } else { n.to_be_bytes() };
    let long = |n: u32| if little { n.to_le_bytes() } else { n.to_be_bytes() };
    let mut tiff = if little {
        b"II\x2a\0".to_vec()
    } else {
        b"MM\0\x2a".to_vec()
    };
    tiff.extend(long(8));
    tiff.extend(short(2));
    // The tag Artist (ASCII), whose value follows the directory.
    for part in [short(0x013b), short(2)] {
        tiff.extend(part);
    }
    tiff.extend([long(12), long(38)].concat());
    for part in [short(0x0112), short(3)] {
        tiff.extend(part);
    }
    tiff.extend(long(1));
    tiff.extend([short(turned), short(0)].concat());
    tiff.extend(long(0));
    tiff.extend(b"Rahasia GPS\0");
    tiff
}

fn photo(little: bool, turned: u16) -> Vec<u8> {
    let app1 = [b"Exif\0\0".as_slice(), &exif(little, turned)].concat();
    let preview = segment(0xe1, &app1);
    [
        b"\xff\xd8".as_slice(),
        &segment(0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
        &segment(0xe1, &app1),
        &segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0<?xpacket Rahasia?>"),
        &segment(0xe2, b"ICC_PROFILE\0\x01\x01profil"),
        &segment(0xe2, b"MPF\0II"),
        &segment(0xed, b"Photoshop 3.0\08BIM Rahasia"),
        &segment(0xfe, b"serial 123"),
        &segment(0xdb, &[7; 65]),
        &segment(0xc0, &[8; 15]),
        &segment(0xc4, &[9; 20]),
        &segment(0xda, &[1; 8]),
        b"\x12\x34\xff\x00\x56\xff\xd0\x78",
        // As in a progressive picture: more tables, and a comment between two scans.
        &segment(0xfe, b"Rahasia"),
        &segment(0xda, &[2; 8]),
        b"\x9a\xff\xff\xd9",
        // Data after the end: a preview as in MPF, and a trailer as phones append it.
        b"\xff\xd8",
        &preview,
        b"\xff\xd9 serial 456",
    ]
    .concat()
}

fn chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [length.as_slice(), kind, content, b"crc!"].concat()
}

fn screenshot() -> Vec<u8> {
    [
        b"\x89PNG\r\n\x1a\n".as_slice(),
        &chunk(b"IHDR", &[1; 13]),
        &chunk(b"tEXt", b"Author\0Rahasia"),
        &chunk(b"eXIf", &exif(true, 6)),
        &chunk(b"iTXt", b"XML:com.adobe.xmp\0xpacket"),
        &chunk(b"IDAT", &[5; 40]),
        &chunk(b"tIME", &[1; 7]),
        &chunk(b"IEND", b""),
        b"serial 789",
    ]
    .concat()
}

fn riff(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_le_bytes();
    let padding = vec![0; content.len() % 2];
    [kind.as_slice(), &length, content, &padding].concat()
}

fn sticker() -> Vec<u8> {
    let chunks = [
        riff(b"VP8X", &[0b1_1110, 0, 0, 0, 9, 0, 0, 9, 0, 0]),
        riff(b"ALPH", &[3; 5]),
        riff(b"VP8 ", &[4; 30]),
        riff(b"EXIF", &exif(false, 1)),
        riff(b"XMP ", b"<?xpacket Rahasia?>"),
        riff(b"vndr", b"serial"),
    ]
    .concat();
    let size = u32::try_from(chunks.len() + 4).unwrap().to_le_bytes();
    [b"RIFF".as_slice(), &size, b"WEBP", &chunks, b"serial"].concat()
}

fn has(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn only_parts_that_draw_the_picture_are_kept() {
    for (media_type, picture, drawn) in [
        (
            MediaType::Jpeg,
            photo(true, 1),
            [&[7; 65][..], b"\x12\x34\xff\x00\x56\xff\xd0\x78", b"profil"],
        ),
        (MediaType::Png, screenshot(), [&[5; 40], &[1; 13], b"IEND"]),
        (MediaType::Webp, sticker(), [&[4; 30], &[3; 5], b"VP8X"]),
    ] {
        assert!(SECRETS.iter().any(|secret| has(&picture, secret)));
        let kept = without(media_type, &picture).unwrap();
        for secret in SECRETS {
            assert!(
                !has(&kept, secret),
                "{media_type:?} {}",
                String::from_utf8_lossy(secret)
            );
        }
        for drawn in drawn {
            assert!(has(&kept, drawn), "{media_type:?} {drawn:?}");
        }
        assert!(media_type.fits(&kept));
        assert_eq!(without(media_type, &kept).unwrap(), kept, "twice is once");
    }
    let kept = without(MediaType::Webp, &sticker()).unwrap();
    assert_eq!(
        kept[20], 0b1_0010,
        "the header says no more that there are metadata"
    );
    assert_eq!(
        u32::from_le_bytes(kept[4..8].try_into().unwrap()) as usize,
        kept.len() - 8
    );
}

#[test]
fn the_orientation_of_a_photo_is_kept() {
    for little in [true, false] {
        for turned in 2..=8 {
            let kept = without(MediaType::Jpeg, &photo(little, turned)).unwrap();
            assert_eq!(&kept[2..6], b"\xff\xe1\x00\x22");
            assert_eq!(orientation(&kept[12..]).map(u16::from), Some(turned));
        }
        for straight in [0, 1, 9] {
            let kept = without(MediaType::Jpeg, &photo(little, straight)).unwrap();
            assert!(!has(&kept, b"Exif"));
        }
    }
}

#[test]
fn a_damaged_picture_is_refused_but_one_that_was_cut_off_in_its_scan_is_accepted() {
    let (jpeg, png, webp) = (photo(true, 6), screenshot(), sticker());
    for (media_type, bytes) in [
        (MediaType::Jpeg, &jpeg[..40]),
        (MediaType::Jpeg, b"\xff\xd8\xff\xd9".as_slice()),
        (MediaType::Png, &png[..60]),
        (MediaType::Png, &png[..8]),
        (MediaType::Webp, &webp[..50]),
        (MediaType::Webp, &webp[..12]),
    ] {
        assert_eq!(without(media_type, bytes), None, "{media_type:?} {}", bytes.len());
    }
    let scan = jpeg.windows(2).position(|w| w == b"\x12\x34").unwrap();
    assert!(
        without(MediaType::Jpeg, &jpeg[..scan + 3])
            .unwrap()
            .ends_with(b"\x12\x34\xff\xd9")
    );
}

proptest! {
    #[test]
    fn no_bytes_cause_a_panic_or_an_endlessly_growing_output(at in 0..400_usize, byte: u8, cut in 0..400_usize) {
        for (media_type, picture) in [
            (MediaType::Jpeg, photo(true, 6)),
            (MediaType::Png, screenshot()),
            (MediaType::Webp, sticker()),
        ] {
            let mut damaged = picture.clone();
            if let Some(place) = damaged.get_mut(at) {
                *place = byte;
            }
            damaged.truncate(picture.len() - cut.min(picture.len()));
            if let Some(kept) = without(media_type, &damaged) {
                prop_assert!(kept.len() <= damaged.len() + 40);
            }
        }
    }
}
