//! Finds where a table begins and ends: titles above the header, totals and remarks below the rows.

use csv::StringRecord;

use super::record::{Record, texts, trim};
use crate::client::import::words::{squash, words};

/// Number of first rows in which the header is looked for.
pub(crate) const LOOK: usize = 40;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    /// Line of its first row.
    pub line: u64,
    /// Line of its last row.
    pub last: u64,
    pub cells: Vec<String>,
    /// How many columns were recognised.
    pub known: usize,
}

/// A row below the header belongs to the header if it names at least this many columns.
const ONCE_MORE: usize = 3;
/// Words that form tools write in the second row of a header.
const ASKED_BELOW: [&str; 5] = [
    "response",
    "openendedresponse",
    "jawaban",
    "responsterbuka",
    "tanggapan",
];

/// Words with which the name of a total begins.
const TOTALS: [&str; 12] = [
    "jumlah", "total", "subtotal", "rata", "rata2", "rerata", "nrr", "ikm", "nilai", "average", "mean", "sum",
];
/// Further words that the name of a total may contain.
const OF_TOTALS: [&str; 34] = [
    "akhir",
    "akumulasi",
    "bobot",
    "dan",
    "grand",
    "hasil",
    "ikm",
    "indeks",
    "jumlah",
    "kepuasan",
    "keseluruhan",
    "konversi",
    "kumulatif",
    "masyarakat",
    "mutu",
    "nilai",
    "nrr",
    "pelayanan",
    "per",
    "rata",
    "rata2",
    "responden",
    "score",
    "setiap",
    "seluruh",
    "skor",
    "skm",
    "tertbg",
    "tertimbang",
    "tiap",
    "total",
    "unit",
    "unsur",
    "x",
];

/// Finds the header among the first rows: the row, or the two rows one below the other, with the most known columns.
/// When the caller gave the line `given_line`, only that line is considered; when no column is known at all, the header is
/// the first row with more than one cell.
pub(crate) fn find(
    rows: &[Record],
    given_line: Option<u64>,
    known: &dyn Fn(&[String]) -> usize,
) -> Option<Head> {
    let of = |record: &Record, last: u64, cells: Vec<String>| Head {
        line: record.line,
        last,
        known: known(&cells),
        cells,
    };
    let mut best: Option<Head> = None;
    for (place, record) in rows.iter().enumerate() {
        if given_line.is_some_and(|line| line != record.line) {
            continue;
        }
        let alone = of(record, record.line, texts(&record.cells));
        let double = rows
            .get(place + 1)
            .filter(|below| words_only(&below.cells) || options_follow(&record.cells, &below.cells))
            .and_then(|below| {
                let joined = joined(&record.cells, &below.cells, known);
                let head = of(record, below.line, joined);
                let better = head.known > alone.known.max(known(&texts(&below.cells)));
                (better || options_follow(&record.cells, &below.cells)).then_some(head)
            });
        let mut head = double.unwrap_or(alone);
        // A second row belongs to the header if it names the columns again, or only says that answers follow.
        if let Some(below) = rows
            .get(place + 1)
            .filter(|below| head.last < below.line && words_only(&below.cells))
        {
            let cells = texts(&below.cells);
            if known(&cells) >= ONCE_MORE || continues(&cells) {
                head.last = below.line;
            }
        }
        // The rows of the header are those above the one in which Qualtrics describes the columns.
        if let Some(described) = rows.iter().position(|row| describes_columns(&row.cells)) {
            let above = described.checked_sub(1).and_then(|last| rows.get(last));
            if let Some(last) = above.filter(|last| last.line > head.last) {
                head.last = last.line;
            }
        }
        if best.as_ref().is_none_or(|best| head.known > best.known) {
            best = Some(head);
        }
    }
    if given_line.is_none() && best.as_ref().is_some_and(|best| best.known == 0) {
        let first = rows
            .iter()
            .find(|row| row.cells.iter().filter(|cell| !trim(cell).is_empty()).count() > 1)
            .or(rows.first())?;
        return Some(of(first, first.line, texts(&first.cells)));
    }
    best
}

/// Whether a row below a header only says that answers follow, as SurveyMonkey writes it.
fn continues(cells: &[String]) -> bool {
    let mut held = cells
        .iter()
        .map(|cell| squash(cell))
        .filter(|cell| !cell.is_empty())
        .peekable();
    held.peek().is_some() && held.all(|cell| ASKED_BELOW.contains(&cell.as_str()))
}

/// Whether a row is the first one of the header of SurveyMonkey, and the row below it names the options of the
/// questions: the columns of the respondent have no name there.
fn options_follow(row: &StringRecord, below: &StringRecord) -> bool {
    let place = |name: &str| row.iter().position(|cell| squash(cell) == name);
    let (Some(respondent), Some(collector)) = (place("respondentid"), place("collectorid")) else {
        return false;
    };
    let empty = |place: usize| below.get(place).is_none_or(|cell| trim(cell).is_empty());
    empty(respondent) && empty(collector) && below.iter().any(|cell| !trim(cell).is_empty())
}

/// Whether a row describes the columns for machines, as the third row of Qualtrics does.
pub(crate) fn describes_columns(row: &StringRecord) -> bool {
    let mut held = row.iter().map(trim).filter(|cell| !cell.is_empty()).peekable();
    held.peek().is_some() && held.all(|cell| cell.starts_with("{\"ImportId\""))
}

/// Joins the two rows of a header: for each column the cell that is known, else both.
fn joined(above: &StringRecord, below: &StringRecord, known: &dyn Fn(&[String]) -> usize) -> Vec<String> {
    let mut group = "";
    let mut all = Vec::new();
    for place in 0..above.len().max(below.len()) {
        let [upper, lower] = [above, below].map(|row| row.get(place).map(trim).unwrap_or_default());
        if !upper.is_empty() {
            group = upper;
        }
        let one = |text: &str| known(&[text.to_owned()]) > 0;
        let both = format!("{group} [{lower}]");
        let cell = match (upper, lower) {
            (upper, "") => upper.to_owned(),
            (_, lower) if ASKED_BELOW.contains(&squash(lower).as_str()) => group.to_owned(),
            (_, lower) if group.is_empty() => lower.to_owned(),
            // Both rows tell most, but not every kind of import reads a name in two parts.
            _ if one(&both) => both,
            (_, lower) if one(lower) => lower.to_owned(),
            (upper, _) if one(upper) => upper.to_owned(),
            _ => both,
        };
        all.push(cell);
    }
    all
}

/// Whether no cell begins with a digit, so that the row may belong to a header.
fn words_only(row: &StringRecord) -> bool {
    row.iter()
        .all(|cell| !trim(cell).starts_with(|c: char| c.is_ascii_digit()))
}

/// Returns the name of a total: the first cell with content, when it is such a name.
pub(crate) fn total(row: &StringRecord) -> Option<&str> {
    let first = row.iter().map(trim).find(|cell| !cell.is_empty())?;
    // Most rows begin with a date or a number, and no name of a total does.
    if first.chars().find(|c| c.is_alphanumeric())?.is_ascii_digit() {
        return None;
    }
    let all = words(first);
    let (begin, rest) = all.split_first()?;
    let numeric = |word: &String| word.bytes().all(|byte| byte.is_ascii_digit());
    let named = begin == "grand" || TOTALS.contains(&begin.as_str());
    let whole = rest
        .iter()
        .all(|word| OF_TOTALS.contains(&word.as_str()) || numeric(word));
    // `Nilai` alone, or with a number, may also be an ordinary cell.
    let telling = begin != "nilai" || rest.iter().any(|word| !numeric(word));
    (named && whole && telling).then_some(first)
}

/// Whether a row only numbers the columns, as official tables do below their header: `1 2 3 …`, `(1) (2) (3) …`.
pub(crate) fn counts_columns(row: &StringRecord) -> bool {
    let held: Vec<&str> = row.iter().map(trim).filter(|cell| !cell.is_empty()).collect();
    held.len() > 5
        && held
            .iter()
            .enumerate()
            .all(|(place, cell)| squash(cell) == (place + 1).to_string())
}

/// Whether a row repeats the header, as tables of several pages do.
pub(crate) fn repeats(row: &StringRecord, head: &[String]) -> bool {
    head.iter().filter(|name| !name.is_empty()).count() > 1
        && row.len() == head.len()
        && row.iter().zip(head).all(|(cell, name)| trim(cell) == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_distinguished_from_rows() {
        for (cells, expected) in [
            (vec!["Jumlah", "15"], true),
            (vec!["", "NRR per unsur", "3,00"], true),
            (vec!["NRR tertbg. unsur"], true),
            (vec!["IKM Unit Pelayanan x 25", "83"], true),
            (vec!["Rata-rata"], true),
            (vec!["Jumlah nilai per unsur"], true),
            (vec!["2024-10-05", "Total"], false),
            (vec!["1", "Jumlah"], false),
            (vec!["Total Bangun Persada", "4"], false),
            (vec!["Nilai", "4"], false),
            (vec!["", ""], false),
        ] {
            let row = StringRecord::from(cells);
            assert_eq!(total(&row).is_some(), expected, "{row:?}");
        }
    }
}
