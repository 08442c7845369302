//! Tests of the rules of a survey's definition.

use super::super::survey::{Change, ChangeError, OwnElement};
use super::*;

fn now() -> DateTime<Utc> {
    "2024-07-10T03:00:00Z".parse().unwrap()
}

fn made(edit: impl FnOnce(&mut Draft)) -> Result<Survey, Vec<Violation>> {
    let mut draft = Draft {
        period: "2024".into(),
        ..Draft::default()
    };
    edit(&mut draft);
    let name = name::Survey::parse("agencies/3271/units/dpmptsp/surveys/x").unwrap();
    create(name, draft, now())
}

fn survey(edit: impl FnOnce(&mut Draft)) -> Survey {
    made(edit).unwrap()
}

fn fields(edit: impl FnOnce(&mut Draft)) -> Vec<String> {
    made(edit).unwrap_err().into_iter().map(|v| v.field).collect()
}

fn element(key: &str) -> Asked {
    Asked {
        key: key.into(),
        ..Asked::default()
    }
}

fn own(key: &str) -> Asked {
    Asked {
        own: Some(OwnElement {
            name: "Kebersihan".into(),
            question: "Seberapa bersih tempat layanan?".into(),
            answers: ["Kotor", "Agak kotor", "Bersih", "Sangat bersih"]
                .map(String::from)
                .to_vec(),
        }),
        ..element(key)
    }
}

fn whole(instrument: &str) -> Vec<Asked> {
    let elements = &instrument::find(instrument).unwrap().elements;
    elements.iter().map(|e| element(&e.key)).collect()
}

fn codes(survey: &Survey) -> Vec<&str> {
    survey.asked.iter().map(|a| a.code.as_str()).collect()
}

fn services(all: &[(&str, i64)]) -> Vec<ServicePopulation> {
    let one = |(service, population): &(&str, i64)| ServicePopulation {
        service: (*service).into(),
        population: *population,
        own_sample: true,
    };
    all.iter().map(one).collect()
}

#[test]
fn a_survey_without_a_weight_variant_has_that_of_its_instrument() {
    assert_eq!(survey(|_| {}).weights, WeightVariant::Exact);
    let f03 = survey(|d| d.instrument = "f03-offline-2022".into());
    assert_eq!(f03.weights, WeightVariant::MeanOfAspectMeans);
    assert_eq!((f03.asked.len(), f03.minimum()), (14, 10));
}

#[test]
fn weights_of_another_instrument_are_a_fault() {
    for (instrument, weights) in [
        ("skm-2017", WeightVariant::MeanOfAspectMeans),
        ("skm-2017", WeightVariant::MeanOfAllAnswers),
        ("f03-online-2022", WeightVariant::Exact),
        ("f03-offline-2022", WeightVariant::W0111),
        ("f03-offline-2022", WeightVariant::W011),
    ] {
        let found = fields(|d| (d.instrument, d.weights) = (instrument.into(), Some(weights)));
        assert_eq!(found, ["survey.weight_variant"], "{instrument} {weights}");
    }
}

#[test]
fn a_units_own_element_gets_the_next_free_code() {
    let survey = survey(|d| {
        d.asked = whole("skm-2017");
        d.asked.insert(0, own("own_clean"));
        d.asked.push(Asked {
            code: "U11".into(),
            ..own("own_b")
        });
        d.asked.push(own("own_c"));
    });
    assert_eq!(
        codes(&survey),
        [
            "U10", "U1", "U2", "U3", "U4", "U5", "U6", "U7", "U8", "U9", "U11", "U12"
        ]
    );
    assert_eq!(survey.asked[0].own, own("own_clean").own);
    assert_eq!(survey.asked[0].name(None), "Kebersihan");
    let stored = serde_json::to_string(&survey.asked).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Asked>>(&stored).unwrap(), survey.asked);
}

#[test]
fn the_question_of_an_element_of_the_instrument_cannot_be_changed() {
    let survey = survey(|d| {
        d.asked = vec![Asked {
            own: own("x").own,
            ..element("time")
        }]
    });
    assert_eq!(survey.asked[0].own, None);
    let skm = instrument::find("skm-2017");
    assert_eq!(survey.asked[0].name(skm), "Waktu Penyelesaian");
    assert_eq!(element("gone").name(skm), "gone");
}

#[test]
fn every_fault_of_an_own_element_is_reported() {
    let broken = |key: &str, edit: fn(&mut OwnElement)| {
        let mut asked = own(key);
        edit(asked.own.as_mut().unwrap());
        asked
    };
    let found = fields(|d| {
        d.asked = vec![
            element("own_a"),
            own("own_"),
            own("own_A"),
            own(&format!("own_{}", "a".repeat(37))),
            broken("own_b", |o| o.name = " ".into()),
            broken("own_c", |o| o.question = "?".repeat(501)),
            broken("own_d", |o| o.answers[3] = "a\nb".into()),
            broken("own_e", |o| o.answers.push("Lain".into())),
        ];
    });
    assert_eq!(
        found,
        [
            "survey.elements[0].display_name",
            "survey.elements[0].question",
            "survey.elements[0].answers",
            "survey.elements[1].key",
            "survey.elements[2].key",
            "survey.elements[3].key",
            "survey.elements[4].display_name",
            "survey.elements[5].question",
            "survey.elements[6].answers[3]",
            "survey.elements[7].answers",
        ]
    );
    survey(|d| d.asked = vec![own(&format!("own_{}", "a".repeat(36)))]);
}

#[test]
fn f03_takes_no_own_element_and_asks_something_of_every_aspect() {
    let found = fields(|d| {
        d.instrument = "f03-online-2022".into();
        d.asked = vec![own("own_a"), element("requirements_ease")];
    });
    let mut expected = vec!["survey.elements"; 4];
    expected.push("survey.elements[0].key");
    assert_eq!(found, expected);
    let fewer = survey(|d| {
        d.instrument = "f03-offline-2022".into();
        d.asked = whole("f03-offline-2022");
        d.asked.retain(|a| a.key != "parking_adequacy");
    });
    assert_eq!(fewer.asked.len(), 13);
}

#[test]
fn a_compatible_weight_counts_own_elements_too() {
    let with = |asked: Vec<Asked>| fields(|d| (d.asked, d.weights) = (asked, Some(WeightVariant::W0111)));
    let mut ten = whole("skm-2017");
    ten.push(own("own_a"));
    assert_eq!(with(ten.clone()), ["survey.weight_variant"]);
    ten.remove(3);
    assert_eq!(
        survey(|d| (d.asked, d.weights) = (ten, Some(WeightVariant::W011)))
            .asked
            .len(),
        9
    );
}

#[test]
fn codes_are_unique_in_a_survey_even_when_filled_from_the_instrument() {
    let coded = |key: &str, code: &str| Asked {
        code: code.into(),
        ..element(key)
    };
    let of_the_form =
        survey(|d| d.asked = vec![coded("facilities", "U8"), coded("complaint_handling", "U9")]);
    assert_eq!(codes(&of_the_form), ["U8", "U9"]);
    for asked in [
        vec![coded("time", "A"), coded("cost", "A")],
        vec![coded("facilities", "U8"), element("complaint_handling")],
        vec![element("complaint_handling"), coded("facilities", "U8")],
    ] {
        assert_eq!(fields(|d| d.asked = asked), ["survey.elements[1].code"]);
    }
}

#[test]
fn the_number_of_elements_is_limited() {
    let many: Vec<Asked> = (0..101).map(|n| own(&format!("own_{n}"))).collect();
    assert_eq!(survey(|d| d.asked = many[..100].to_vec()).asked.len(), 100);
    assert_eq!(fields(|d| d.asked = many), ["survey.elements"]);
}

#[test]
fn the_population_is_the_sum_of_its_services() {
    let both = || services(&[("izin", 100), ("paten", 50)]);
    for given in [0, 150] {
        let survey = survey(|d| (d.population, d.service_populations) = (given, both()));
        assert_eq!((survey.population, survey.minimum()), (150, 80 + 44));
        assert_eq!(survey.service_minimum("izin"), Some(80));
        assert_eq!(survey.service_minimum("lain"), None);
        // Services of release 0.1.0 have one sample together.
        let stored = r#"[{"service":"izin","population":100},{"service":"paten","population":50}]"#;
        let stored = Survey {
            service_populations: serde_json::from_str(stored).unwrap(),
            ..survey
        };
        assert_eq!(stored.minimum(), 108);
    }
    let found = fields(|d| (d.population, d.service_populations) = (149, both()));
    assert_eq!(found, ["survey.population"]);
}

#[test]
fn every_fault_of_the_populations_is_reported() {
    let found = fields(|d| {
        d.population = -1;
        d.service_populations = services(&[("izin", 0), ("izin", 1), ("Paten", 1_000_000_001)]);
    });
    assert_eq!(
        found,
        [
            "survey.population",
            "survey.service_populations[0].population",
            "survey.service_populations[1].service",
            "survey.service_populations[2].service",
            "survey.service_populations[2].population",
        ]
    );
    let found = fields(|d| d.service_populations = services(&[("a", 1_000_000_000), ("b", 1)]));
    assert_eq!(found, ["survey.service_populations"]);
    let many: Vec<ServicePopulation> = (0..1001)
        .flat_map(|n| services(&[(&format!("s{n}"), 1)]))
        .collect();
    assert_eq!(
        fields(|d| d.service_populations = many),
        ["survey.service_populations"]
    );
}

#[test]
fn a_changed_population_must_equal_the_sum_of_the_services() {
    let mut survey = survey(|d| d.service_populations = services(&[("izin", 100)]));
    let change = |population, services| Change {
        population,
        service_populations: services,
        ..Change::default()
    };
    let Err(ChangeError::Invalid(faults)) = survey.change(change(Some(99), None), now()) else {
        panic!("no faults")
    };
    assert_eq!(faults[0].field, "survey.population");
    survey
        .change(change(None, Some(services(&[("izin", 7), ("paten", 8)]))), now())
        .unwrap();
    assert_eq!(survey.population, 15);
    survey.change(change(Some(0), None), now()).unwrap();
    assert_eq!(survey.population, 15);
    // Without services the former sum is kept until another population is given.
    survey.change(change(None, Some(vec![])), now()).unwrap();
    assert_eq!((survey.population, survey.service_populations.len()), (15, 0));
    survey.change(change(Some(0), None), now()).unwrap();
    assert_eq!((survey.population, survey.minimum()), (0, 1));
}

#[test]
fn only_agents_submit_unless_other_access_modes_are_given() {
    use AccessMode::{Agent, Kiosk, Link, Token};
    assert_eq!(survey(|_| {}).access, BTreeSet::from([Agent]));
    let mut survey = survey(|d| d.access = BTreeSet::from([Kiosk, Token]));
    assert_eq!(survey.access, BTreeSet::from([Token, Kiosk]));
    for (given, kept) in [(vec![Link], Link), (vec![], Agent)] {
        let change = Change {
            access: Some(given.into_iter().collect()),
            ..Change::default()
        };
        survey.change(change, now()).unwrap();
        assert_eq!(survey.access, BTreeSet::from([kept]));
    }
}

#[test]
fn only_surveys_of_one_metric_must_have_the_same_scheme() {
    let with = |question: &str| {
        survey(|d| {
            let mut extra = own("own_a");
            extra.own.as_mut().unwrap().question = question.into();
            d.asked = vec![element("time"), extra];
        })
    };
    assert!(with("Bersih?").fits_beside(&with("Bersih?")));
    assert!(!with("Bersih?").same_scheme(&with("Rapi?")));
    assert!(!with("Bersih?").fits_beside(&with("Rapi?")));
    let f03 = |instrument: &str| survey(|d| d.instrument = instrument.into());
    let (offline, online) = (f03("f03-offline-2022"), f03("f03-online-2022"));
    assert!(offline.fits_beside(&with("Rapi?")) && with("Rapi?").fits_beside(&offline));
    assert!(offline.fits_beside(&online) && !offline.same_scheme(&online));
    assert_eq!((with("?").metric(), offline.metric()), (Some("skm"), None));
}

#[test]
fn the_instrument_must_have_been_in_force_in_the_period() {
    assert_eq!(fields(|d| d.period = "2016".into()), ["survey.instrument"]);
    let old = survey(|d| {
        d.period = "2012".into();
        d.instrument = "skm-2004".into();
        d.weights = Some(WeightVariant::W0071);
    });
    // With 0.071 the highest index of fourteen elements is 99.40.
    assert_eq!((old.asked.len(), old.minimum()), (14, 150));
    let nine = fields(|d| {
        d.instrument = "skm-2014".into();
        d.period = "2015".into();
        d.weights = Some(WeightVariant::W0071);
    });
    assert_eq!(nine, ["survey.weight_variant"]);
}

#[test]
fn the_official_wording_needs_an_instrument_that_has_it() {
    assert_eq!(
        survey(|d| d.wording = Wording::Official).wording,
        Wording::Official
    );
    let without = fields(|d| {
        d.wording = Wording::Official;
        d.instrument = "f03-offline-2022".into();
    });
    assert_eq!(without, ["survey.wording"]);
}

#[test]
fn a_survey_cites_what_governs_it() {
    let cites = |access: AccessMode, text: &str| {
        let survey = survey(|d| (d.period, d.access) = ("2024".into(), BTreeSet::from([access])));
        survey.citations().iter().any(|citation| citation.contains(text))
    };
    for access in [AccessMode::Link, AccessMode::Token] {
        assert!(cites(access, "9/2024"));
    }
    for access in [AccessMode::Agent, AccessMode::Kiosk] {
        assert!(cites(access, "12/2023") && !cites(access, "9/2024"));
    }
}
