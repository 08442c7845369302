//! Lists that consist of several sections, one after another, each in the order of its own keys.

use std::future::Future;

use crate::page::Page;

/// A page of the rows of all sections, and the token of the next one. `key` names a section; it has no space. `read` returns
/// up to so many rows of a section whose keys come after a key, in their order, each with its key.
///
/// # Errors
///
/// Those of `read`.
pub async fn page<S: Copy, T, E, F>(
    page: &Page,
    sections: &[S],
    key: impl Fn(S) -> &'static str,
    read: impl Fn(S, String, usize) -> F,
) -> Result<(Vec<T>, String), E>
where
    F: Future<Output = Result<Vec<(String, T)>, E>>,
{
    let (begun, mut after) = page.after.split_once(' ').unwrap_or_default();
    let first = sections.iter().position(|section| key(*section) == begun);
    let wanted = page.size + 1;
    let mut rows: Vec<(String, T)> = Vec::new();
    for &section in sections.iter().skip(first.unwrap_or(0)) {
        let missing = wanted.saturating_sub(rows.len());
        if missing == 0 {
            break;
        }
        let part = read(section, after.to_owned(), missing).await?;
        let named = |(of, row): (String, T)| (format!("{} {of}", key(section)), row);
        rows.extend(part.into_iter().map(named));
        after = "";
    }
    let next = page.cut(&mut rows, |(key, _)| key.clone());
    Ok((rows.into_iter().map(|(_, row)| row).collect(), next))
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, future::ready};

    use super::*;

    type Section = (&'static str, &'static [&'static str]);

    const SECTIONS: [Section; 4] = [
        ("a", &["1", "2", "3"]),
        ("b", &[]),
        ("c", &["1"]),
        ("d", &["1", "2"]),
    ];

    fn read((name, keys): Section, after: &str, most: usize) -> Result<Vec<(String, String)>, Infallible> {
        let later = keys.iter().filter(|key| **key > after).take(most);
        Ok(later
            .map(|key| ((*key).to_owned(), format!("{name}{key}")))
            .collect())
    }

    #[tokio::test]
    async fn every_row_of_every_section_is_on_one_page() {
        for size in 1..8 {
            let mut all = Vec::new();
            let mut token = String::new();
            loop {
                let wanted = Page::parse(size, &token, &[]).unwrap();
                let part = |section, after: String, most| ready(read(section, &after, most));
                let (rows, next) = page(&wanted, &SECTIONS, |(name, _)| name, part).await.unwrap();
                assert!(rows.len() <= wanted.size);
                all.extend(rows);
                if next.is_empty() {
                    break;
                }
                token = next;
            }
            assert_eq!(all, ["a1", "a2", "a3", "c1", "d1", "d2"], "pages of {size}");
        }
    }
}
