//! A test for each rule of eligibility.

use chrono::NaiveDate;

use super::{
    eligibility::{Facts, failed},
    entry::Proposal,
    innovation::{Award, Innovation, Link, Status},
    round::{Rule, Rules, templates},
};

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn rules() -> &'static Rules {
    &templates()["kipp-2022"]
}

fn good() -> (Innovation, Proposal) {
    let innovation = Innovation {
        title: "Sipandu".into(),
        status: Status::Implemented,
        start_date: Some(date("2020-01-01")),
        ..Innovation::default()
    };
    let answers = rules().group("umum").unwrap().parts.iter().map(|p| {
        let text = format!(
            "Bagian {} menceritakan hal yang berbeda dari bagian lain.",
            p.name
        );
        (p.key.clone(), text)
    });
    let proposal = Proposal {
        group: "umum".into(),
        category: "inklusif".into(),
        answers: answers.collect(),
        documents: vec![Link {
            title: "SK".into(),
            url: "https://example.go.id/sk".into(),
        }],
    };
    (innovation, proposal)
}

/// Keys of the failed rules of a good entry that was changed.
fn fails(
    awards: &[(i32, &str)],
    same_titles: usize,
    change: impl Fn(&mut Innovation, &mut Proposal),
) -> Vec<&'static str> {
    let (mut innovation, mut proposal) = good();
    change(&mut innovation, &mut proposal);
    let awards: Vec<Award> = awards
        .iter()
        .map(|(year, award)| Award {
            year: *year,
            award: (*award).to_owned(),
            round: String::new(),
        })
        .collect();
    let facts = Facts {
        innovation: &innovation,
        proposal: &proposal,
        closing: date("2022-05-31"),
        awards: &awards,
        same_titles,
        submitted_before: 0,
    };
    failed(rules(), &facts).into_iter().map(|f| f.rule).collect()
}

#[test]
fn a_good_entry_fails_nothing() {
    assert!(fails(&[], 0, |_, _| {}).is_empty());
    assert!(
        fails(&[(2019, "top-99")], 0, |_, _| {}).is_empty(),
        "once among the Top 99"
    );
}

#[test]
fn an_innovation_must_be_a_year_old_when_submission_closes() {
    let golden: serde_json::Value =
        serde_json::from_str(include_str!("../../tests/data/innovation.json")).unwrap();
    let rows = golden["min_age_vectors"]["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 4);
    for row in rows {
        let (mut innovation, mut proposal) = good();
        // The round of 2022 asks for one year in the category of the pandemic only.
        proposal.category = "ketahanan".into();
        innovation.start_date = Some(date(row["start"].as_str().unwrap()));
        let facts = Facts {
            innovation: &innovation,
            proposal: &proposal,
            closing: date(row["closing"].as_str().unwrap()),
            awards: &[],
            same_titles: 0,
            submitted_before: 0,
        };
        let failed: Vec<_> = failed(rules(), &facts).into_iter().map(|f| f.rule).collect();
        let expected: &[&str] = if row["eligible"].as_bool().unwrap() {
            &[]
        } else {
            &["min-age"]
        };
        assert_eq!(failed, expected, "{row}");
    }
}

#[test]
fn an_innovation_must_be_at_work() {
    let stopped = fails(&[], 0, |i, _| i.status = Status::Stopped);
    assert_eq!(stopped, ["implemented"]);
    let idea = fails(&[], 0, |i, _| {
        i.status = Status::Idea;
        i.start_date = None;
    });
    assert_eq!(idea, ["implemented", "min-age"], "every failed rule is named");
}

#[test]
fn a_proposal_must_be_complete() {
    assert_eq!(
        fails(&[], 0, |_, p| drop(p.answers.remove("kebaruan"))),
        ["complete"]
    );
    assert_eq!(fails(&[], 0, |_, p| p.documents.clear()), ["complete"]);
}

#[test]
fn a_part_must_keep_its_word_limit() {
    let long = |n: usize| (0..n).map(|w| format!("kata{w}")).collect::<Vec<_>>().join(" ");
    let with = |n: usize| fails(&[], 0, |_, p| drop(p.answers.insert("ringkasan".into(), long(n))));
    assert!(with(200).is_empty());
    assert_eq!(with(201), ["word-limits"]);
}

#[test]
fn an_answer_must_not_be_filler() {
    assert_eq!(
        fails(&[], 0, |_, p| drop(
            p.answers.insert("kebaruan".into(), "-".into())
        )),
        ["no-filler"]
    );
    let copied = fails(&[], 0, |_, p| {
        let text = p.answers["kebaruan"].clone();
        p.answers.insert("signifikansi".into(), text);
    });
    assert_eq!(copied, ["no-filler"], "another part's answer");
}

#[test]
fn an_entry_must_stand_in_a_category_of_the_round() {
    for category in ["", "lain"] {
        assert_eq!(
            fails(&[], 0, |_, p| p.category = category.into()),
            ["one-category"]
        );
    }
}

#[test]
fn a_title_must_be_the_only_one_of_its_agency() {
    assert_eq!(fails(&[], 1, |_, _| {}), ["unique-title"]);
}

#[test]
fn a_former_winner_may_not_compete_in_the_general_group() {
    for award in ["top-9", "top-25", "top-35", "top-40", "top-45", "outstanding"] {
        assert_eq!(fails(&[(2019, award)], 0, |_, _| {}), ["not-past-winner"]);
    }
}

#[test]
fn an_innovation_may_not_have_been_among_the_top_99_twice() {
    assert_eq!(
        fails(&[(2019, "top-99"), (2020, "top-99")], 0, |_, _| {}),
        ["not-won-times"]
    );
}

#[test]
fn the_special_group_is_for_former_winners() {
    let special = |awards: &[(i32, &str)]| fails(awards, 0, |_, p| p.group = "khusus".into());
    assert_eq!(special(&[]), ["former-winner"]);
    assert_eq!(special(&[(2022, "top-45")]), ["former-winner"], "won after 2021");
    assert!(special(&[(2021, "top-45")]).is_empty());
    assert_eq!(
        special(&[(2019, "top-45"), (2020, "outstanding")]),
        ["not-past-winner"]
    );
    let twice = [(2019, "top-45"), (2020, "top-15-khusus"), (2021, "top-15-khusus")];
    assert_eq!(special(&twice), ["not-won-times"]);
}

#[test]
fn a_replica_must_name_its_source() {
    let (mut innovation, mut proposal) = good();
    let mut rules = rules().clone();
    rules.groups[0].key = "replikasi".into();
    rules.groups[0].rules = vec![Rule::Replica];
    proposal.group = "replikasi".into();
    let check = |innovation: &Innovation| {
        let facts = Facts {
            innovation,
            proposal: &proposal,
            closing: date("2022-05-31"),
            awards: &[],
            same_titles: 0,
            submitted_before: 0,
        };
        failed(&rules, &facts).len()
    };
    assert_eq!(check(&innovation), 1);
    innovation.source = "agencies/1/units/a/innovations/b".into();
    assert_eq!(check(&innovation), 0);
}

#[test]
fn a_group_that_the_round_lacks_is_a_failure() {
    assert_eq!(fails(&[], 0, |_, p| p.group = "apa".into()), ["group"]);
}
