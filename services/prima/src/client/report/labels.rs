//! Indonesian labels for the codes that the services use, and Indonesian forms of dates and figures.

use chrono::NaiveDate;
use prima_platform::{clock, document::number};
use prima_proto::survey::v1 as pb;

const ROMAN: [&str; 4] = ["I", "II", "III", "IV"];
/// A period in Indonesian: `2024-q3` gives `Triwulan III 2024`. Another text is returned unchanged.
pub(super) fn period(text: &str) -> String {
    let (year, part) = match text.split_once('-') {
        None => return format!("Tahun {text}"),
        Some(parts) => parts,
    };
    let place = |digits: &str| digits.parse::<usize>().ok()?.checked_sub(1);
    let label = if let Some(half) = part.strip_prefix('s') {
        place(half)
            .and_then(|at| ROMAN.get(at))
            .map(|roman| format!("Semester {roman}"))
    } else if let Some(quarter) = part.strip_prefix('q') {
        place(quarter)
            .and_then(|at| ROMAN.get(at))
            .map(|roman| format!("Triwulan {roman}"))
    } else if let Some(month) = part.strip_prefix('m') {
        month.parse().ok().and_then(number::month).map(str::to_owned)
    } else {
        None
    };
    label.map_or_else(|| text.to_owned(), |label| format!("{label} {year}"))
}

/// A quarter as plans write it, on one line: `TW III 2024`.
pub(super) fn quarter(text: &str) -> String {
    period(text).replace("Triwulan", "TW").replace(' ', "\u{a0}")
}

/// A day `YYYY-MM-DD` in Indonesian; another text is returned unchanged.
pub(super) fn date(text: &str) -> String {
    match text.parse::<NaiveDate>() {
        Ok(day) => number::date(day),
        Err(_) => text.to_owned(),
    }
}

/// The time of a message in Indonesian; `None` when the message has none.
pub(super) fn time(time: Option<&prost_types::Timestamp>) -> Option<String> {
    time.and_then(clock::from_proto).map(number::time)
}

/// A figure in Indonesian, or `-` when there is none.
pub(super) fn figure(text: &str) -> String {
    if text.is_empty() {
        "-".to_owned()
    } else {
        number::decimal(text)
    }
}

/// A change with its sign: `+0,98`.
pub(super) fn signed(text: &str) -> String {
    let plain = text.trim_start_matches('+');
    let zero = plain.bytes().all(|b| matches!(b, b'0' | b'.'));
    match plain {
        "" => "-".to_owned(),
        _ if zero || plain.starts_with('-') => number::decimal(plain).replace('-', "−"),
        _ => format!("+{}", number::decimal(plain)),
    }
}

/// A share in percent, such as `33,3%`; `-` when the whole is zero.
pub(super) fn share(part: i64, whole: i64) -> String {
    number::percent(part, whole).map_or_else(|| "-".to_owned(), |text| format!("{}%", number::decimal(&text)))
}

/// The state of a survey.
pub(super) fn state(state: pb::SurveyState) -> &'static str {
    match state {
        pb::SurveyState::Unspecified => "tidak diketahui",
        pb::SurveyState::Scheduled => "belum dibuka; belum ada hasil",
        pb::SurveyState::Open => "masih dibuka; hasil sementara",
        pb::SurveyState::Closed => "ditutup; hasil akhir",
    }
}

/// The weighting of a survey with this number of elements.
pub(super) fn weights(variant: pb::WeightVariant, elements: usize) -> String {
    match variant {
        pb::WeightVariant::Unspecified | pb::WeightVariant::Exact => {
            format!("tepat 1/N, tanpa pembulatan (N = {elements} unsur)")
        }
        pb::WeightVariant::WeightVariant0111 => {
            "0,111 per unsur (dengan sembilan unsur, IKM tertinggi yang mungkin 99,90)".to_owned()
        }
        pb::WeightVariant::WeightVariant011 => {
            "0,11 per unsur (dengan sembilan unsur, IKM tertinggi yang mungkin 99,00)".to_owned()
        }
        pb::WeightVariant::WeightVariant0071 => {
            "0,071 per unsur (dengan empat belas unsur, IKM tertinggi yang mungkin 99,40)".to_owned()
        }
        pb::WeightVariant::MeanOfAspectMeans => "rata-rata dari rata-rata aspek".to_owned(),
        pb::WeightVariant::MeanOfAllAnswers => "rata-rata seluruh jawaban".to_owned(),
    }
}

/// Whether the sample is large enough.
pub(super) fn sample(status: pb::SampleStatus) -> &'static str {
    match status {
        pb::SampleStatus::Unspecified => "tidak diketahui",
        pb::SampleStatus::Undeclared => "tidak dapat dinilai: populasi tidak dinyatakan",
        pb::SampleStatus::UnderMinimum => "belum memenuhi sampel minimum",
        pb::SampleStatus::Met => "memenuhi sampel minimum",
    }
}

/// The ways in which responses were accepted.
pub(super) fn access(modes: impl Iterator<Item = pb::AccessMode>) -> String {
    let label: Vec<&str> = modes
        .filter_map(|mode| match mode {
            pb::AccessMode::Unspecified => None,
            pb::AccessMode::Agent => Some("melalui petugas atau sistem unit"),
            pb::AccessMode::Token => Some("dengan token sekali pakai"),
            pb::AccessMode::Link => Some("melalui tautan terbuka"),
            pb::AccessMode::Kiosk => Some("melalui kios di tempat layanan"),
        })
        .collect();
    if label.is_empty() {
        "melalui petugas atau sistem unit".to_owned()
    } else {
        label.join("; ")
    }
}

/// A kind of publication medium: `papan-pengumuman` gives `Papan pengumuman`.
pub(super) fn medium(kind: &str) -> String {
    let mut letters = kind.chars();
    match letters.next() {
        Some(first) => first
            .to_uppercase()
            .chain(letters)
            .collect::<String>()
            .replace('-', " "),
        None => "-".to_owned(),
    }
}

/// A truth value in data tables.
pub(super) fn yes(value: bool) -> &'static str {
    if value { "ya" } else { "tidak" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_written_in_indonesian() {
        for (text, label) in [
            ("2024", "Tahun 2024"),
            ("2024-s2", "Semester II 2024"),
            ("2024-q3", "Triwulan III 2024"),
            ("2024-m09", "September 2024"),
            ("2024-x1", "2024-x1"),
            ("2024-q9", "2024-q9"),
        ] {
            assert_eq!(period(text), label);
        }
    }

    #[test]
    fn a_change_shows_its_sign_and_nothing_is_a_dash() {
        for (text, label) in [
            ("0.98", "+0,98"),
            ("+0.98", "+0,98"),
            ("-1.20", "−1,20"),
            ("0.00", "0,00"),
            ("", "-"),
        ] {
            assert_eq!(signed(text), label);
        }
        assert_eq!((figure(""), figure("91.48")), ("-".into(), "91,48".into()));
        assert_eq!((share(1, 3), share(0, 0)), ("33,3%".into(), "-".into()));
        assert_eq!(quarter("2025-q4"), "TW\u{a0}IV\u{a0}2025");
        assert_eq!(medium("papan-pengumuman"), "Papan pengumuman");
        assert_eq!(
            (date("2024-08-17"), date("lain")),
            ("17 Agustus 2024".into(), "lain".into())
        );
    }
}
