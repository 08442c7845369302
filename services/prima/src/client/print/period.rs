//! Results of units and agencies in a period, for people.

use prima_proto::survey::v1 as pb;

use super::{
    Table, clean, lines, named, or_dash,
    result::{in_question, missing, released},
};

pub fn unit(result: &pb::UnitResult) -> String {
    let mut text = lines(&[
        ("Unit", result.unit.clone()),
        (
            "Periode",
            format!(
                "{}{}",
                result.period,
                if result.r#final {
                    " (final)"
                } else {
                    " (sementara)"
                }
            ),
        ),
        ("Instrumen", result.instrument.clone()),
        ("Asal", origin(result.recorded, &result.source, &result.surveys)),
        (
            "Responden",
            if result.minimum_respondents > 0 {
                format!(
                    "{} (sampel minimum {})",
                    result.respondents, result.minimum_respondents
                )
            } else {
                result.respondents.to_string()
            },
        ),
        (
            "Nilai (IKM)",
            match result.withheld_reason() {
                pb::WithheldReason::Unspecified => {
                    index(&result.index, &result.interval_low, &result.interval_high)
                }
                reason => missing(reason).to_owned(),
            },
        ),
        ("Galat baku", or_dash(&result.standard_error)),
        ("Mutu", category(&result.category, &result.category_display_name)),
        ("Perubahan", change(result.change.as_ref())),
    ]);
    if let Some(released) = released(result.counted, result.pending, result.in_correction) {
        text += &lines(&[("Terhitung", released)]);
    }
    text += &questioned(result.in_question, &result.index_with_questioned);
    if !result.elements.is_empty() {
        text += &Table::of(&result.elements)
            .text("Unsur", |element| named(&element.display_name, &element.key))
            .number("Jawaban", |element| element.answers)
            .number("NRR", |element| &element.mean)
            .print();
    }
    text
}

/// What waits for a decision of an operator, with the index with it; empty when nothing does.
fn questioned(responses: i64, index_with: &str) -> String {
    match responses {
        0 => String::new(),
        _ => lines(&[("Dalam pemeriksaan", in_question(responses, index_with))]),
    }
}

/// The result of an agency by both rules of aggregation.
pub fn agency(result: &pb::AgencyResult) -> String {
    let mut text = lines(&[
        ("Instansi", result.agency.clone()),
        ("Periode", result.period.clone()),
        ("Instrumen", result.instrument.clone()),
        ("Asal", origin(result.recorded, &result.source, &[])),
        (
            "Unit",
            format!(
                "{} dari {} masuk hitungan",
                result.units_counted, result.units_expected
            ),
        ),
        ("Responden", result.respondents.to_string()),
    ]);
    if let Some(released) = released(result.counted, result.pending, false) {
        text += &lines(&[("Terhitung", released)]);
    }
    text += &questioned(result.in_question, &result.index_with_questioned);
    text += &Table::of(&result.roll_ups)
        .text("Aturan penggabungan", |roll_up| {
            named(&roll_up.display_name, &roll_up.rule)
        })
        .number("Nilai", |roll_up| &roll_up.index)
        .text("Mutu", |roll_up| {
            category(&roll_up.category, &roll_up.category_display_name)
        })
        .text("Perubahan", |roll_up| change(roll_up.change.as_ref()))
        .print();
    if !result.units.is_empty() {
        text += &Table::of(&result.units)
            .whole("Unit", |unit| &unit.unit)
            .number("Nilai", |unit| &unit.index)
            .text("Mutu", |unit| &unit.category)
            .number("Responden", |unit| unit.respondents)
            .text("Asal", |unit| match unit.recorded {
                true => "tercatat, tidak dihitung",
                false => "dihitung",
            })
            .print();
    }
    for notice in &result.notices {
        text += &clean(&format!("Perhatian: {}", notice.localized_message));
        text += "\n";
    }
    text
}

fn origin(recorded: bool, source: &str, surveys: &[String]) -> String {
    if recorded {
        return format!("tercatat, tidak dihitung; sumber: {}", or_dash(source));
    }
    match surveys {
        [] => "dihitung".to_owned(),
        surveys => format!("dihitung dari {}", surveys.join(", ")),
    }
}

fn index(index: &str, low: &str, high: &str) -> String {
    match (index, low) {
        ("", _) => "belum ada".to_owned(),
        (index, "") => index.to_owned(),
        (index, low) => format!("{index} (selang kepercayaan 95 %: {low} sampai {high})"),
    }
}

fn category(grade: &str, name: &str) -> String {
    match (grade, name) {
        ("", _) => "-".to_owned(),
        (grade, "") => grade.to_owned(),
        (grade, name) => format!("{grade} ({name})"),
    }
}

/// A change in points and in percent. Each is labelled, because reports often confuse the two.
fn change(change: Option<&pb::Change>) -> String {
    let Some(change) = change else {
        return "belum ada pembanding".to_owned();
    };
    let percent = match change.relative_percent.as_str() {
        "" => String::new(),
        percent => format!("; {} persen", signed(percent)),
    };
    let mut notes = Vec::new();
    if change.base_recorded {
        notes.push("pembanding tercatat, tidak dihitung".to_owned());
    }
    if change.across_instruments {
        notes.push(format!("instrumen pembanding lain: {}", change.base_instrument));
    }
    let notes = if notes.is_empty() {
        String::new()
    } else {
        format!(" ({})", notes.join("; "))
    };
    format!(
        "{} poin{percent} terhadap {} ({}){notes}",
        signed(&change.points),
        change.base_period,
        change.base_index
    )
}

pub(super) fn signed(number: &str) -> String {
    let zero = number.bytes().all(|b| !b.is_ascii_digit() || b == b'0');
    if number.starts_with(['-', '+']) || zero {
        number.to_owned()
    } else {
        format!("+{number}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_shown_in_points_and_in_percent() {
        let base = pb::Change {
            base_period: "2019".into(),
            base_index: "80.98".into(),
            base_instrument: "skm-2017".into(),
            points: "0.98".into(),
            relative_percent: "1.21".into(),
            base_recorded: true,
            ..Default::default()
        };
        assert_eq!(
            change(Some(&base)),
            "+0.98 poin; +1.21 persen terhadap 2019 (80.98) (pembanding tercatat, tidak dihitung)"
        );
        assert_eq!(signed("-0.50"), "-0.50");
        assert_eq!(signed("0.00"), "0.00");
        assert_eq!(change(None), "belum ada pembanding");
    }

    #[test]
    fn an_agency_shows_every_rule_by_its_name() {
        let roll_up = |rule: &str, name: &str, index: &str| pb::RollUp {
            rule: rule.into(),
            display_name: name.into(),
            index: index.into(),
            ..Default::default()
        };
        let text = agency(&pb::AgencyResult {
            agency: "agencies/3271".into(),
            roll_ups: vec![
                roll_up("mean_of_units", "Rata-rata nilai unit", "81.96"),
                roll_up("respondent_weighted", "", "82.10"),
            ],
            ..Default::default()
        });
        insta::assert_snapshot!(text, @"
        Instansi    : agencies/3271
        Periode     :
        Instrumen   :
        Asal        : dihitung
        Unit        : 0 dari 0 masuk hitungan
        Responden   : 0
        ┌──────────────────────┬───────┬──────┬──────────────────────┐
        │ Aturan penggabungan  ┆ Nilai ┆ Mutu ┆ Perubahan            │
        ╞══════════════════════╪═══════╪══════╪══════════════════════╡
        │ Rata-rata nilai unit ┆ 81.96 ┆ -    ┆ belum ada pembanding │
        │ respondent_weighted  ┆ 82.10 ┆ -    ┆ belum ada pembanding │
        └──────────────────────┴───────┴──────┴──────────────────────┘
        ");
    }
}
