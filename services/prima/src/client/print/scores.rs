//! Recorded scores.

use std::collections::BTreeMap;
use std::str::FromStr;

use prima_platform::number;
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
        .text("Kategori", category)
        .text("Perubahan", change)
        .text("Sumber", |score| &score.source);
    let mut text = table.print();
    for score in list {
        if let Some(remark) = of_units(score) {
            text += &format!("{remark}\n");
        }
    }
    text + "Semua nilai dicatat dari terbitan, tidak dihitung di sini.\n"
}

/// The published category as people call it; letters with their name.
fn category(score: &pb::ExternalScore) -> String {
    let name = &score.category_display_name;
    let letter = score.category.len() <= 2;
    let zone = match score.zone.as_str() {
        zone if zone.is_empty() || zone == score.category => String::new(),
        zone => format!(", zona {zone}"),
    };
    match (score.category.as_str(), name.as_str()) {
        ("", "") => String::new(),
        (category, name) if letter && !category.is_empty() => format!("{category} ({name}){zone}"),
        (_, name) => format!("{name}{zone}"),
    }
}

/// How the published score of an agency compares with the mean of its units.
fn of_units(score: &pb::ExternalScore) -> Option<String> {
    let mean = score.units_mean.as_ref()?;
    let [published, of_units] = [&score.score, &mean.score].map(|text| number::parse_decimal(text));
    let compared = match published {
        None => String::new(),
        published if published == of_units => ", sama dengan yang terbit".to_owned(),
        _ => format!(
            ", berbeda dari yang terbit ({}): periksa apakah semua unitnya tercatat",
            score.score
        ),
    };
    Some(format!(
        "{} {} {}: rata-rata {} unit yang tercatat {}{compared}.",
        score.metric, score.subject, score.period, mean.units, mean.score
    ))
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
        .text("Kategori", category)
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
    fn opinions_zones_and_the_mean_of_units_are_printed_in_indonesian() {
        let score = |score: &str, category: &str, name: &str, zone: &str| pb::ExternalScore {
            metric: "ombudsman".into(),
            subject: "agencies/75".into(),
            period: "2025".into(),
            score: score.into(),
            category: category.into(),
            category_display_name: name.into(),
            zone: zone.into(),
            ..Default::default()
        };
        let mean = |text: &str| pb::UnitsMean {
            score: text.into(),
            units: 3,
            ..Default::default()
        };
        let full = "Kualitas Tertinggi Tanpa Maladministrasi";
        let mut list = vec![
            score("", "highest", full, ""),
            score("60.00", "yellow", "Kepatuhan sedang", "kuning"),
            score("", "hijau", "Zona hijau", "hijau"),
            score("76.82", "medium", "Kualitas Sedang", ""),
        ];
        assert_eq!(category(&list[0]), full);
        assert_eq!(category(&list[1]), "Kepatuhan sedang, zona kuning");
        assert_eq!(category(&list[2]), "Zona hijau");
        list[3].units_mean = Some(mean("76.82"));
        list[1].units_mean = Some(mean("61.00"));
        let text = table(&list);
        for expected in [
            "rata-rata 3 unit yang tercatat 76.82, sama dengan yang terbit.",
            "rata-rata 3 unit yang tercatat 61.00, berbeda dari yang terbit (60.00)",
        ] {
            assert!(text.contains(expected), "{text}");
        }
        assert!(waiting(&list).contains(full));
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
        ┌───────────┬────────────┬─────────┬───────┬──────────┬─────────────┬────────────────┬──────────┬──────┐
        │ Ukuran    ┆ Subjek     ┆ Periode ┆ Nilai ┆ Kategori ┆ Sumber      ┆ Dokumen        ┆ Pencatat ┆ Etag │
        ╞═══════════╪════════════╪═════════╪═══════╪══════════╪═════════════╪════════════════╪══════════╪══════╡
        │ ombudsman ┆ agencies/1 ┆ -       ┆     - ┆ -        ┆ Siaran pers ┆ https://a.id/b ┆ Ortal    ┆ 17   │
        │ ombudsman ┆ agencies/1 ┆ -       ┆     - ┆ -        ┆ Siaran pers ┆ SHA-256 ab01   ┆ Ortal    ┆ 17   │
        └───────────┴────────────┴─────────┴───────┴──────────┴─────────────┴────────────────┴──────────┴──────┘
        Belum disahkan: tidak diperingkat dan tidak diterbitkan.
        ");
    }
}
