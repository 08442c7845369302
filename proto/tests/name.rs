//! Parsing of resource names.

use prima_proto::name::*;

#[test]
fn a_name_prints_as_it_was_parsed() {
    let text = "agencies/3271/units/dpmptsp/surveys/2024-q3";
    assert_eq!(Survey::parse(text).unwrap().to_string(), text);
    let follow_up = format!("{text}/followUps/antrean");
    assert_eq!(FollowUp::parse(&follow_up).unwrap().to_string(), follow_up);
    let batch = format!("{text}/tokenBatches/7");
    assert_eq!(TokenBatch::parse(&batch).unwrap().to_string(), batch);
    let device = "agencies/3271/units/dpmptsp/devices/loket-1";
    assert_eq!(Device::parse(device).unwrap().to_string(), device);
    let unit_type = "agencies/3271/unitTypes/balai-kota";
    assert_eq!(UnitType::parse(unit_type).unwrap().to_string(), unit_type);
    let replication = "agencies/3271/units/dpmptsp/innovations/sipandu/replications/r1";
    assert_eq!(Replication::parse(replication).unwrap().to_string(), replication);
    let entry = "rounds/kipp-2022/entries/e1";
    assert_eq!(Entry::parse(entry).unwrap().to_string(), entry);
    let assessment = "cycles/2025-nasional/agencies/3271/units/dpmptsp";
    assert_eq!(Assessment::parse(assessment).unwrap().to_string(), assessment);
    for text in [
        "complaints/c-1",
        "attachments/a1",
        "consultations/k1",
        "knowledge/p1",
    ] {
        let printed = [
            Complaint::parse(text).map(|n| n.to_string()),
            Attachment::parse(text).map(|n| n.to_string()),
            Consultation::parse(text).map(|n| n.to_string()),
            Knowledge::parse(text).map(|n| n.to_string()),
        ];
        let known: Vec<&String> = printed.iter().flatten().collect();
        assert_eq!(known, [text]);
    }
    let member = "agencies/3271/members/bagian-organisasi";
    assert_eq!(Member::parse(member).unwrap().to_string(), member);
    for cohort in [
        "dpmptsp",
        "dpmptsp.32",
        "dpmptsp.32.region.jawa.scheme.a.volume.b.peers.c",
    ] {
        let table = format!("metrics/skm/periods/2024-q3/cohorts/{cohort}");
        assert_eq!(LeagueTable::parse(&table).unwrap().to_string(), table);
    }
    for cohort in ["", "dpmptsp.", "a.b.c.d.e.f.g.h.i.j.k"] {
        let table = format!("metrics/skm/periods/2024-q3/cohorts/{cohort}");
        assert!(LeagueTable::parse(&table).is_err(), "{cohort}");
    }
    let definition = "metrics/skm/definitions/1000";
    assert_eq!(
        TableDefinition::parse(definition).unwrap().to_string(),
        definition
    );
}

#[test]
fn an_id_that_cannot_be_part_of_a_subject_is_refused() {
    for text in ["", "A", "a.b", "a*", "a>", "a b", "é", &"a".repeat(64)] {
        assert!(token(text, TOKEN_MAX).is_err(), "{text}");
        assert!(
            Unit::parse(&format!("agencies/1/units/{text}")).is_err(),
            "{text}"
        );
    }
    assert!(Unit::parse("agencies/1/units/a/b").is_err());
    assert!(Survey::parse("agencies/1/units/a/surveys/").is_err());
    for text in [
        "cycles/a",
        "cycles//agencies/1/units/a",
        "cycles/a//agencies/1/units/a",
        "/agencies/1/units/a",
    ] {
        assert!(Assessment::parse(text).is_err(), "{text}");
    }
    assert!(Innovation::parse("agencies/1/units/a/innovations/b/c").is_err());
    assert!(Replication::parse("agencies/1/units/a/innovations/b/replications/").is_err());
    assert!(Round::parse("rounds/a/b").is_err() && Entry::parse("rounds/a/entries/B").is_err());
}

#[test]
fn a_subject_is_an_agency_or_a_unit() {
    for text in ["agencies/3271", "agencies/3271/units/dpmptsp"] {
        assert_eq!(Subject::parse(text).unwrap().to_string(), text);
    }
    for text in ["", "agencies/", "units/a", "agencies/1/units/a/surveys/b"] {
        assert!(Subject::parse(text).is_err(), "{text}");
    }
    for (agency, unit) in [("A", "a"), ("", "a"), ("1", ""), ("1", "a/b")] {
        assert!(Unit::of(agency, unit).is_err(), "{agency} {unit}");
    }
    assert!(Agency::of(&"a".repeat(33)).is_err() && Agency::of(&"a".repeat(32)).is_ok());
}

#[test]
fn subjects_are_ordered_by_agency_with_the_agency_before_its_units() {
    let sorted = [
        "agencies/1",
        "agencies/1/units/a",
        "agencies/1/units/b",
        "agencies/1-a",
        "agencies/2",
    ];
    let mut subjects: Vec<Subject> = sorted.iter().rev().flat_map(|s| s.parse()).collect();
    subjects.sort();
    let printed: Vec<String> = subjects.iter().map(Subject::to_string).collect();
    assert_eq!(printed, sorted);
}
