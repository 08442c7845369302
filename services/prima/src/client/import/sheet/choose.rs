//! Chooses the sheet of a workbook that holds the table, and refuses files that hold none.

use anyhow::bail;

use super::Source;
use super::book::Page;
use super::head::{self, Head, LOOK};
use super::record::Record;

/// Chooses the only sheet with the expected header.
pub(super) fn choose(
    pages: Vec<Page>,
    source: &Source,
    known: &dyn Fn(&[String]) -> usize,
    notes: &mut Vec<String>,
) -> anyhow::Result<(Page, Option<Head>)> {
    let all = pages.len();
    let find = |page: Page| {
        let reach = source.header_row.unwrap_or_default();
        let rows: Vec<Record> = page
            .rows
            .iter()
            .enumerate()
            .take_while(|(place, row)| *place < LOOK || row.line <= reach)
            .map(|(_, row)| row.clone())
            .collect();
        let head = head::find(&rows, source.header_row, known);
        (page, head)
    };
    let mut pages: Vec<(Page, Option<Head>)> = pages
        .into_iter()
        .filter(|page| !page.rows.is_empty())
        .map(find)
        .collect();
    let count = |head: &Option<Head>| head.as_ref().map_or(0, |head| head.known);
    let most = pages
        .iter()
        .map(|(_, head)| count(head))
        .max()
        .unwrap_or_default();
    // A sheet with most of the columns may also contain rows; a cover or a list of codes has few of them.
    let near = |known: usize| known > 0 && known * 10 >= most * 6;
    let fitting: Vec<&str> = pages
        .iter()
        .filter(|(_, head)| near(count(head)))
        .map(|(page, _)| page.name.as_str())
        .collect();
    if fitting.len() > 1 {
        bail!(
            "beberapa lembar memiliki kepala kolom yang dikenal: {}; pilih satu dengan --sheet",
            fitting.join(", ")
        )
    }
    pages.sort_by_key(|(_, head)| std::cmp::Reverse(count(head)));
    let Some((page, head)) = pages.into_iter().next() else {
        return Ok((Page::default(), None));
    };
    if all > 1 {
        notes.push(format!(
            "lembar `{}` dibaca; {} lembar lain tidak",
            page.name,
            all - 1
        ));
    }
    Ok((page, head))
}

/// Refuses files of other kinds that people open in a spreadsheet, by their name.
pub(super) fn refuse_other_kinds(start: &[u8]) -> anyhow::Result<()> {
    let text = String::from_utf8_lossy(start)
        .trim_start_matches('\u{feff}')
        .trim_start()
        .to_lowercase();
    if start.starts_with(b"%PDF") {
        bail!("ini PDF; mintalah berkas XLSX atau CSV dari aplikasi asalnya")
    }
    let web = ["<!doctype", "<html", "<table", "<meta", "<?xml", "<div"];
    if web.iter().any(|mark| text.starts_with(mark)) {
        bail!(
            "ini halaman web atau XML, walau mungkin bernama .xls; buka dengan Excel, lalu simpan sebagai XLSX"
        )
    }
    if text.starts_with('{') || text.starts_with("[{") {
        bail!("ini JSON; unduh sebagai CSV atau XLSX dari aplikasi asalnya")
    }
    Ok(())
}
