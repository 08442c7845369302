//! Tiles (c2sp.org/tlog-tiles): the log as files that any web server can offer. A tile has 256 hashes of one level, a bundle 256
//! entries; the last ones have fewer, and their number is part of their name. A file with a name never changes.

use super::{Hash, tree};

/// Hashes of a whole tile, and entries of a whole bundle.
const WIDTH: u64 = 256;
/// Levels of the tree between two levels of tiles.
const HEIGHT: u32 = 8;

/// A file of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path below the address of the log.
    pub path: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// All tiles and bundles of a log with these entries, but those that whole ones have replaced. `None` when an entry is longer than
/// 65,535 bytes, the most that a bundle can contain.
pub fn files(entries: &[Vec<u8>]) -> Option<Vec<File>> {
    let mut files = Vec::new();
    for (n, bundle) in (0..).zip(entries.chunks(256)) {
        let mut bytes = Vec::new();
        for entry in bundle {
            bytes.extend(u16::try_from(entry.len()).ok()?.to_be_bytes());
            bytes.extend(entry);
        }
        let path = path("entries", n, bundle.len() as u64);
        files.push(File { path, bytes });
    }
    let mut level: Vec<Hash> = entries.iter().map(|entry| tree::leaf_hash(entry)).collect();
    for l in 0_u8.. {
        if level.is_empty() {
            break;
        }
        for (n, tile) in (0..).zip(level.chunks(256)) {
            let path = path(&l.to_string(), n, tile.len() as u64);
            let bytes = tile.concat();
            files.push(File { path, bytes });
        }
        // Only whole subtrees have a hash in the level above.
        for _ in 0..HEIGHT {
            let (pairs, _) = level.as_chunks::<2>();
            level = pairs
                .iter()
                .map(|[left, right]| tree::node_hash(left, right))
                .collect();
        }
    }
    Some(files)
}

/// The path of tile or bundle number `n`: groups of three digits, all but the last with an `x`.
fn path(kind: &str, n: u64, width: u64) -> String {
    let mut text = format!("{:03}", n % 1000);
    let mut rest = n / 1000;
    while rest > 0 {
        text = format!("x{:03}/{text}", rest % 1000);
        rest /= 1000;
    }
    match width {
        WIDTH => format!("tile/{kind}/{text}"),
        part => format!("tile/{kind}/{text}.p/{part}"),
    }
}

/// The paths of the bundles of a log of this size, with the number of entries of each.
pub fn bundles(size: u64) -> impl Iterator<Item = (String, u64)> {
    let count = size.div_ceil(WIDTH);
    (0..count).map(move |n| {
        let width = (size - n * WIDTH).min(WIDTH);
        (path("entries", n, width), width)
    })
}

/// The entries of a bundle; `None` when it does not have exactly this number of them.
pub fn entries(bundle: &[u8], width: u64) -> Option<Vec<Vec<u8>>> {
    let mut found = Vec::new();
    let mut rest = bundle;
    while !rest.is_empty() {
        let (length, after) = rest.split_at_checked(2)?;
        let length = u16::from_be_bytes(length.try_into().ok()?);
        let (entry, after) = after.split_at_checked(length.into())?;
        found.push(entry.to_owned());
        rest = after;
    }
    (found.len() as u64 == width).then_some(found)
}
