//! What form tools add to their exports: points of quizzes, options of a question in columns of their own, responses that
//! nobody finished, the form of their dates and time zones.

use std::collections::{BTreeMap, BTreeSet};

use chrono::FixedOffset;
use csv::StringRecord;

use super::headers::Field;
use super::moment::{Order, zone_of};
use super::recognise::Meaning;
use crate::client::import::sheet::LeftOut;
use crate::client::import::sheet::record::trim;
use crate::client::import::words::{squash, unmarked};

/// Words before or behind the question whose points or remarks a column holds, in quizzes of Google Forms and Microsoft
/// Forms, squashed.
const QUIZ: [&str; 9] = [
    "points",
    "poin",
    "score",
    "skor",
    "feedback",
    "umpanbalik",
    "masukan",
    "totalscore",
    "nilai",
];
/// Names of the free text beside the options of a question, squashed.
const OTHER: [&str; 6] = [
    "other",
    "lainnya",
    "lainlain",
    "comment",
    "othercomment",
    "komentar",
];
const OTHER_BEGINS: [&str; 4] = [
    "otherpleasespecify",
    "lainnyaharapsebutkan",
    "lainnyasebutkan",
    "lainnyamohonsebutkan",
];
/// Names of time zones in exports of Qualtrics, with their offsets.
const ZONES: [(&str, &str); 7] = [
    ("asia/jakarta", "WIB"),
    ("asia/pontianak", "WIB"),
    ("asia/makassar", "WITA"),
    ("asia/ujung_pandang", "WITA"),
    ("asia/jayapura", "WIT"),
    ("z", "UTC"),
    ("utc", "UTC"),
];

/// A header in two parts: `Question [row of the grid]`, or `group/question`.
pub(super) fn parts(header: &str) -> Option<(&str, &str)> {
    let header = header.trim();
    if let Some((outer, inner)) = header.strip_suffix(']').and_then(|text| text.rsplit_once('[')) {
        return Some((outer.trim(), inner.trim()));
    }
    header
        .rsplit_once('/')
        .map(|(outer, inner)| (outer.trim(), inner.trim()))
        .filter(|(outer, inner)| !outer.is_empty() && !inner.is_empty())
}

/// The question to which a column is added: the points or the remark of a quiz, an option of a question that may have
/// several answers, or its free text.
fn added_to(header: &str) -> Option<String> {
    let plain = unmarked(header);
    let dash = plain.find(['-', '\u{2013}', '\u{2014}']);
    if let Some((front, behind)) = dash.and_then(|place| plain.split_at_checked(place))
        && QUIZ.contains(&squash(front).as_str())
    {
        return Some(squash(behind));
    }
    parts(&plain).map(|(outer, _)| squash(outer))
}

/// Removes the meanings of the columns that a tool adds to another column; `given` are the columns that the user named.
pub(super) fn remove_added(header: &[String], given: &BTreeSet<usize>, meanings: &mut [Meaning]) {
    let names: BTreeSet<String> = header.iter().map(|name| squash(name)).collect();
    for (place, (name, meaning)) in header.iter().zip(meanings).enumerate() {
        let added = added_to(name).is_some_and(|to| !to.is_empty() && names.contains(&to));
        if (added || is_free_text(&unmarked(name))) && !given.contains(&place) {
            *meaning = Ok(None);
        }
    }
}

/// Whether a column holds the free text beside the options of a question.
fn is_free_text(name: &str) -> bool {
    let inner = parts(name).map(|(_, inner)| squash(inner)).unwrap_or_default();
    OTHER.contains(&inner.as_str()) || OTHER_BEGINS.iter().any(|begin| inner.starts_with(begin))
}

/// The question or the groups that a header names before its last part.
fn groups(header: &str) -> Vec<String> {
    let Some((outer, _)) = parts(header) else {
        return Vec::new();
    };
    let inner = outer.match_indices('/').filter_map(|(end, _)| outer.get(..end));
    let mut all: Vec<String> = inner.chain([outer]).map(squash).collect();
    all.dedup();
    all
}

/// Decides between columns with the same meaning. A name as a whole is more certain than a part of it; of the parts,
/// those of the question or group in which most parts are recognised are meant: `Waktu` among the rows of a grid of
/// elements, not among the options of another question. `whole` says whether a name has the meaning as a whole.
pub(super) fn choose_groups(
    header: &[String],
    given: &BTreeSet<usize>,
    meanings: &mut [Meaning],
    whole: &dyn Fn(&str, &Field) -> bool,
) {
    let header: Vec<_> = header.iter().map(|name| unmarked(name)).collect();
    let name = |place: usize| header.get(place).map(AsRef::as_ref).unwrap_or_default();
    let mut places: BTreeMap<Field, Vec<usize>> = BTreeMap::new();
    let mut fields: BTreeMap<String, BTreeSet<Field>> = BTreeMap::new();
    for (place, meaning) in meanings.iter().enumerate() {
        let Ok(Some(field)) = meaning else { continue };
        if *field != Field::Skip {
            places.entry(field.clone()).or_default().push(place);
            for group in groups(name(place)) {
                fields.entry(group).or_default().insert(field.clone());
            }
        }
    }
    let weight = |place: usize, field: &Field| match parts(name(place)) {
        None => usize::MAX,
        Some(_) if given.contains(&place) || whole(name(place), field) => usize::MAX,
        // An option of a question that may have several answers.
        Some((outer, _)) if outer.ends_with('?') && !name(place).trim_end().ends_with(']') => 0,
        Some(_) => {
            let all = groups(name(place))
                .into_iter()
                .map(|group| fields.get(&group).map_or(0, BTreeSet::len));
            all.max().unwrap_or_default()
        }
    };
    for (field, places) in places.iter().filter(|(_, places)| places.len() > 1) {
        let most = places.iter().map(|place| weight(*place, field)).max();
        for place in places.iter().filter(|place| Some(weight(**place, field)) < most) {
            if let Some(meaning) = meanings.get_mut(*place) {
                *meaning = Ok(None);
            }
        }
    }
}

/// Whether columns hold the options of one question, of which a respondent chose one.
pub(super) fn one_question(names: &[&str]) -> bool {
    let outer: BTreeSet<Option<String>> = names
        .iter()
        .map(|name| parts(name).map(|(outer, _)| squash(outer)))
        .collect();
    outer.len() == 1 && !outer.contains(&None)
}

/// How the rows are recognised that hold no finished response.
pub(super) fn unfinished(header: &[String]) -> Vec<LeftOut> {
    let place = |names: &[&str]| {
        header
            .iter()
            .position(|name| names.contains(&squash(name).as_str()))
    };
    let mut rules = Vec::new();
    let lime = place(&["lastpage"]).is_some() && place(&["startlanguage"]).is_some();
    if let Some(place) = place(&["submitdate", "datesubmitted"]).filter(|_| lime) {
        let text = "jawaban belum dikirim respondennya (waktu pengirimannya kosong)";
        rules.push(LeftOut::new(
            place,
            |cell| squash(cell).trim_start_matches("na").is_empty(),
            text,
        ));
    }
    if let Some(place) = place(&["finished"]).filter(|_| place(&["progress"]).is_some()) {
        let no = |cell: &str| matches!(squash(cell).as_str(), "false" | "0" | "salah");
        rules.push(LeftOut::new(place, no, "jawaban belum selesai diisi"));
        let status = header
            .iter()
            .position(|name| ["status", "responsetype"].contains(&squash(name).as_str()));
        let trial = |cell: &str| {
            let cell = squash(cell);
            cell.starts_with("surveypreview") || ["surveytest", "spam"].contains(&cell.as_str())
        };
        rules.extend(status.map(|place| LeftOut::new(place, trial, "uji coba atau spam")));
    }
    rules
}

/// The order of day and month in the dates of a tool: SurveyMonkey writes the month first, and so does the number format
/// that Microsoft Forms gives its workbooks.
pub(super) fn usual_order(header: &[String]) -> Order {
    let names: BTreeSet<String> = header.iter().map(|name| squash(name)).collect();
    let all = |wanted: &[&str]| wanted.iter().all(|name| names.contains(*name));
    if all(&["respondentid", "collectorid"])
        || all(&["id", "starttime", "completiontime"])
        || all(&["id", "waktumulai", "waktupenyelesaian"])
    {
        Order::Mdy
    } else {
        Order::Dmy
    }
}

/// The time zone that a row of Qualtrics below its header names for a column.
///
/// # Errors
///
/// When it is none of Indonesia, so that the user must say how far it is from UTC.
pub(super) fn zone_below(row: Option<&StringRecord>, place: usize) -> Result<Option<FixedOffset>, String> {
    let cell = row.and_then(|row| row.get(place)).map(trim).unwrap_or_default();
    let described: serde_json::Value = serde_json::from_str(cell).unwrap_or_default();
    let Some(name) = described.get("timeZone").and_then(serde_json::Value::as_str) else {
        return Ok(None);
    };
    let lower = name.to_lowercase();
    let known = ZONES
        .iter()
        .find(|(zone, _)| *zone == lower.trim_start_matches("etc/"));
    match known
        .and_then(|(_, zone)| zone_of(zone))
        .or_else(|| zone_of(name))
    {
        Some(zone) => Ok(Some(zone)),
        None => Err(format!(
            "waktu di berkas ini menurut zona {name}; sebut selisihnya dari UTC dengan --timezone, misalnya --timezone +07:00"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_that_of_its_column() {
        let row = StringRecord::from(vec![
            "{\"ImportId\":\"endDate\",\"timeZone\":\"Asia/Makassar\"}",
            "{\"ImportId\":\"recordedDate\",\"timeZone\":\"America/Denver\"}",
            "{\"ImportId\":\"QID1\"}",
        ]);
        let hours =
            |place| zone_below(Some(&row), place).map(|zone| zone.map(|zone| zone.local_minus_utc() / 3600));
        assert_eq!(hours(0), Ok(Some(8)));
        assert!(hours(1).unwrap_err().contains("--timezone"));
        assert_eq!((hours(2), hours(9)), (Ok(None), Ok(None)));
        assert_eq!(zone_below(None, 0), Ok(None));
    }

    #[test]
    fn a_column_that_is_added_to_another_has_no_meaning() {
        for (name, to) in [
            ("Points - Persyaratan", "persyaratan"),
            ("Umpan balik \u{2013} U1", "u1"),
            ("Persyaratan [Score]", "persyaratan"),
            ("keluhan/antri", "keluhan"),
            ("U1[other]", "u1"),
        ] {
            assert_eq!(added_to(name).as_deref(), Some(to), "{name}");
        }
        assert_eq!(added_to("Persyaratan - kesesuaian"), None);
        assert!(is_free_text("Pekerjaan [Lainnya (harap sebutkan)]") && !is_free_text("Lainnya"));
    }
}
