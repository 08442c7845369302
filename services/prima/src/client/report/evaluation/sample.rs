//! Sample minutes for tests: two aspects with three indicators, whose index was computed by hand.
//!
//! policy = (7/2 + 5) / 2 = 17/4, innovation = 2; F-02 = 3/4 * 17/4 + 1/4 * 2 = 59/16; F-03 = 11/3; index = 3/4 * 59/16
//! + 1/4 * 11/3 = 707/192 = 3.6823, rounded to 3.68.

use prima_platform::clock;

use super::super::Names;
use super::{Record, pb};

pub(super) const NAME: &str = "cycles/2026/agencies/contoh/units/kantor";

fn time(seconds: i64) -> Option<prost_types::Timestamp> {
    Some(prost_types::Timestamp { seconds, nanos: 0 })
}

fn window(from: i64) -> Option<pb::Window> {
    Some(pb::Window {
        open_time: time(from),
        close_time: time(from + 864_000),
    })
}

fn indicator(number: i32, key: &str, aspect: &str, title: &str, weight: &str) -> pb::Indicator {
    pb::Indicator {
        number,
        key: key.into(),
        aspect: aspect.into(),
        title: title.into(),
        weight: weight.into(),
        supplementary: aspect.is_empty(),
        ..Default::default()
    }
}

fn instrument() -> pb::Instrument {
    let aspect = |key: &str, name: &str, weight: &str| pb::Aspect {
        key: key.into(),
        display_name: name.into(),
        weight: weight.into(),
        in_f03: true,
    };
    let band = |key: &str, name: &str, lower: &str| pb::Band {
        key: key.into(),
        display_name: name.into(),
        lower: lower.into(),
        zone: String::new(),
    };
    pb::Instrument {
        id: "contoh-2026".into(),
        display_name: "Instrumen Contoh".into(),
        citations: vec!["PermenPANRB 29/2022".into()],
        entry_mode: "indicators".into(),
        max_level: 5,
        aspects: vec![
            aspect("policy", "Kebijakan Pelayanan", "3/4"),
            aspect("innovation", "Inovasi", "1/4"),
        ],
        forms: vec![pb::Form {
            key: "f02_offline".into(),
            indicators: vec![
                indicator(1, "standard", "policy", "Kelengkapan standar pelayanan", "1/2"),
                indicator(2, "charter", "policy", "Maklumat pelayanan", "1/2"),
                indicator(3, "ideas", "innovation", "Inovasi pelayanan", "1/1"),
                indicator(4, "extra", "", "Data pendukung", "0/1"),
            ],
            questions: Vec::new(),
        }],
        weightings: vec!["per_indicator".into()],
        roll_ups: vec!["mean_of_aspect_means".into()],
        f02_weight: "3/4".into(),
        f03_weight: "1/4".into(),
        minimum_respondents: 30,
        under_minimum_policies: vec!["incomplete".into()],
        bands: vec![
            band("A", "Pelayanan Prima", "4.51"),
            band("B", "Baik", "3.51"),
            band("C", "Cukup", "0"),
        ],
        built_in: true,
        ..Default::default()
    }
}

fn evaluation(indicator: &str, level: i32, evaluator: &str, note: &str) -> pb::Evaluation {
    pb::Evaluation {
        indicator: indicator.into(),
        level,
        note: note.into(),
        evaluator: evaluator.into(),
        update_time: time(1_770_000_000),
    }
}

fn assessment() -> pb::Assessment {
    let row = |key: &str, own: i32, evaluations: Vec<pb::Evaluation>, level: &str, origin: &str| {
        pb::AssessedIndicator {
            indicator: key.into(),
            self_level: Some(pb::SelfLevel {
                indicator: key.into(),
                level: own,
                note: format!("alasan unit {key}"),
            }),
            evaluations,
            level: level.into(),
            level_origin: origin.into(),
        }
    };
    pb::Assessment {
        name: NAME.into(),
        form: "offline".into(),
        indicators: vec![
            row(
                "standard",
                4,
                vec![
                    evaluation("standard", 3, "evaluator-a", "dokumen belum lengkap"),
                    evaluation("standard", 4, "evaluator-b", ""),
                ],
                "7/2",
                "evaluators",
            ),
            row(
                "charter",
                5,
                vec![evaluation("charter", 4, "evaluator-a", "")],
                "5/1",
                "objection",
            ),
            row("ideas", 3, Vec::new(), "2/1", "suggestion"),
        ],
        f03: Some(pb::F03 {
            survey: "agencies/contoh/units/kantor/surveys/f03".into(),
            value: "11/3".into(),
            respondents: 42,
            version: 7,
        }),
        index: "3.68".into(),
        category: "B".into(),
        category_display_name: "Baik".into(),
        objections: vec![
            pb::Objection {
                number: 1,
                indicator: "charter".into(),
                reason: "maklumat sudah dipasang".into(),
                create_time: time(1_770_100_000),
                granted: true,
                level: Some(5),
                decision: "terbukti dari foto".into(),
                decide_time: time(1_770_200_000),
            },
            pb::Objection {
                number: 2,
                indicator: "standard".into(),
                reason: "komponen sudah lengkap".into(),
                decision: "dokumen lama".into(),
                decide_time: time(1_770_200_000),
                ..Default::default()
            },
            pb::Objection {
                number: 3,
                indicator: "ideas".into(),
                reason: "inovasi belum dilihat".into(),
                ..Default::default()
            },
        ],
        version: 12,
        update_time: time(1_770_300_000),
        ..Default::default()
    }
}

fn term(key: &str, name: &str, numbers: [&str; 3], terms: Vec<pb::Term>) -> pb::Term {
    let [weight, value, product] = numbers.map(str::to_owned);
    pb::Term {
        key: key.into(),
        display_name: name.into(),
        weight,
        value,
        product,
        terms,
        origin: String::new(),
    }
}

fn value() -> pb::IndexValue {
    let policy = term(
        "policy",
        "Kebijakan Pelayanan",
        ["3/4", "17/4", "51/16"],
        vec![
            term(
                "standard",
                "Kelengkapan standar pelayanan",
                ["1/2", "7/2", "7/4"],
                vec![],
            ),
            term("charter", "Maklumat pelayanan", ["1/2", "5/1", "5/2"], vec![]),
        ],
    );
    let innovation = term(
        "innovation",
        "Inovasi",
        ["1/4", "2/1", "1/2"],
        vec![term("ideas", "Inovasi pelayanan", ["1/1", "2/1", "2/1"], vec![])],
    );
    let f02 = term(
        "f02",
        "Penilaian evaluator (F-02)",
        ["3/4", "59/16", "177/64"],
        vec![policy, innovation],
    );
    let f03 = term(
        "f03",
        "Penilaian pengguna layanan (F-03)",
        ["1/4", "11/3", "11/12"],
        vec![],
    );
    pb::IndexValue {
        index: "3.68".into(),
        index_exact: "707/192".into(),
        category: "B".into(),
        category_display_name: "Baik".into(),
        f02: "3.69".into(),
        f03: "3.67".into(),
        tree: Some(term(
            "ipp",
            "Indeks Pelayanan Publik",
            ["1/1", "707/192", "707/192"],
            vec![f02, f03],
        )),
        missing: Vec::new(),
        instrument: "contoh-2026".into(),
        citations: vec!["PermenPANRB 29/2022".into()],
    }
}

fn suggestion() -> pb::Suggestion {
    let figure = |field: &str, value: &str| pb::Figure {
        field: field.into(),
        value: value.into(),
    };
    pb::Suggestion {
        indicator: "standard".into(),
        metric: "directory.service_standard".into(),
        level: Some(4),
        figures: vec![
            figure("all_components", "true"),
            figure("public_involved", "false"),
        ],
        interpretation: true,
        given_level: "7/2".into(),
        difference: "-0.50".into(),
        events: Vec::new(),
    }
}

/// A finished evaluation.
pub(super) fn record() -> Record {
    Record {
        cycle: pb::Cycle {
            name: "cycles/2026".into(),
            display_name: "PEKPPP 2026".into(),
            scheme: pb::Scheme::Nasional.into(),
            year: "2026".into(),
            instrument: "contoh-2026".into(),
            evaluation_date: "2026-02-28".into(),
            self_assessment_window: window(1_767_225_600),
            evaluation_window: window(1_769_000_000),
            objection_window: window(1_770_000_000),
            final_time: time(1_772_000_000),
            ..Default::default()
        },
        assessment: assessment(),
        instrument: instrument(),
        value: value(),
        suggestions: Ok(vec![suggestion()]),
        recommendations: Ok(vec![pb::Recommendation {
            indicator: "ideas".into(),
            display_name: "Inovasi pelayanan".into(),
            level: "2/1".into(),
            next_level: 3,
            criterion: "inovasi dipelajari unit lain".into(),
            gain: "0.1875".into(),
        }]),
        actions: Ok(vec![pb::Action {
            number: 1,
            indicator: "ideas".into(),
            description: "Menyusun portofolio inovasi".into(),
            owner: "Bagian Perencanaan".into(),
            due_date: "2026-12-31".into(),
            done_date: "2026-08-17".into(),
            note: "selesai lebih cepat".into(),
        }]),
        names: Names {
            agency: "Instansi Contoh".into(),
            unit: "Kantor Contoh".into(),
            ..Default::default()
        },
        made: clock::from_micros(1_772_100_000_000_000),
    }
}

/// An evaluation in which the unit is enrolled and nothing else has happened.
pub(super) fn empty() -> Record {
    let mut record = record();
    record.cycle.final_time = None;
    record.assessment = pb::Assessment {
        name: NAME.into(),
        form: "offline".into(),
        ..Default::default()
    };
    let leaf = |key: &str, name: &str, weight: &str| term(key, name, [weight, "", ""], vec![]);
    record.value = pb::IndexValue {
        tree: Some(term(
            "ipp",
            "Indeks Pelayanan Publik",
            ["1/1", "", ""],
            vec![
                term(
                    "f02",
                    "Penilaian evaluator (F-02)",
                    ["3/4", "", ""],
                    vec![term(
                        "policy",
                        "Kebijakan Pelayanan",
                        ["3/4", "", ""],
                        vec![leaf("standard", "Kelengkapan standar pelayanan", "1/2")],
                    )],
                ),
                leaf("f03", "Penilaian pengguna layanan (F-03)", "1/4"),
            ],
        )),
        missing: vec!["standard".into(), "f03".into()],
        ..Default::default()
    };
    record.suggestions = Err("tidak diizinkan".into());
    record.recommendations = Ok(Vec::new());
    record.actions = Ok(Vec::new());
    record
}
