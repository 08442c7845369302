//! The result of a survey.

use prima_proto::survey::v1 as pb;
use serde::Serialize;

use super::{Table, given, lines, named, or_dash};
use crate::cli::Format;

#[derive(Serialize)]
struct Json<'a> {
    survey: &'a str,
    title: &'a str,
    period: &'a str,
    state: &'static str,
    instrument: &'a str,
    weights: &'static str,
    respondents: i64,
    minimum_respondents: i64,
    counted: i64,
    pending: i64,
    in_correction: bool,
    withheld: Option<&'static str>,
    index: Option<&'a str>,
    category: Option<&'a str>,
    elements: Vec<JsonElement<'a>>,
    aspects: Vec<JsonAspect<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    in_question: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    index_with_questioned: Option<&'a str>,
}

#[derive(Serialize)]
struct JsonAspect<'a> {
    key: &'a str,
    name: &'a str,
    mean: Option<&'a str>,
}

#[derive(Serialize)]
struct JsonElement<'a> {
    key: &'a str,
    code: &'a str,
    name: &'a str,
    answers: i64,
    mean: Option<&'a str>,
    weighted_mean: Option<&'a str>,
}

/// The result as text. With `one_of_many`, more documents follow in the same output.
pub fn render(result: &pb::Result, format: Format, one_of_many: bool) -> anyhow::Result<String> {
    match format {
        Format::Table => Ok(table(result)),
        Format::Json => super::json(&json(result), one_of_many),
        Format::Csv => csv(result),
    }
}

/// The state of a survey for people.
pub fn state_name(state: pb::SurveyState) -> &'static str {
    match state {
        pb::SurveyState::Unspecified => "-",
        pb::SurveyState::Scheduled => "belum dibuka",
        pb::SurveyState::Open => "dibuka",
        pb::SurveyState::Closed => "ditutup",
    }
}

/// How many responses are in the figures and how many wait; `None` when none waits.
pub fn released(counted: i64, pending: i64, in_correction: bool) -> Option<String> {
    let correction = if in_correction { ", dalam koreksi" } else { "" };
    (pending > 0).then(|| format!("{counted}, menunggu {pending}{correction}"))
}

/// Why there is no value.
pub fn missing(reason: pb::WithheldReason) -> &'static str {
    match reason {
        pb::WithheldReason::Unspecified => "belum ada",
        pb::WithheldReason::TooFew => "tidak ada: responden terlalu sedikit",
        pb::WithheldReason::FirstStep => "belum ada: menunggu responden lain",
    }
}

/// The name of a weight variant on the command line.
pub fn weights_name(weights: pb::WeightVariant) -> &'static str {
    match weights {
        pb::WeightVariant::Unspecified | pb::WeightVariant::Exact => "exact",
        pb::WeightVariant::WeightVariant0111 => "0.111",
        pb::WeightVariant::WeightVariant011 => "0.11",
        pb::WeightVariant::WeightVariant0071 => "0.071",
        pb::WeightVariant::MeanOfAspectMeans => "mean_of_aspect_means",
        pb::WeightVariant::MeanOfAllAnswers => "mean_of_all_answers",
    }
}

fn table(result: &pb::Result) -> String {
    // F-03 has weight variants of its own; its value is not an IKM and has no grade.
    let ikm = !matches!(
        result.weight_variant(),
        pb::WeightVariant::MeanOfAspectMeans | pb::WeightVariant::MeanOfAllAnswers
    );
    let mutu = match (result.category.as_str(), result.category_display_name.as_str()) {
        ("", _) => "belum ada".to_owned(),
        (grade, "") => grade.to_owned(),
        (grade, name) => format!("{grade} ({name})"),
    };
    let index = if result.index.is_empty() {
        missing(result.withheld_reason())
    } else {
        &result.index
    };
    let mut rows = vec![
        ("Survei", result.survey.clone()),
        ("Judul", or_dash(&result.survey_display_name)),
        (
            "Periode",
            format!("{} ({})", result.period, state_name(result.state())),
        ),
        (
            "Instrumen",
            format!(
                "{}, bobot {}",
                result.instrument,
                weights_name(result.weight_variant())
            ),
        ),
        (
            "Responden",
            format!(
                "{} (sampel minimum {})",
                result.respondents, result.minimum_respondents
            ),
        ),
    ];
    rows.extend(
        released(result.counted, result.pending, result.in_correction).map(|text| ("Terhitung", text)),
    );
    rows.push((if ikm { "Nilai (IKM)" } else { "Nilai" }, index.to_owned()));
    if ikm {
        rows.push(("Mutu", mutu));
    }
    if result.in_question > 0 {
        let questioned = in_question(result.in_question, &result.index_with_questioned);
        rows.push(("Dalam pemeriksaan", questioned));
    }
    let [name, mean, weighted] = if ikm {
        ["Unsur", "NRR", "NRR tertimbang"]
    } else {
        ["Pertanyaan", "Rata-rata", "Tertimbang"]
    };
    let mut text = lines(&rows);
    text += &Table::of(&result.elements)
        .text("Kode", |element| &element.code)
        .text(name, |element| named(&element.display_name, &element.key))
        .number("Jawaban", |element| element.answers)
        .number(mean, |element| &element.mean)
        .number(weighted, |element| &element.weighted_mean)
        .print();
    if !result.aspects.is_empty() {
        text += &Table::of(&result.aspects)
            .text("Aspek", |aspect| &aspect.display_name)
            .number("Rata-rata", |aspect| &aspect.mean)
            .print();
    }
    text
}

/// What waits for a decision of an operator, and the index with it.
pub fn in_question(responses: i64, index_with: &str) -> String {
    let with = match index_with {
        "" => String::new(),
        index => format!("; nilai bila diterima {index}"),
    };
    format!("{responses} jawaban lewat tautan{with}")
}

fn json(result: &pb::Result) -> Json<'_> {
    Json {
        survey: &result.survey,
        title: &result.survey_display_name,
        period: &result.period,
        state: match result.state() {
            pb::SurveyState::Unspecified => "unspecified",
            pb::SurveyState::Scheduled => "scheduled",
            pb::SurveyState::Open => "open",
            pb::SurveyState::Closed => "closed",
        },
        instrument: &result.instrument,
        weights: weights_name(result.weight_variant()),
        respondents: result.respondents,
        minimum_respondents: result.minimum_respondents,
        counted: result.counted,
        pending: result.pending,
        in_correction: result.in_correction,
        withheld: match result.withheld_reason() {
            pb::WithheldReason::Unspecified => None,
            pb::WithheldReason::TooFew => Some("too_few"),
            pb::WithheldReason::FirstStep => Some("first_step"),
        },
        index: given(&result.index),
        category: given(&result.category),
        elements: result
            .elements
            .iter()
            .map(|element| JsonElement {
                key: &element.key,
                code: &element.code,
                name: &element.display_name,
                answers: element.answers,
                mean: given(&element.mean),
                weighted_mean: given(&element.weighted_mean),
            })
            .collect(),
        in_question: (result.in_question > 0).then_some(result.in_question),
        index_with_questioned: given(&result.index_with_questioned),
        aspects: result
            .aspects
            .iter()
            .map(|aspect| JsonAspect {
                key: &aspect.key,
                name: &aspect.display_name,
                mean: given(&aspect.mean),
            })
            .collect(),
    }
}

fn csv(result: &pb::Result) -> anyhow::Result<String> {
    Table::of(&result.elements)
        .text("survey", |_| &result.survey)
        .text("respondents", |_| result.respondents)
        .text("counted", |_| result.counted)
        .text("pending", |_| result.pending)
        .text("index", |_| &result.index)
        .text("category", |_| &result.category)
        .text("key", |element| &element.key)
        .text("code", |element| &element.code)
        .text("name", |element| &element.display_name)
        .text("answers", |element| element.answers)
        .text("mean", |element| &element.mean)
        .text("weighted_mean", |element| &element.weighted_mean)
        .csv(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> pb::Result {
        pb::Result {
            survey: "agencies/3271/units/dpmptsp/surveys/2024-q3".into(),
            survey_display_name: "SKM".into(),
            period: "2024-q3".into(),
            instrument: "skm-2017".into(),
            respondents: 29,
            index: "91.48".into(),
            category: "A".into(),
            category_display_name: "Sangat baik".into(),
            minimum_respondents: 1,
            state: pb::SurveyState::Open.into(),
            elements: vec![pb::ElementResult {
                key: "time".into(),
                code: "U3".into(),
                display_name: "Waktu Penyelesaian".into(),
                answers: 29,
                total: 100,
                mean: "3.4483".into(),
                weighted_mean: "0.3831".into(),
                ..Default::default()
            }],
            ..Default::default()
        }
    }

    #[test]
    fn what_is_in_question_is_shown_with_the_index_with_it() {
        assert!(
            !render(&sample(), Format::Table, false)
                .unwrap()
                .contains("pemeriksaan")
        );
        let questioned = pb::Result {
            in_question: 60,
            index_with_questioned: "94.23".into(),
            ..sample()
        };
        let text = render(&questioned, Format::Table, false).unwrap();
        assert!(
            text.contains("60 jawaban lewat tautan; nilai bila diterima 94.23"),
            "{text}"
        );
        let text = render(&questioned, Format::Json, false).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (&value["in_question"], &value["index_with_questioned"]),
            (&60.into(), &"94.23".into())
        );
    }

    #[test]
    fn json_holds_decimals_as_strings() {
        let value: serde_json::Value =
            serde_json::from_str(&render(&sample(), Format::Json, false).unwrap()).unwrap();
        assert_eq!(value["survey"], "agencies/3271/units/dpmptsp/surveys/2024-q3");
        assert_eq!(
            (&value["respondents"], &value["index"], &value["category"]),
            (&29.into(), &"91.48".into(), &"A".into())
        );
        let element = &value["elements"][0];
        assert_eq!(
            (&element["key"], &element["answers"], &element["mean"]),
            (&"time".into(), &29.into(), &"3.4483".into())
        );
    }

    #[test]
    fn a_survey_without_answers_has_no_index() {
        let empty = pb::Result {
            index: String::new(),
            category: String::new(),
            ..sample()
        };
        let value: serde_json::Value =
            serde_json::from_str(&render(&empty, Format::Json, true).unwrap()).unwrap();
        assert!(value["index"].is_null() && value["category"].is_null());
        assert!(
            render(&empty, Format::Table, true)
                .unwrap()
                .contains("Nilai (IKM) : belum ada")
        );
    }

    #[test]
    fn people_see_what_waits_and_why_there_is_no_value() {
        let open = pb::Result {
            counted: 20,
            pending: 9,
            ..sample()
        };
        let text = render(&open, Format::Table, false).unwrap();
        assert!(text.contains("Terhitung   : 20, menunggu 9\n"), "{text}");
        let corrected = pb::Result {
            in_correction: true,
            ..open.clone()
        };
        let text = render(&corrected, Format::Table, false).unwrap();
        assert!(text.contains("menunggu 9, dalam koreksi"), "{text}");
        let few = pb::Result {
            index: String::new(),
            withheld_reason: pb::WithheldReason::TooFew.into(),
            ..open
        };
        let text = render(&few, Format::Table, false).unwrap();
        assert!(text.contains("responden terlalu sedikit"), "{text}");
        let value: serde_json::Value =
            serde_json::from_str(&render(&few, Format::Json, false).unwrap()).unwrap();
        assert_eq!(
            (&value["pending"], &value["withheld"]),
            (&9.into(), &"too_few".into())
        );
    }

    #[test]
    fn people_see_aspects_of_f03_and_no_grade() {
        let f03 = pb::Result {
            instrument: "f03-online-2022".into(),
            weight_variant: pb::WeightVariant::MeanOfAllAnswers.into(),
            index: "3.58".into(),
            category: String::new(),
            category_display_name: String::new(),
            aspects: vec![pb::AspectResult {
                key: "service_policy".into(),
                display_name: "Kebijakan Pelayanan".into(),
                mean: "4.1667".into(),
            }],
            ..sample()
        };
        insta::assert_snapshot!(render(&f03, Format::Table, false).unwrap(), @"
        Survei      : agencies/3271/units/dpmptsp/surveys/2024-q3
        Judul       : SKM
        Periode     : 2024-q3 (dibuka)
        Instrumen   : f03-online-2022, bobot mean_of_all_answers
        Responden   : 29 (sampel minimum 1)
        Nilai       : 3.58
        ┌──────┬────────────────────┬─────────┬───────────┬────────────┐
        │ Kode ┆ Pertanyaan         ┆ Jawaban ┆ Rata-rata ┆ Tertimbang │
        ╞══════╪════════════════════╪═════════╪═══════════╪════════════╡
        │ U3   ┆ Waktu Penyelesaian ┆      29 ┆    3.4483 ┆     0.3831 │
        └──────┴────────────────────┴─────────┴───────────┴────────────┘
        ┌─────────────────────┬───────────┐
        │ Aspek               ┆ Rata-rata │
        ╞═════════════════════╪═══════════╡
        │ Kebijakan Pelayanan ┆    4.1667 │
        └─────────────────────┴───────────┘
        ");
        let value: serde_json::Value =
            serde_json::from_str(&render(&f03, Format::Json, false).unwrap()).unwrap();
        assert_eq!(value["weights"], "mean_of_all_answers");
        assert_eq!(value["aspects"][0]["mean"], "4.1667");
    }

    #[test]
    fn people_see_index_and_category() {
        insta::assert_snapshot!(render(&sample(), Format::Table, false).unwrap(), @"
        Survei      : agencies/3271/units/dpmptsp/surveys/2024-q3
        Judul       : SKM
        Periode     : 2024-q3 (dibuka)
        Instrumen   : skm-2017, bobot exact
        Responden   : 29 (sampel minimum 1)
        Nilai (IKM) : 91.48
        Mutu        : A (Sangat baik)
        ┌──────┬────────────────────┬─────────┬────────┬────────────────┐
        │ Kode ┆ Unsur              ┆ Jawaban ┆    NRR ┆ NRR tertimbang │
        ╞══════╪════════════════════╪═════════╪════════╪════════════════╡
        │ U3   ┆ Waktu Penyelesaian ┆      29 ┆ 3.4483 ┆         0.3831 │
        └──────┴────────────────────┴─────────┴────────┴────────────────┘
        ");
    }
}
