//! Definitions of rounds.

use super::{
    round::{Basis, Member, Round, StageKind, Window, templates},
    round_check::faults,
};

fn round(template: &str) -> Round {
    Round {
        display_name: "KIPP".into(),
        year: 2022,
        rules: templates()[template].clone(),
        windows: vec![Window {
            stage: "pengajuan".into(),
            open: None,
            close: Some("2022-05-31T17:00:00Z".parse().unwrap()),
        }],
        panel: (0..3)
            .map(|n| Member {
                subject: format!("evaluator-{n}"),
                agency: String::new(),
                stages: Vec::new(),
            })
            .collect(),
    }
}

fn fields(change: impl Fn(&mut Round)) -> Vec<String> {
    let mut round = round("kipp-2022");
    change(&mut round);
    faults(&round).into_iter().map(|f| f.field).collect()
}

#[test]
fn every_template_is_valid() {
    assert_eq!(templates().keys().collect::<Vec<_>>(), ["kipp-2022", "kipp-2025"]);
    for template in templates().keys() {
        assert_eq!(faults(&round(template)), [], "{template}");
    }
}

#[test]
fn the_template_of_2022_has_its_numbers() {
    let rules = &templates()["kipp-2022"];
    let weights: Vec<i64> = rules.groups[0].parts.iter().map(|p| p.weight).collect();
    assert_eq!(weights, [0, 10, 15, 5, 30, 20, 5, 15]);
    assert_eq!(rules.groups[0].parts[0].max_words, 200);
    let golden: serde_json::Value =
        serde_json::from_str(include_str!("../../tests/data/innovation.json")).unwrap();
    let finalists = &golden["funnel_2022"]["finalists"];
    let places: Vec<usize> = rules.stages[2].cuts.iter().map(|c| c.places).collect();
    assert_eq!(
        places,
        [
            finalists["general"].as_u64().unwrap() as usize,
            finalists["special"].as_u64().unwrap() as usize
        ]
    );
}

#[test]
fn every_fault_of_a_round_is_named() {
    assert_eq!(
        fields(|r| r.rules.groups[0].parts[1].weight = 11),
        ["round.rules.groups[umum].parts"]
    );
    assert_eq!(fields(|r| r.windows.clear()), ["round.windows"]);
    assert_eq!(fields(|r| r.panel.truncate(2)), ["round.panel", "round.panel"]);
    assert_eq!(
        fields(|r| r.panel[1].subject = "evaluator-0".into())[0],
        "round.panel"
    );
    assert_eq!(
        fields(|r| r.rules.stages.swap(0, 1)),
        ["round.rules.stages", "round.windows"]
    );
    assert_eq!(
        fields(|r| r.rules.stages[1].minimum_scores = 1),
        ["round.rules.stages[seleksi-administrasi]"]
    );
    assert_eq!(
        fields(|r| r.rules.stages[2].basis = vec![Basis {
            stage: "verifikasi-lapangan".into(),
            weight: 1
        }]),
        ["round.rules.stages[penilaian-proposal].basis"],
        "a later stage"
    );
    assert_eq!(
        fields(|r| r.rules.stages[2].tie_break = vec!["apa".into()]),
        ["round.rules.stages[penilaian-proposal].tie_break"]
    );
    assert_eq!(
        fields(|r| r.rules.stages[2].cuts[0].group = "apa".into()),
        ["round.rules.stages[penilaian-proposal].cuts"]
    );
    assert_eq!(
        fields(|r| r.rules.stages[0].kind = StageKind::Screening),
        ["round.rules.stages"]
    );
    let several = fields(|r| {
        r.rules.categories.clear();
        r.rules.groups.clear();
    });
    assert!(several.len() >= 2, "{several:?}");
}
