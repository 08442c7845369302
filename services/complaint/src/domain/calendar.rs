//! The national calendar of public holidays and joint leave, as versioned data.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
    sync::{Arc, LazyLock},
};

use chrono::{Datelike, NaiveDate};
use prima_platform::{failure::Violation, request::text};
use serde::{Deserialize, Serialize};

/// Years that a calendar may contain.
pub const YEARS: RangeInclusive<i32> = 2000..=2100;
/// Longest name of a holiday, in characters.
pub const NAME_MAX: usize = 200;
/// How many faults of one file are reported at most.
const FAULTS_MAX: usize = 100;
/// Sources of the built-in calendar (`data/README.md`). The numbers of the decrees were written down from memory.
const BUILT_IN_CITATIONS: [(i32, &str); 3] = [
    (
        2024,
        "SKB 3 Menteri 855/3/4 Tahun 2023 dan Keppres hari pemungutan suara (nomor belum dicocokkan)",
    ),
    (
        2025,
        "SKB 3 Menteri 1017/2/2 Tahun 2024 beserta perubahannya (nomor belum dicocokkan)",
    ),
    (2026, "SKB 3 Menteri 1497/2/5 Tahun 2025 (nomor belum dicocokkan)"),
];
const HEADER: [&str; 3] = ["date", "kind", "name"];

/// The kind of a day off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HolidayKind {
    /// Libur nasional: a public holiday.
    LiburNasional,
    /// Cuti bersama: joint leave, on which civil servants do not work (`domain.md` 7.3, from memory).
    CutiBersama,
}

impl HolidayKind {
    /// Key in data: `libur_nasional` or `cuti_bersama`.
    pub fn key(self) -> &'static str {
        match self {
            Self::LiburNasional => "libur_nasional",
            Self::CutiBersama => "cuti_bersama",
        }
    }

    /// The kind with this key.
    pub fn from_key(key: &str) -> Option<Self> {
        [Self::LiburNasional, Self::CutiBersama]
            .into_iter()
            .find(|kind| kind.key() == key)
    }
}

/// A day off, whatever its weekday.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holiday {
    /// The day.
    pub date: NaiveDate,
    /// The kind of day off.
    pub kind: HolidayKind,
    /// Its official name, 1 to [`NAME_MAX`] characters.
    pub name: String,
}

impl Holiday {
    /// Parses the three fields of a holiday; surrounding spaces are ignored.
    ///
    /// # Errors
    ///
    /// Every fault, under `date`, `kind` and `name`: a date that is not `YYYY-MM-DD` within [`YEARS`], an unknown kind,
    /// a name that is empty, longer than [`NAME_MAX`] characters or contains characters that a name can't have ([`text`]).
    pub fn read(date: &str, kind: &str, name: &str) -> Result<Self, Vec<Violation>> {
        let date = date.trim();
        let day = date
            .parse::<NaiveDate>()
            .ok()
            .filter(|day| day.to_string() == date && YEARS.contains(&day.year()));
        let kind = HolidayKind::from_key(kind.trim());
        let name = text::name("name", name, 1, NAME_MAX);
        match (day, kind, name) {
            (Some(date), Some(kind), Ok(name)) => Ok(Self { date, kind, name }),
            (day, kind, name) => {
                let faults = [
                    day.is_none().then(|| {
                        Violation::new(
                            "date",
                            "must be a day from 2000 to 2100 as YYYY-MM-DD",
                            "harus tanggal dari tahun 2000 sampai 2100 berbentuk TTTT-BB-HH, misalnya 2025-12-25",
                        )
                    }),
                    kind.is_none().then(|| {
                        Violation::new(
                            "kind",
                            "must be libur_nasional or cuti_bersama",
                            "harus libur_nasional atau cuti_bersama",
                        )
                    }),
                    name.err(),
                ];
                Err(faults.into_iter().flatten().collect())
            }
        }
    }
}

/// A fault of a CSV file of holidays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineFault {
    /// Number of the line; the header is line 1.
    pub line: u64,
    /// The fault, under the name of the column or under `file`.
    pub violation: Violation,
}

/// Parses a CSV file: UTF-8, the header `date,kind,name`, then one line for each day, in any order.
///
/// # Errors
///
/// Every fault by line, at most the first 100: a different header, a line that is not CSV, a faulty field
/// ([`Holiday::read`]), a date that occurred before, a file without days.
pub fn read_csv(text: &str) -> Result<Vec<Holiday>, Vec<LineFault>> {
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut holidays: BTreeMap<NaiveDate, Holiday> = BTreeMap::new();
    let mut faults: Vec<(u64, Violation)> = Vec::new();
    let mut first = true;
    let mut record = csv::StringRecord::new();
    // Reading from memory cannot fail and rows of any length are accepted, so an error is treated like the end of the
    // file.
    while faults.len() < FAULTS_MAX && reader.read_record(&mut record).unwrap_or(false) {
        let byte = record.position().map_or(0, csv::Position::byte);
        let mut fault = |field, english, indonesian| {
            faults.push((byte, Violation::new(field, english, indonesian)));
        };
        let cells: Vec<&str> = record.iter().map(str::trim).collect();
        if std::mem::take(&mut first) {
            if cells != HEADER {
                fault(
                    "file",
                    "must begin with date,kind,name",
                    "baris pertama harus date,kind,name",
                );
                break;
            }
            continue;
        }
        let [date, kind, name] = cells[..] else {
            fault(
                "file",
                "must have three columns",
                "harus tiga kolom: date,kind,name",
            );
            continue;
        };
        match Holiday::read(date, kind, name) {
            Err(violations) => faults.extend(violations.into_iter().map(|v| (byte, v))),
            Ok(holiday) if holidays.contains_key(&holiday.date) => {
                fault("date", "came before", "tanggal ini sudah ada di atas");
            }
            Ok(holiday) => {
                holidays.insert(holiday.date, holiday);
            }
        }
    }
    if holidays.is_empty() && faults.is_empty() {
        faults.push((
            0,
            Violation::new("file", "contains no day", "tidak berisi satu hari pun"),
        ));
    }
    if faults.is_empty() {
        return Ok(holidays.into_values().collect());
    }
    let faults = faults.into_iter().take(FAULTS_MAX);
    Err(faults
        .map(|(byte, violation)| LineFault {
            line: line_at(text, byte),
            violation,
        })
        .collect())
}

/// Number of the line on which the record at the offset `byte` begins, after blank lines.
fn line_at(text: &str, byte: u64) -> u64 {
    let byte = usize::try_from(byte).unwrap_or(usize::MAX);
    let (before, rest) = text.split_at_checked(byte).unwrap_or((text, ""));
    let blank = rest.bytes().take_while(|b| matches!(b, b'\r' | b'\n'));
    let lines = before.bytes().chain(blank).filter(|b| *b == b'\n').count();
    u64::try_from(lines).map_or(u64::MAX, |lines| lines.saturating_add(1))
}

/// The days off of some years. It is immutable; a new year or a correction makes a new version.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Calendar {
    version: i64,
    years: BTreeSet<i32>,
    holidays: BTreeMap<NaiveDate, Holiday>,
    /// The days off by weekday, Monday first, as ascending days since 0000-12-31, so that they can be counted by binary
    /// search.
    by_weekday: [Vec<i64>; 7],
}

impl Calendar {
    /// A calendar of `years`. When two holidays have the same date, the later one in the list counts. A holiday of a
    /// year that is not in `years` is a day off, but the year does not count as covered.
    pub fn new(
        holidays: impl IntoIterator<Item = Holiday>,
        years: impl IntoIterator<Item = i32>,
        version: i64,
    ) -> Self {
        let holidays: BTreeMap<NaiveDate, Holiday> = holidays.into_iter().map(|h| (h.date, h)).collect();
        let mut by_weekday: [Vec<i64>; 7] = Default::default();
        for date in holidays.keys() {
            for (weekday, days) in (0..).zip(&mut by_weekday) {
                if date.weekday().num_days_from_monday() == weekday {
                    days.push(i64::from(date.num_days_from_ce()));
                }
            }
        }
        Self {
            version,
            years: years.into_iter().collect(),
            holidays,
            by_weekday,
        }
    }

    /// A calendar that covers the years of its holidays.
    pub fn of(holidays: Vec<Holiday>, version: i64) -> Self {
        let years: BTreeSet<i32> = holidays.iter().map(|h| h.date.year()).collect();
        Self::new(holidays, years, version)
    }

    /// The built-in calendar of 2024 to 2026 (`data/holidays-id.csv`), which is version 0.
    pub fn built_in() -> Arc<Self> {
        static BUILT_IN: LazyLock<Arc<Calendar>> = LazyLock::new(|| {
            let holidays = read_csv(include_str!("../../data/holidays-id.csv")).unwrap_or_default();
            Arc::new(Calendar::of(holidays, 0))
        });
        Arc::clone(&BUILT_IN)
    }

    /// The source of a year of the built-in calendar; `None` for every other year.
    pub fn built_in_citation(year: i32) -> Option<&'static str> {
        let (_, citation) = BUILT_IN_CITATIONS
            .into_iter()
            .find(|(built_in, _)| *built_in == year)?;
        Some(citation)
    }

    /// Version; that of the built-in calendar is 0.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// Whether a day is a public holiday or joint leave; weekends are not looked at.
    pub fn is_off(&self, date: NaiveDate) -> bool {
        self.holidays.contains_key(&date)
    }

    /// The public holiday or joint leave on a day.
    pub fn holiday(&self, date: NaiveDate) -> Option<&Holiday> {
        self.holidays.get(&date)
    }

    /// Every holiday, by date.
    pub fn holidays(&self) -> impl Iterator<Item = &Holiday> {
        self.holidays.values()
    }

    /// Whether the holidays of a year are known.
    pub fn covers(&self, year: i32) -> bool {
        self.years.contains(&year)
    }

    /// The years whose holidays are known, ascending.
    pub fn years(&self) -> impl Iterator<Item = i32> {
        self.years.iter().copied()
    }

    /// Whether the holidays of every year of a range are known; both ends are included.
    pub fn covers_all(&self, mut years: RangeInclusive<i32>) -> bool {
        // Stops at the first gap, so a range of any length costs no more than the years of the calendar.
        years.all(|year| self.covers(year))
    }

    /// For each weekday from Monday on, the number of days off on it up to and including the day `number`, counted from
    /// 0000-12-31.
    pub(super) fn off_through(&self, number: i64) -> [i64; 7] {
        self.by_weekday
            .each_ref()
            .map(|days| i64::try_from(days.partition_point(|d| *d <= number)).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn faults_of(text: &str) -> Vec<(u64, String)> {
        let faults = read_csv(text).unwrap_err();
        faults.into_iter().map(|f| (f.line, f.violation.field)).collect()
    }

    #[test]
    fn the_built_in_calendar_contains_2024_to_2026() {
        let calendar = Calendar::built_in();
        assert_eq!(calendar.years().collect::<Vec<_>>(), [2024, 2025, 2026]);
        assert_eq!(calendar.version(), 0);
        let of = |kind, year| {
            let same = |h: &&Holiday| h.kind == kind && h.date.year() == year;
            calendar.holidays().filter(same).count()
        };
        // Numbers from `domain.md` 7.2.
        let counts = [2024, 2025, 2026].map(|year| {
            (
                of(HolidayKind::LiburNasional, year),
                of(HolidayKind::CutiBersama, year),
            )
        });
        assert_eq!(counts, [(19, 10), (17, 11), (17, 8)]);
        assert!(calendar.is_off(day("2025-08-18")) && !calendar.is_off(day("2025-08-19")));
        let holiday = calendar.holiday(day("2026-12-24")).unwrap();
        assert_eq!(
            (holiday.kind, holiday.name.as_str()),
            (HolidayKind::CutiBersama, "Cuti Bersama Hari Raya Natal")
        );
        assert!(calendar.covers_all(2024..=2026) && !calendar.covers_all(2026..=2027));
    }

    #[test]
    fn every_fault_is_reported_with_its_line() {
        let long = "x".repeat(NAME_MAX + 1);
        let text = format!(
            "date,kind,name\n2025-02-30,libur,\n2025-01-01,libur_nasional,Tahun Baru\n\n2025-01-01,cuti_bersama,Lagi\n\
             1999-12-31,libur_nasional,Lama\n2101-01-01,libur_nasional,Jauh\n2025-1-2,libur_nasional,{long}\n\
             2025-03-01,libur_nasional\n2025-03-02,cuti_bersama,\"a\u{7}b\"\n"
        );
        let expected = [
            (2, "date"),
            (2, "kind"),
            (2, "name"),
            (5, "date"),
            (6, "date"),
            (7, "date"),
            (8, "date"),
            (8, "name"),
            (9, "file"),
            (10, "name"),
        ]
        .map(|(line, field)| (line, field.to_owned()));
        assert_eq!(faults_of(&text), expected);
        assert_eq!(faults_of(&text.replace('\n', "\r\n")), expected);
    }

    #[test]
    fn another_header_or_an_empty_file_is_refused() {
        for text in [
            "tanggal,jenis,nama\n2025-01-01,x,y\n",
            "date,kind,name\n",
            "",
            "date;kind;name\n",
        ] {
            assert_eq!(faults_of(text), [(1, "file".to_owned())], "{text}");
        }
    }

    #[test]
    fn at_most_a_hundred_faults_are_reported() {
        assert_eq!(
            faults_of(&format!("date,kind,name\n{}", "a,b,c\n".repeat(5_000))).len(),
            100
        );
    }

    #[test]
    fn quotes_a_byte_order_mark_and_windows_lines_are_read() {
        let text = "\u{feff}date,kind,name\r\n2027-05-05,libur_nasional,\"Idul Fitri, hari kesatu\"\r\n";
        let holidays = read_csv(text).unwrap();
        assert_eq!(holidays.len(), 1);
        assert_eq!(holidays[0].name, "Idul Fitri, hari kesatu");
        assert!(Calendar::of(holidays, 3).covers(2027));
    }
}
