//! The awards of a table.

use prima_platform::document::number;
use prima_proto::ranking::v1 as pb;

use super::{Table, clean, named};

/// The awards as text: each with its winners, its rule and its source.
pub fn table(answer: &pb::ListAwardsResponse) -> String {
    let mut text = clean(&format!("Penghargaan · {}", answer.name)) + "\n";
    if let Some(moment) = super::moment(&moment_of(answer)) {
        text += &format!("Riwayat: {moment}.\n");
    }
    for award in &answer.awards {
        text += &format!("\n{}\n", clean(&title(award)));
        if let Some(absence) = absence(award) {
            text += &format!("{absence}\n");
        } else {
            let kind = award.kind();
            text += &Table::of(&award.winners)
                .number("Peringkat", rank)
                .text("Nama", |winner| named(&winner.display_name, &winner.subject))
                .text("Instansi", |winner| &winner.agency_display_name)
                .number("Nilai", |winner| &winner.score)
                .when(value_heading(kind).is_some(), |shown| {
                    shown.number(value_heading(kind).unwrap_or_default(), |winner| {
                        value(kind, winner)
                    })
                })
                .when(has_certainty(award), |shown| {
                    shown.text("Kepastian", |winner| certainty(winner, award.places))
                })
                .print();
        }
        text += &clean(&format!("Aturan: {}", award.rule));
        text += "\n";
        text += &clean(&format!("Sumber: {}.", award.source.trim_end_matches('.')));
        text += "\n";
        for note in notes(award) {
            text += &format!("{note}\n");
        }
    }
    text
}

/// The winners as CSV, one a row, with the rule of their award.
pub fn csv(answer: &pb::ListAwardsResponse) -> anyhow::Result<String> {
    let rows: Vec<(&pb::Award, &pb::AwardWinner)> = answer
        .awards
        .iter()
        .flat_map(|award| award.winners.iter().map(move |winner| (award, winner)))
        .collect();
    Table::of(&rows)
        .text("kind", |(award, _)| key(award.kind()))
        .text("title", |(award, _)| title(award))
        .text("table", |(award, _)| &award.table)
        .text("component", |(award, _)| &award.component)
        .text("rank", |(_, winner)| rank(winner))
        .text("subject", |(_, winner)| &winner.subject)
        .text("name", |(_, winner)| &winner.display_name)
        .text("agency", |(_, winner)| &winner.agency_display_name)
        .text("score", |(_, winner)| &winner.score)
        .text("category", |(_, winner)| &winner.category)
        .text("value", |(_, winner)| &winner.value)
        .text("base_score", |(_, winner)| &winner.base_score)
        .text("certainty", |(award, winner)| certainty(winner, award.places))
        .text("rule", |(award, _)| &award.rule)
        .text("source", |(award, _)| &award.source)
        .csv(true)
}

/// The kind of an award for programs.
pub fn key(kind: pb::AwardKind) -> String {
    kind.as_str_name()
        .trim_start_matches("AWARD_KIND_")
        .to_lowercase()
}

/// What an award is called, with its group.
pub fn title(award: &pb::Award) -> String {
    match award.group.as_str() {
        "" => award.title.clone(),
        group => format!("{}: {group}", award.title),
    }
}

/// Why an award has no winner; `None` when it has one.
pub fn absence(award: &pb::Award) -> Option<&'static str> {
    match award.absence() {
        pb::AwardAbsence::Unspecified => None,
        pb::AwardAbsence::Nobody => Some("Tidak ada yang memenuhi aturannya."),
        pb::AwardAbsence::NoPeriodBefore => Some("Tidak ada yang mempunyai nilai pada periode sebelumnya."),
        pb::AwardAbsence::NotComparable => {
            Some("Nilai kedua periode tidak dapat dibandingkan: cara ukur (era) atau susunannya berbeda.")
        }
    }
}

/// What a reader must know of an award besides its rule.
pub fn notes(award: &pb::Award) -> Vec<String> {
    let mut notes = Vec::new();
    if award.tied_at_border {
        notes.push(format!(
            "Nilai di batas sama: {} disebut untuk {} tempat.",
            number::integer(award.winner_count),
            award.places
        ));
    }
    if award.refused > 0 {
        notes.push(format!(
            "{} yang berperingkat tidak dibandingkan: tidak ada nilai sebelumnya, atau cara ukur atau susunannya berbeda.",
            number::integer(award.refused)
        ));
    }
    if has_certainty(award) {
        let sure = award.winners.iter();
        let sure = sure
            .filter(|winner| winner.certainty() == pb::AwardCertainty::Sure)
            .count();
        notes.push(format!(
            "Pasti di antara {} terbaik: {sure} dari {} yang disebut.",
            award.places,
            award.winners.len()
        ));
    }
    notes
}

/// How sure the place of a winner is; empty when nothing is known.
pub fn certainty(winner: &pb::AwardWinner, places: i32) -> String {
    match winner.certainty() {
        pb::AwardCertainty::Unspecified => String::new(),
        pb::AwardCertainty::Sure => format!("pasti di antara {places} terbaik"),
        pb::AwardCertainty::NotSure => "belum pasti".to_owned(),
    }
}

/// Whether the certainty of the winners is known.
pub fn has_certainty(award: &pb::Award) -> bool {
    award
        .winners
        .iter()
        .any(|winner| winner.certainty() != pb::AwardCertainty::Unspecified)
}

/// Heading of what an award is given for, when that is not the score.
pub fn value_heading(kind: pb::AwardKind) -> Option<&'static str> {
    match kind {
        pb::AwardKind::Riser => Some("Perubahan (poin)"),
        pb::AwardKind::RoleModel => Some("Nilai aspek"),
        pb::AwardKind::Unspecified | pb::AwardKind::Best | pb::AwardKind::Category => None,
    }
}

fn value(kind: pb::AwardKind, winner: &pb::AwardWinner) -> String {
    match kind {
        pb::AwardKind::Riser => format!("{} (dari {})", winner.value, winner.base_score),
        _ => winner.value.clone(),
    }
}

/// The rank as text; empty when there is none.
pub fn rank(winner: &pb::AwardWinner) -> String {
    if winner.rank > 0 {
        winner.rank.to_string()
    } else {
        String::new()
    }
}

fn moment_of(answer: &pb::ListAwardsResponse) -> pb::LeagueTable {
    pb::LeagueTable {
        as_of: answer.as_of,
        known_at: answer.known_at,
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> pb::ListAwardsResponse {
        let winner = |rank, name: &str, value: &str, certainty: pb::AwardCertainty| pb::AwardWinner {
            rank,
            subject: "agencies/3271/units/dpmptsp".into(),
            display_name: name.into(),
            agency_display_name: "Kota Bogor".into(),
            score: "91.40".into(),
            value: value.into(),
            base_score: if value.is_empty() {
                String::new()
            } else {
                "80.00".into()
            },
            certainty: certainty.into(),
            ..Default::default()
        };
        let (sure, not_sure) = (pb::AwardCertainty::Sure, pb::AwardCertainty::NotSure);
        let award = |kind: pb::AwardKind, title: &str, winners: Vec<pb::AwardWinner>| pb::Award {
            kind: kind.into(),
            title: title.into(),
            rule: "Aturan contoh.".into(),
            source: "Sumber contoh.".into(),
            places: 1,
            winner_count: i64::try_from(winners.len()).unwrap(),
            winners,
            ..Default::default()
        };
        let best = pb::Award {
            tied_at_border: true,
            ..award(
                pb::AwardKind::Best,
                "1 terbaik",
                vec![winner(1, "Satu", "", sure), winner(1, "Dua", "", not_sure)],
            )
        };
        let none = pb::Award {
            absence: pb::AwardAbsence::NotComparable.into(),
            refused: 7,
            ..award(pb::AwardKind::Riser, "Kemajuan terbesar", Vec::new())
        };
        let riser = award(
            pb::AwardKind::Riser,
            "Kemajuan terbesar",
            vec![winner(3, "=1+1", "11.40", pb::AwardCertainty::Unspecified)],
        );
        pb::ListAwardsResponse {
            name: "metrics/skm/periods/2024/cohorts/dpmptsp".into(),
            awards: vec![best, none, riser],
            ..Default::default()
        }
    }

    #[test]
    fn each_award_says_its_rule_and_how_sure_it_is() {
        let text = table(&answer());
        for part in [
            "1 terbaik\n",
            "pasti di antara 1 terbaik",
            "belum pasti",
            "Nilai di batas sama: 2 disebut untuk 1 tempat.",
            "Pasti di antara 1 terbaik: 1 dari 2 yang disebut.",
            "Aturan: Aturan contoh.\nSumber: Sumber contoh.\n",
            "Nilai kedua periode tidak dapat dibandingkan",
            "7 yang berperingkat tidak dibandingkan",
            "11.40 (dari 80.00)",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert_eq!(text.matches("Kepastian").count(), 1, "{text}");
    }

    #[test]
    fn winners_are_rows_of_csv_and_no_formulas() {
        let text = csv(&answer()).unwrap();
        let rows: Vec<&str> = text.lines().collect();
        assert_eq!(rows.len(), 4);
        assert!(rows[0].starts_with("kind,title,table,component,rank,subject"));
        assert!(rows[3].contains(",'=1+1,"), "{}", rows[3]);
    }
}
