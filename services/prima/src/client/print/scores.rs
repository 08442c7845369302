//! Recorded scores.

use std::collections::BTreeMap;
use std::str::FromStr;

use prima_proto::{index::v1 as pb, period::Period};

use super::period::signed;
use super::{Columns, or_dash};

pub fn table(list: &[pb::ExternalScore]) -> String {
    let key = |score: &pb::ExternalScore, period: &str| {
        (score.metric.clone(), score.subject.clone(), period.to_owned())
    };
    let eras: BTreeMap<_, &str> = list
        .iter()
        .map(|score| (key(score, &score.period), score.era.as_str()))
        .collect();
    let rows = list.iter().map(|score| {
        let before = Period::from_str(&score.period)
            .ok()
            .and_then(|period| period.previous());
        let era = before
            .as_ref()
            .and_then(|before| eras.get(&key(score, before.as_str())).copied());
        let change = match (&score.change, before, era) {
            (Some(change), _, _) => changed(change),
            (None, Some(before), Some(era)) if era != score.era => {
                format!("tidak dibandingkan: cara penilaian {before} lain")
            }
            _ => "belum ada pembanding".to_owned(),
        };
        let category = match (score.category.as_str(), score.zone.as_str()) {
            ("", _) => "-".to_owned(),
            (category, "") => format!("{category} ({})", score.category_display_name),
            (category, zone) => format!("{category} ({}), zona {zone}", score.category_display_name),
        };
        vec![
            score.metric.clone(),
            score.subject.clone(),
            score.period.clone(),
            score.score.clone(),
            category,
            change,
            or_dash(&score.source),
        ]
    });
    let header = [
        "Ukuran",
        "Subjek",
        "Periode",
        "Nilai",
        "Kategori",
        "Perubahan",
        "Sumber",
    ];
    let columns = Columns {
        right: &[3],
        whole: &[1],
    };
    super::table(&header, columns, rows) + "Semua nilai dicatat dari terbitan, tidak dihitung di sini.\n"
}

/// Scores that wait for confirmation, with the documents that the officer compares them with.
pub fn waiting(list: &[pb::ExternalScore]) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let rows = list.iter().map(|score| {
        let document = match (score.document_link.as_str(), hex(&score.document_sha256)) {
            ("", sha256) => format!("SHA-256 {sha256}"),
            (link, sha256) if sha256.is_empty() => link.to_owned(),
            (link, sha256) => format!("{link} (SHA-256 {sha256})"),
        };
        vec![
            score.metric.clone(),
            score.subject.clone(),
            score.period.clone(),
            score.score.clone(),
            or_dash(&score.source),
            document,
            or_dash(&score.recorder),
            score.etag.clone(),
        ]
    });
    let header = [
        "Ukuran", "Subjek", "Periode", "Nilai", "Sumber", "Dokumen", "Pencatat", "Etag",
    ];
    let columns = Columns {
        right: &[3],
        whole: &[1, 5, 7],
    };
    super::table(&header, columns, rows) + "Belum disahkan: tidak diperingkat dan tidak diterbitkan.\n"
}

fn changed(change: &pb::ScoreChange) -> String {
    let percent = match change.relative_percent.as_str() {
        "" => String::new(),
        percent => format!("; {} persen", signed(percent)),
    };
    format!(
        "{} poin{percent} terhadap {} ({})",
        signed(&change.points),
        change.base_period,
        change.base_score
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_labelled_and_eras_are_not_compared() {
        let score = |period: &str, era: &str, change: Option<pb::ScoreChange>| pb::ExternalScore {
            metric: "ombudsman".into(),
            subject: "agencies/1".into(),
            period: period.into(),
            score: "95.23".into(),
            category: "A".into(),
            category_display_name: "Kualitas Tertinggi".into(),
            zone: "hijau".into(),
            era: era.into(),
            change,
            ..Default::default()
        };
        let change = pb::ScoreChange {
            base_period: "2022".into(),
            base_score: "93.16".into(),
            points: "2.07".into(),
            relative_percent: "2.22".into(),
        };
        assert_eq!(changed(&change), "+2.07 poin; +2.22 persen terhadap 2022 (93.16)");
        let text = table(&[
            score("2021", "ombudsman-2016", None),
            score("2022", "ombudsman-2022", None),
            score("2023", "ombudsman-2022", Some(change)),
        ]);
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for expected in [
            "belum ada pembanding",
            "2021 lain",
            "+2.07 poin",
            "tidak dihitung di sini",
        ] {
            assert!(flat.contains(expected), "{text}");
        }
    }

    #[test]
    fn waiting_scores_are_shown_with_document_and_etag() {
        let score = |link: &str, sha256: &[u8]| pb::ExternalScore {
            metric: "ombudsman".into(),
            subject: "agencies/1".into(),
            source: "Siaran pers".into(),
            document_link: link.into(),
            document_sha256: sha256.into(),
            recorder: "Ortal".into(),
            etag: "17".into(),
            ..Default::default()
        };
        let text = waiting(&[score("https://a.id/b", &[]), score("", &[0xab, 1])]);
        for expected in [
            "https://a.id/b",
            "SHA-256 ab01",
            "Siaran pers",
            "Ortal",
            "17",
            "Belum disahkan",
        ] {
            assert!(text.contains(expected), "{text}");
        }
    }
}
