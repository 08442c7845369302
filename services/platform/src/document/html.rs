//! A self-contained HTML page: with its own styles, without scripts and external resources, printable on A4.
//!
//! `maud` escapes every text; [`link`] makes links of web addresses only; the page's content security policy allows
//! nothing but its own styles.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("style.css");

/// The page in Indonesian, with the title `title` and the content `body`.
pub fn page(title: &str, body: &Markup) -> String {
    let digest = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    let policy =
        format!("default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'");
    let page = html! {
        (DOCTYPE)
        html lang="id" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                meta name="robots" content="noindex";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { main { (body) } }
        }
    };
    page.into_string()
}

/// `text` as a link to `address`, or as plain text when that is not an `https://` or `http://` address.
pub fn link(address: &str, text: &str) -> Markup {
    let scheme = address.split_once("://").map(|(scheme, _)| scheme);
    let is_web = scheme.is_some_and(|scheme| {
        ["https", "http"]
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known))
    });
    if is_web && !address.contains(char::is_control) {
        html! { a href=(address) rel="noopener noreferrer nofollow" { (text) } }
    } else {
        html! { (text) }
    }
}

/// Alignment of a column of a [`Table`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Text, to the left.
    Left,
    /// Codes and grades, centred.
    Center,
    /// Numbers, to the right.
    Right,
}

impl Align {
    fn class(self) -> Option<&'static str> {
        match self {
            Self::Left => None,
            Self::Center => Some("c"),
            Self::Right => Some("r"),
        }
    }
}

/// Emphasis of a row of a [`Table`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Weight {
    /// No emphasis.
    #[default]
    Plain,
    /// The row that applies, such as the category that was reached.
    Highlighted,
    /// A sum or result.
    Total,
    /// The first row of a group.
    Start,
}

impl Weight {
    fn class(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Highlighted => Some("marked"),
            Self::Total => Some("total"),
            Self::Start => Some("start"),
        }
    }
}

/// A row of a [`Table`].
#[derive(Debug, Clone)]
pub struct Row {
    /// Its emphasis.
    pub weight: Weight,
    /// Its cells, each with the number of columns that it spans.
    pub cells: Vec<(Markup, u8)>,
}

impl Row {
    /// A row without emphasis, with one cell per column.
    pub fn new(cells: impl IntoIterator<Item = Markup>) -> Self {
        Self {
            weight: Weight::Plain,
            cells: cells.into_iter().map(|cell| (cell, 1)).collect(),
        }
    }

    /// The row with this emphasis.
    #[must_use]
    pub fn weight(self, weight: Weight) -> Self {
        Self { weight, ..self }
    }
}

/// A table with a numbered caption. Its header is repeated on every printed page; rows are not split.
#[derive(Debug, Clone)]
pub struct Table<'a> {
    /// Id within the page.
    pub id: &'a str,
    /// Caption; the style adds its number.
    pub caption: &'a str,
    /// Header and alignment of each column.
    pub columns: &'a [(&'a str, Align)],
    /// The rows.
    pub rows: Vec<Row>,
}

impl Table<'_> {
    /// The table as HTML.
    pub fn render(&self) -> Markup {
        html! {
            table id=(self.id) {
                caption { (self.caption) }
                thead { tr {
                    @for (header, align) in self.columns {
                        th scope="col" class=[align.class()] { (header) }
                    }
                } }
                tbody {
                    @for row in &self.rows {
                        tr class=[row.weight.class()] { (self.cells(row)) }
                    }
                }
            }
        }
    }

    fn cells(&self, row: &Row) -> Markup {
        let mut at = 0;
        let placed: Vec<_> = row
            .cells
            .iter()
            .map(|(cell, span)| {
                at += usize::from(*span);
                // A cell over several columns is aligned as the first of them.
                let align = self.columns.get(at - usize::from(*span)).map(|(_, align)| *align);
                (cell, (*span > 1).then_some(span), align.and_then(Align::class))
            })
            .collect();
        html! {
            @for (cell, span, class) in placed {
                td colspan=[span] class=[class] { (cell) }
            }
        }
    }
}

/// A drawing with a numbered caption.
pub fn figure(id: &str, drawing: &Markup, caption: &str) -> Markup {
    html! {
        figure id=(id) {
            (drawing)
            figcaption { (caption) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_are_links() {
        let web = link("https://contoh.go.id/?a=1&b=\"", "situs").into_string();
        assert!(
            web.contains("href=\"https://contoh.go.id/?a=1&amp;b=&quot;\""),
            "{web}"
        );
        assert!(
            link("HTTP://contoh.go.id", "situs")
                .into_string()
                .contains("href")
        );
        for address in [
            "javascript:alert(1)",
            "java\nscript://x",
            "javascript://https://x",
            "data:text/html,x",
            "//contoh",
            "",
            "https://a\u{1}b",
        ] {
            assert_eq!(link(address, "<b>").into_string(), "&lt;b&gt;", "{address:?}");
        }
    }

    #[test]
    fn the_policy_contains_the_digest_of_the_style() {
        let text = page("<Judul>", &html! { p { "isi" } });
        let (before, rest) = text.split_once("<style>").unwrap();
        let (style, after) = rest.split_once("</style>").unwrap();
        let digest = STANDARD.encode(Sha256::digest(style.as_bytes()));
        assert!(before.contains("default-src 'none'") && before.contains(&format!("'sha256-{digest}'")));
        assert!(before.contains("<title>&lt;Judul&gt;</title>"));
        assert!(!text.contains("<script") && !text.contains("style=\"") && !style.contains("url("));
        assert!(after.contains("<p>isi</p>"));
    }

    #[test]
    fn a_cell_over_several_columns_is_aligned_as_the_first_of_them() {
        let table = Table {
            id: "t",
            caption: "Contoh",
            columns: &[("A", Align::Left), ("B", Align::Right), ("C", Align::Center)],
            rows: vec![Row {
                weight: Weight::Total,
                cells: vec![(html! { "jumlah" }, 2), (html! { "1" }, 1)],
            }],
        };
        let text = table.render().into_string();
        assert!(
            text.contains("<tr class=\"total\"><td colspan=\"2\">jumlah</td><td class=\"c\">1</td></tr>")
        );
    }
}
