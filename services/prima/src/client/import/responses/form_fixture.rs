//! The SKM survey that the tests of this module use.

use prima_proto::survey::v1 as pb;
use serde_json::Value;

/// The instrument, read from the data of the service.
pub(super) fn instrument() -> pb::Instrument {
    let file: Value = serde_json::from_str(include_str!("../../../../../survey/data/skm-2017.json")).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let element = |row: &Value| pb::InstrumentElement {
        key: text(&row["key"]),
        code: text(&row["code_annex"]),
        form_code: text(&row["code_form"]),
        display_name: text(&row["name"]),
        question: text(&row["question"]),
        answers: row["answers"].as_array().unwrap().iter().map(text).collect(),
        ..Default::default()
    };
    let field = |key: &str, choices: &[(&str, &str)]| pb::ProfileField {
        key: key.to_owned(),
        display_name: key.to_owned(),
        choices: choices
            .iter()
            .map(|(code, label)| pb::Choice {
                code: (*code).to_owned(),
                display_name: (*label).to_owned(),
            })
            .collect(),
    };
    let same = |codes: &[&'static str]| -> Vec<(&'static str, &'static str)> {
        codes.iter().map(|code| (*code, *code)).collect()
    };
    pb::Instrument {
        id: "skm-2017".into(),
        min_score: 1,
        max_score: 4,
        elements: file["elements"].as_array().unwrap().iter().map(element).collect(),
        profile_fields: vec![
            field("sex", &[("L", "Laki-laki"), ("P", "Perempuan")]),
            field(
                "age_group",
                &[
                    ("17-25", "17-25 tahun"),
                    ("26-40", "26-40 tahun"),
                    ("60+", "Di atas 60 tahun"),
                ],
            ),
            field("education", &same(&["SD", "SMP", "SMA", "S1", "S2", "S3"])),
            field(
                "occupation",
                &same(&["PNS", "TNI", "POLRI", "SWASTA", "WIRAUSAHA", "LAINNYA"]),
            ),
            field("channel", &[("counter", "Loket"), ("online", "Daring")]),
            field(
                "hour_band",
                &[("morning", "08.00-12.00"), ("afternoon", "13.00-17.00")],
            ),
        ],
        ..Default::default()
    }
}

/// An open survey of all nine elements, from July 2024.
pub(super) fn survey() -> pb::Survey {
    let element = |element: pb::InstrumentElement| pb::SurveyElement {
        key: element.key,
        code: element.code,
        display_name: element.display_name,
        ..Default::default()
    };
    pb::Survey {
        name: "agencies/3271/units/dpmptsp/surveys/2024-q3".into(),
        period: "2024-q3".into(),
        instrument: "skm-2017".into(),
        elements: instrument().elements.into_iter().map(element).collect(),
        open_time: Some(prost_types::Timestamp {
            seconds: 1_719_766_800,
            nanos: 0,
        }),
        state: pb::SurveyState::Open.into(),
        ..Default::default()
    }
}

/// The form of [`survey`].
pub(super) fn form() -> super::form::Form {
    super::form::Form::new(&survey(), vec![instrument()]).unwrap()
}
