//! Definitions of rounds.

use super::{
    round::{Basis, Member, Round, Rule, StageKind, Window, templates},
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
    assert_eq!(
        templates().keys().collect::<Vec<_>>(),
        ["kipp-2021", "kipp-2022", "kipp-2025"]
    );
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
fn the_rounds_are_as_they_were() {
    let rules = |template: &str, group: &str| &templates()[template].group(group).unwrap().rules;
    let age = |template: &str, group: &str| {
        let all = rules(template, group).iter();
        let age = all.filter_map(|rule| match rule {
            Rule::MinAge { months, categories } => Some((*months, categories.len())),
            _ => None,
        });
        age.collect::<Vec<_>>()
    };
    let limit = |template: &str, group: &str| {
        rules(template, group).iter().find_map(|rule| match rule {
            Rule::AgencyLimit { most } => Some(*most),
            _ => None,
        })
    };
    assert_eq!(age("kipp-2021", "umum"), [(24, 0)]);
    assert_eq!(age("kipp-2021", "khusus"), [(24, 0)]);
    assert_eq!(age("kipp-2021", "replikasi"), [(12, 0)]);
    assert_eq!(
        ["umum", "replikasi", "khusus"].map(|group| limit("kipp-2021", group)),
        [Some(10), Some(5), None]
    );
    assert_eq!(templates()["kipp-2021"].categories.len(), 10);
    // In 2022, two years, and one in the category of the pandemic.
    assert_eq!(age("kipp-2022", "umum"), [(24, 2), (12, 1)]);
    let of_2025 = &templates()["kipp-2025"];
    let groups: Vec<&str> = of_2025.groups.iter().map(|g| g.name.as_str()).collect();
    assert_eq!(groups, ["Kelompok Umum", "Kelompok Replikasi"]);
    let cuts: Vec<_> = of_2025.stages.iter().flat_map(|s| &s.cuts).collect();
    let cuts: Vec<_> = cuts
        .iter()
        .map(|c| (c.group.as_str(), c.places, c.minimum_score))
        .collect();
    assert_eq!(cuts, [("umum", 0, 85), ("replikasi", 0, 85)]);
}

#[test]
fn every_fault_of_a_round_is_named() {
    for (places, minimum_score, valid) in [(0, 0, false), (0, 85, true), (0, 101, false), (9, -1, false)] {
        let found = fields(|r| {
            let cut = &mut r.rules.stages[2].cuts[0];
            (cut.places, cut.minimum_score) = (places, minimum_score);
        });
        assert_eq!(found.is_empty(), valid, "{places} {minimum_score}");
    }
    for rule in [
        Rule::AgencyLimit { most: 0 },
        Rule::MinAge {
            months: 24,
            categories: vec!["apa".into()],
        },
    ] {
        let found = fields(|r| r.rules.groups[0].rules.push(rule.clone()));
        assert_eq!(found, ["round.rules.groups[umum].rules"]);
    }
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
