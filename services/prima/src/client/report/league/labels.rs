//! Indonesian labels of league tables.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use prima_proto::ranking::v1 as pb;
use serde::Deserialize;

use super::provinces;

const UNIT_TYPES: &str = include_str!("../../../../../directory/data/unit-types.json");

#[derive(Deserialize)]
struct UnitType {
    key: String,
    display_name: String,
}

static NAMES: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let types: Vec<UnitType> = serde_json::from_str(UNIT_TYPES).unwrap_or_default();
    types.into_iter().map(|one| (one.key, one.display_name)).collect()
});

/// Whom a table ranks.
pub(super) fn cohort(table: &pb::LeagueTable) -> String {
    if !table.cohort_display_name.is_empty() {
        return table.cohort_display_name.clone();
    }
    let (base, within) = match table.cohort.split_once('.') {
        Some((base, within)) => (base, Some(within)),
        None => (table.cohort.as_str(), None),
    };
    let of_all = match base {
        "kementerian" => "Kementerian",
        "lembaga" => "Lembaga",
        "provinsi" => "Pemerintah provinsi",
        "kabupaten" => "Pemerintah kabupaten",
        "kota" => "Pemerintah kota",
        "kl" => "Kementerian dan lembaga",
        "daerah" => "Pemerintah daerah",
        "agencies" => "Kabupaten dan kota",
        "units" => "Unit pelayanan",
        other => NAMES.get(other).map_or(other, String::as_str),
    };
    let place = within.map(|code| provinces::name(code).map_or_else(|| code.to_owned(), str::to_owned));
    match place {
        Some(place) => format!("{of_all}, {place}"),
        None => of_all.to_owned(),
    }
}

/// Why there is no certainty; `None` when there is.
pub(super) fn absent(how: &pb::TableCertainty) -> Option<String> {
    let reason = match how.absent_reason() {
        pb::CertaintyAbsent::Unspecified => return None,
        pb::CertaintyAbsent::NoStandardErrors => {
            "nilai pada tabel ini tidak mempunyai galat baku (dicatat dari publikasi, atau tidak berasal dari sampel), sehingga \
             hanya peringkatnya yang diketahui"
        }
        pb::CertaintyAbsent::TooFewSubjects => "kurang dari dua yang mempunyai peringkat dan galat baku",
        pb::CertaintyAbsent::TooManySubjects => "lebih dari 5.000 yang dibandingkan",
    };
    Some(reason.to_owned())
}

/// The rule of shared ranks.
pub(super) fn ties(ties: &str) -> &'static str {
    match ties {
        "modified" => "nilai yang sama berbagi peringkat terbawahnya (1, 3, 3, 4)",
        _ => "nilai yang sama berbagi peringkat, dan peringkat berikutnya dilompati (1, 2, 2, 4)",
    }
}

/// A name of at most `width` characters, cut with `…`.
pub(super) fn cut(name: &str, width: usize) -> String {
    if name.chars().count() <= width {
        return name.to_owned();
    }
    let kept: String = name.chars().take(width.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// A range of ranks: `3–17`.
pub(super) fn interval(interval: Option<&pb::RankInterval>) -> String {
    match interval {
        Some(interval) if interval.from == interval.to => interval.from.to_string(),
        Some(interval) => format!("{}–{}", interval.from, interval.to),
        None => "-".to_owned(),
    }
}
