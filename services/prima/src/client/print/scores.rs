//! Recorded scores.

use std::collections::BTreeMap;
use std::str::FromStr;

use prima_proto::{index::v1 as pb, period::Period};

use super::Table;
use super::period::signed;

pub fn table(list: &[pb::ExternalScore]) -> String {
    let key = |score: &pb::ExternalScore, period: &str| {
        (score.metric.clone(), score.subject.clone(), period.to_owned())
    };
    let eras: BTreeMap<_, &str> = list
        .iter()
        .map(|score| (key(score, &score.period), score.era.as_str()))
        .collect();
    let change = |score: &pb::ExternalScore| {
        let before = Period::from_str(&score.period)
            .ok()
            .and_then(|period| period.previous());
        let era = before
            .as_ref()
            .and_then(|before| eras.get(&key(score, before.as_str())).copied());
        match (&score.change, before, era) {
            (Some(change), _, _) => changed(change),
            (None, Some(before), Some(era)) if era != score.era => {
                format!("tidak dibandingkan: cara penilaian {before} lain")
            }
            _ => "belum ada pembanding".to_owned(),
        }
    };
    let table = Table::of(list)
        .text("Ukuran", |score| &score.metric)
        .whole("Subjek", |score| &score.subject)
        .text("Periode", |score| &score.period)
        .number("Nilai", |score| &score.score)
        .text("Kategori", |score| {
            match (score.category.as_str(), score.zone.as_str()) {
                ("", _) => String::new(),
                (category, "") => format!("{category} ({})", score.category_display_name),
                (category, zone) => format!("{category} ({}), zona {zone}", score.category_display_name),
            }
        })
        .text("Perubahan", change)
        .text("Sumber", |score| &score.source);
    table.print() + "Semua nilai dicatat dari terbitan, tidak dihitung di sini.\n"
}

/// Scores that wait for confirmation, with the documents that the officer compares them with.
pub fn waiting(list: &[pb::ExternalScore]) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let document =
        |score: &pb::ExternalScore| match (score.document_link.as_str(), hex(&score.document_sha256)) {
            ("", sha256) => format!("SHA-256 {sha256}"),
            (link, sha256) if sha256.is_empty() => link.to_owned(),
            (link, sha256) => format!("{link} (SHA-256 {sha256})"),
        };
    let table = Table::of(list)
        .text("Ukuran", |score| &score.metric)
        .whole("Subjek", |score| &score.subject)
        .text("Periode", |score| &score.period)
        .number("Nilai", |score| &score.score)
        .text("Sumber", |score| &score.source)
        .whole("Dokumen", document)
        .text("Pencatat", |score| &score.recorder)
        .whole("Etag", |score| &score.etag);
    table.print() + "Belum disahkan: tidak diperingkat dan tidak diterbitkan.\n"
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
        insta::assert_snapshot!(text, @"
        ┌───────────┬────────────┬─────────┬───────┬────────────────────────────────────┬────────────────────────────────────────────────┬────────┐
        │ Ukuran    ┆ Subjek     ┆ Periode ┆ Nilai ┆ Kategori                           ┆ Perubahan                                      ┆ Sumber │
        ╞═══════════╪════════════╪═════════╪═══════╪════════════════════════════════════╪════════════════════════════════════════════════╪════════╡
        │ ombudsman ┆ agencies/1 ┆ 2021    ┆ 95.23 ┆ A (Kualitas Tertinggi), zona hijau ┆ belum ada pembanding                           ┆ -      │
        │ ombudsman ┆ agencies/1 ┆ 2022    ┆ 95.23 ┆ A (Kualitas Tertinggi), zona hijau ┆ tidak dibandingkan: cara penilaian 2021 lain   ┆ -      │
        │ ombudsman ┆ agencies/1 ┆ 2023    ┆ 95.23 ┆ A (Kualitas Tertinggi), zona hijau ┆ +2.07 poin; +2.22 persen terhadap 2022 (93.16) ┆ -      │
        └───────────┴────────────┴─────────┴───────┴────────────────────────────────────┴────────────────────────────────────────────────┴────────┘
        Semua nilai dicatat dari terbitan, tidak dihitung di sini.
        ");
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
        insta::assert_snapshot!(text, @"
        ┌───────────┬────────────┬─────────┬───────┬─────────────┬────────────────┬──────────┬──────┐
        │ Ukuran    ┆ Subjek     ┆ Periode ┆ Nilai ┆ Sumber      ┆ Dokumen        ┆ Pencatat ┆ Etag │
        ╞═══════════╪════════════╪═════════╪═══════╪═════════════╪════════════════╪══════════╪══════╡
        │ ombudsman ┆ agencies/1 ┆ -       ┆     - ┆ Siaran pers ┆ https://a.id/b ┆ Ortal    ┆ 17   │
        │ ombudsman ┆ agencies/1 ┆ -       ┆     - ┆ Siaran pers ┆ SHA-256 ab01   ┆ Ortal    ┆ 17   │
        └───────────┴────────────┴─────────┴───────┴─────────────┴────────────────┴──────────┴──────┘
        Belum disahkan: tidak diperingkat dan tidak diterbitkan.
        ");
    }
}
