//! Tests of the rules of instruments.

use super::data::{FILES, read};
use super::*;
use crate::domain::number::{self, Rational};
use crate::domain::weights::WeightVariant;

fn skm() -> &'static Instrument {
    find(DEFAULT).unwrap()
}

fn keys(instrument: &Instrument) -> Vec<&str> {
    instrument.elements.iter().map(|e| e.key.as_str()).collect()
}

fn codes<'a>(instrument: &'a Instrument, field: &str) -> Vec<&'a str> {
    instrument
        .choices(field)
        .iter()
        .map(|c| c.code.as_str())
        .collect()
}

#[test]
fn every_embedded_instrument_is_parsed() {
    for (file, text) in FILES {
        let instrument = read(text).unwrap_or_else(|fault| panic!("{file}: {fault}"));
        assert_eq!(file, format!("{}.json", instrument.id));
        assert_eq!(find(&instrument.id), Some(&instrument));
    }
    let ids: Vec<&str> = all().unwrap().iter().map(|i| i.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "f03-offline-2022",
            "f03-online-2022",
            "skm-2004",
            "skm-2014",
            "skm-2017"
        ]
    );
    assert_eq!(find("skm-2016"), None);
}

/// Files in the same folder that are not instruments.
const OTHERS: [&str; 2] = ["flags.json", "publication-media.json"];

#[test]
fn every_file_of_the_data_folder_is_embedded() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/data");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|file| !OTHERS.contains(&file.as_str()))
        .collect();
    files.sort();
    assert_eq!(files, FILES.map(|(file, _)| file));
}

#[test]
fn skm_has_nine_elements_from_1_to_4() {
    assert_eq!((skm().min, skm().max, skm().conversion), (1, 4, 25));
    assert_eq!(
        keys(skm()),
        [
            "requirements",
            "procedure",
            "time",
            "cost",
            "product",
            "competence",
            "conduct",
            "complaint_handling",
            "facilities"
        ]
    );
    assert!(
        skm()
            .elements
            .iter()
            .all(|e| e.answers.len() == 4 && e.aspect.is_none())
    );
    assert!(skm().own_elements && skm().aspects.is_empty());
    assert_eq!((skm().metric.as_deref(), skm().minimum), (Some("skm"), 1));
    assert_eq!(skm().default_variant(), WeightVariant::Exact);
}

#[test]
fn annex_and_form_number_the_last_two_elements_of_skm_differently() {
    let of = |pick: fn(&Element) -> &String| -> Vec<&str> {
        skm().elements.iter().map(|e| pick(e).as_str()).collect()
    };
    assert_eq!(
        of(|e| &e.code),
        ["U1", "U2", "U3", "U4", "U5", "U6", "U7", "U8", "U9"]
    );
    assert_eq!(
        of(|e| &e.form_code),
        ["U1", "U2", "U3", "U4", "U5", "U6", "U7", "U9", "U8"]
    );
    assert_eq!(skm().element("facilities").unwrap().form_code, "U8");
    assert_eq!(skm().element("nothing"), None);
}

#[test]
fn f03_has_14_questions_offline_and_11_online_in_five_aspects() {
    for (id, questions, per_aspect) in [
        ("f03-offline-2022", 14, [4, 3, 4, 2, 1]),
        ("f03-online-2022", 11, [4, 1, 4, 1, 1]),
    ] {
        let form = find(id).unwrap();
        assert_eq!(
            (form.min, form.max, form.conversion, form.minimum),
            (0, 5, 1, 10),
            "{id}"
        );
        assert_eq!(form.elements.len(), questions, "{id}");
        let aspects: Vec<&str> = form.aspects.iter().map(|a| a.key.as_str()).collect();
        assert_eq!(
            aspects,
            [
                "service_policy",
                "hr_professionalism",
                "infrastructure",
                "information_system",
                "consultation_complaint"
            ]
        );
        let count = |aspect: &str| {
            let belongs = |e: &&Element| e.aspect.as_deref() == Some(aspect);
            form.elements.iter().filter(belongs).count()
        };
        assert_eq!(
            aspects.iter().map(|a| count(a)).collect::<Vec<_>>(),
            per_aspect,
            "{id}"
        );
        assert_eq!(
            form.variants,
            [WeightVariant::MeanOfAspectMeans, WeightVariant::MeanOfAllAnswers]
        );
        assert!(form.metric.is_none() && form.categories.is_empty() && !form.own_elements);
        assert_eq!(form.category(&Rational::from_integer(5.into())), None);
    }
    // The official offline form has no number 13.
    let onsite = find("f03-offline-2022")
        .unwrap()
        .element("onsite_information_ease")
        .unwrap();
    assert_eq!((onsite.code.as_str(), onsite.form_code.as_str()), ("13", "14"));
}

#[test]
fn every_instrument_offers_the_same_profile() {
    for instrument in all().unwrap() {
        assert_eq!(codes(instrument, "sex"), ["L", "P"]);
        assert_eq!(
            codes(instrument, "age_group"),
            ["10-19", "20-29", "30-39", "40-49", "50-59", "60+"]
        );
        assert_eq!(
            codes(instrument, "education"),
            ["SD", "SMP", "SMA", "S1", "S2", "S3"]
        );
        assert_eq!(
            codes(instrument, "occupation"),
            ["PNS", "TNI", "POLRI", "SWASTA", "WIRAUSAHA", "LAINNYA"]
        );
        assert_eq!(
            codes(instrument, "channel"),
            ["counter", "online", "phone", "mobile", "kiosk", "other"]
        );
        assert_eq!(codes(instrument, "hour_band"), ["morning", "afternoon"]);
        assert_eq!(codes(instrument, "religion"), [""; 0]);
    }
}

#[test]
fn an_age_of_10_to_120_has_one_group() {
    for age in 10..=120 {
        assert!(skm().age_group(age).is_some(), "{age}");
    }
    for (age, group) in [
        (10, "10-19"),
        (19, "10-19"),
        (20, "20-29"),
        (59, "50-59"),
        (60, "60+"),
        (120, "60+"),
    ] {
        assert_eq!(skm().age_group(age).unwrap().code, group, "{age}");
    }
    assert_eq!((skm().age_group(9), skm().age_group(121)), (None, None));
}

#[test]
fn category_bounds_are_exact_and_descend() {
    let bounds: Vec<(&str, String)> = skm()
        .categories
        .iter()
        .map(|c| (c.grade.as_str(), number::fraction(&c.lower)))
        .collect();
    let expected = [("A", "8831/100"), ("B", "7661/100"), ("C", "65/1"), ("D", "0/1")];
    assert_eq!(bounds, expected.map(|(grade, lower)| (grade, lower.to_owned())));
}

#[test]
fn a_rounded_index_always_has_a_category() {
    for hundredths in 0..=10_000 {
        let rounded = Rational::new(hundredths.into(), 100.into());
        assert!(skm().category(&rounded).is_some(), "{hundredths}");
    }
    assert_eq!(skm().category(&Rational::new((-1).into(), 100.into())), None);
}

#[test]
fn malformed_data_is_refused_with_the_reason() {
    let [(_, f03), _, _, _, (_, skm)] = FILES;
    for (good, from, to, fault) in [
        (skm, "\"lower\": 88.31", "\"lower\": \"A\"", "invalid type"),
        (skm, "\"lower\": 88.31", "\"lower\": 1e300", "not a plain decimal"),
        (skm, "\"lower\": 0,", "\"lower\": 1,", "categories"),
        (skm, "\"lower\": 88.31", "\"lower\": 76.61", "categories"),
        (skm, "\"max\": 4,", "\"max\": 6,", "scale"),
        (skm, "\"max\": 4,", "\"max\": 5,", "answer for each score"),
        (skm, "\"key\": \"time\"", "\"key\": \"cost\"", "comes twice"),
        (skm, "\"key\": \"time\"", "\"key\": \"own_time\"", "unit's own"),
        (
            skm,
            "\"code_form\": \"U9\"",
            "\"code_form\": \"U8\"",
            "form comes twice",
        ),
        (skm, "\"key\": \"education\"", "\"key\": \"schooling\"", "profile"),
        (skm, "\"ages\": [20, 29]", "\"ages\": [21, 29]", "profile"),
        (
            skm,
            "\"default\": \"exact\"",
            "\"default\": \"mean_of_all_answers\"",
            "variants",
        ),
        (
            skm,
            "\"default\": \"exact\"",
            "\"default\": \"heavy\"",
            "weight variant heavy",
        ),
        (skm, "\"conversion\": 25", "\"conversion\": 0", "conversion"),
        (
            skm,
            "\"minimum_respondents\": 1,",
            "\"minimum_respondents\": 0,",
            "minimum",
        ),
        (
            f03,
            "\"aspect\": \"infrastructure\"",
            "\"aspect\": \"innovation\"",
            "aspects",
        ),
        (
            f03,
            "\"own_elements\": false",
            "\"own_elements\": true",
            "unit's own",
        ),
        (f03, "\"metric\": null", "\"metric\": \"f03\"", "categories"),
        (
            f03,
            "\"allowed\": [\"mean_of_aspect_means\",",
            "\"allowed\": [\"exact\",",
            "variants",
        ),
    ] {
        assert!(good.contains(from), "{from}");
        let found = read(&good.replacen(from, to, 1)).unwrap_err();
        assert!(found.contains(fault), "{to}: {found}");
    }
    assert!(read("{").is_err());
}

fn period(text: &str) -> Period {
    text.parse().unwrap()
}

#[test]
fn the_instruments_of_2004_and_2014_have_their_own_elements_bands_and_years() {
    let of = |id: &str| find(id).unwrap();
    let years = |id: &str| (of(id).from_year, of(id).to_year, of(id).elements.len());
    assert_eq!(years("skm-2004"), (2004, Some(2014), 14));
    assert_eq!(years("skm-2014"), (2014, Some(2017), 9));
    assert_eq!(years("skm-2017"), (2017, None, 9));
    assert!(
        of("skm-2014").element("service_charter").is_some() && of("skm-2014").element("facilities").is_none()
    );
    for id in ["skm-2004", "skm-2014"] {
        for (index, grade) in [
            ("81.26", "A"),
            ("81.25", "B"),
            ("62.51", "B"),
            ("62.50", "C"),
            ("43.76", "C"),
            ("43.75", "D"),
        ] {
            let exact = number::parse_decimal(index).unwrap();
            assert_eq!(of(id).category(&exact).unwrap().grade, grade, "{id} {index}");
        }
    }
    assert!(of("skm-2004").variants.contains(&WeightVariant::W0071));
}

#[test]
fn an_instrument_that_was_not_in_force_is_refused_with_the_name_of_the_right_one() {
    let check = |id: &str, of: &str| check_in_force("f", find(id).unwrap(), &period(of));
    for (id, of) in [
        ("skm-2004", "2004"),
        ("skm-2004", "2014-s1"),
        ("skm-2014", "2014"),
        ("skm-2014", "2017-s1"),
        ("skm-2017", "2017-m05"),
        ("skm-2017", "2100"),
        ("f03-online-2022", "2022"),
    ] {
        assert_eq!(check(id, of), Ok(()), "{id} {of}");
    }
    for (id, of, right) in [
        ("skm-2017", "2016-q4", "skm-2014"),
        ("skm-2017", "2012", "skm-2004"),
        ("skm-2014", "2013", "skm-2004"),
        ("skm-2014", "2018", "skm-2017"),
        ("skm-2004", "2015-s2", "skm-2014"),
    ] {
        let fault = check(id, of).unwrap_err();
        assert!(
            fault.description.contains(right) && fault.localized.contains(right),
            "{fault:?}"
        );
    }
    for (id, of) in [("skm-2004", "2003"), ("f03-offline-2022", "2021")] {
        assert!(
            check(id, of)
                .unwrap_err()
                .localized
                .contains("tidak ada instrumen")
        );
    }
}

#[test]
fn every_year_of_satisfaction_surveys_has_an_instrument() {
    for year in 2004..=2100 {
        let skm = all()
            .unwrap()
            .iter()
            .filter(|i| i.metric.as_deref() == Some("skm"));
        let count = skm.filter(|i| i.in_force(year)).count();
        let expected = if [2014, 2017].contains(&year) { 2 } else { 1 };
        assert_eq!(count, expected, "{year}");
    }
}

#[test]
fn guidelines_are_cited_where_they_govern() {
    let of = |year, online| skm().governing(year, online).collect::<Vec<_>>().join("; ");
    assert!(!of(2022, true).contains("12/2023"));
    assert!(of(2023, false).contains("SE MenPANRB 12/2023") && !of(2023, true).contains("9/2024"));
    assert!(of(2024, true).contains("Pedoman MenPANRB 9/2024") && !of(2024, false).contains("9/2024"));
    assert!(of(2017, false).starts_with("PermenPANRB 14/2017"));
}

#[test]
fn the_official_wording_is_that_of_the_regulation_and_only_of_2017() {
    let cost = skm().element("cost").unwrap();
    let (question, answers) = cost.worded(Wording::Official);
    assert_eq!(
        question,
        "Bagaimana pendapat Saudara tentang kewajaran biaya/tarif dalam pelayanan?"
    );
    assert_eq!(answers, ["Sangat mahal", "Cukup mahal", "Murah", "Gratis"]);
    assert_ne!(cost.worded(Wording::Plain).0, question);
    assert!(skm().elements.iter().all(|e| e.official.is_some()));
    let old = find("skm-2004").unwrap().element("cost").unwrap();
    assert_eq!(old.worded(Wording::Official), old.worded(Wording::Plain));
}
