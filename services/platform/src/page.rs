//! Pages of a list: an opaque token with the sort key of the last row of the page before and a digest of the filters.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::failure::Violation;

const DEFAULT: i32 = 100;
const LARGEST: i32 = 1000;

/// A requested page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Most rows.
    pub size: usize,
    /// Sort key of the last row of the page before; empty for the first page.
    pub after: String,
    filter: Vec<u8>,
}

impl Page {
    /// Parses `page_size` and `page_token`; `filter` contains every other field of the request, so that a token can't
    /// be used with other filters.
    pub fn parse(size: i32, token: &str, filter: &[&str]) -> Result<Self, Vec<Violation>> {
        let mut faults = Vec::new();
        if !(0..=LARGEST).contains(&size) {
            faults.push(Violation::new(
                "page_size",
                "must be 0 to 1000",
                "harus 0 sampai 1000",
            ));
        }
        let digest = Sha256::digest(filter.join("\u{1f}"))
            .iter()
            .take(8)
            .copied()
            .collect::<Vec<u8>>();
        let mut after = String::new();
        if !token.is_empty() {
            let decoded = URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
            match decoded.split_at_checked(8) {
                Some((head, tail)) if head == digest.as_slice() => match std::str::from_utf8(tail) {
                    Ok(key) if !key.contains(char::is_control) => key.clone_into(&mut after),
                    _ => faults.push(bad_token()),
                },
                _ => faults.push(bad_token()),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let size = usize::try_from(if size == 0 { DEFAULT } else { size }).unwrap_or(1);
        Ok(Self {
            size,
            after,
            filter: digest,
        })
    }

    /// How many rows to read: one more than requested, which shows whether there is another page.
    pub fn limit(&self) -> u64 {
        self.size as u64 + 1
    }

    /// Cuts `rows` to the page and returns the next page's token, empty on the last one.
    pub fn cut<T>(&self, rows: &mut Vec<T>, key: impl Fn(&T) -> String) -> String {
        if rows.len() <= self.size {
            return String::new();
        }
        rows.truncate(self.size);
        rows.last().map(|last| self.token(&key(last))).unwrap_or_default()
    }

    /// The token of the page after `key`.
    pub fn token(&self, key: &str) -> String {
        let mut raw = self.filter.clone();
        raw.extend_from_slice(key.as_bytes());
        URL_SAFE_NO_PAD.encode(raw)
    }
}

fn bad_token() -> Violation {
    Violation::new(
        "page_token",
        "is not a token of this list with these filters",
        "bukan token dari daftar ini dengan saringan yang sama",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_valid_only_with_the_same_filter() {
        let page = Page::parse(2, "", &["agencies/1", ""]).unwrap();
        let mut rows = vec!["a".to_owned(), "b".to_owned(), "c".to_owned()];
        let token = page.cut(&mut rows, Clone::clone);
        assert_eq!(rows, ["a", "b"]);
        assert_eq!(Page::parse(2, &token, &["agencies/1", ""]).unwrap().after, "b");
        assert!(Page::parse(2, &token, &["agencies/2", ""]).is_err());
        assert!(Page::parse(2, "rubbish!", &["agencies/1", ""]).is_err());
        assert!(Page::parse(-1, "", &[]).is_err() && Page::parse(1001, "", &[]).is_err());
    }

    #[test]
    fn the_last_page_has_no_token() {
        let page = Page::parse(2, "", &[]).unwrap();
        assert_eq!(page.cut(&mut vec![1, 2], ToString::to_string), "");
    }
}
