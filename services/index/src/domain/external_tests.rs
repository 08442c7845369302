use prima_platform::request::Faults;
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::domain::{
    band::{self, Published},
    number::{Rational, change},
};

fn golden() -> Value {
    let text = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/data/ombudsman.json"
    ));
    serde_json::from_str(text).unwrap()
}

fn text<'a>(row: &'a Value, key: &str) -> &'a str {
    row[key].as_str().unwrap_or_default()
}

fn era(id: &str) -> &'static Era {
    find("ombudsman")
        .unwrap()
        .eras
        .iter()
        .find(|e| e.id == id)
        .unwrap()
}

#[test]
fn every_metric_is_sound() {
    let keys: Vec<&str> = metrics().iter().map(|m| m.key.as_str()).collect();
    let mut sorted = keys.clone();
    sorted.sort_unstable();
    assert_eq!(keys, sorted);
    assert_eq!(keys.len(), 8);
    for metric in metrics() {
        assert!(metric.of_units || metric.of_agencies, "{}", metric.key);
        for pair in metric.eras.windows(2) {
            assert!(pair[0].to_year.unwrap() < pair[1].from_year, "{}", metric.key);
        }
        for era in &metric.eras {
            let lower: Vec<&Rational> = era.bands.iter().map(|b| &b.lower).collect();
            assert!(lower.windows(2).all(|w| w[0] > w[1]), "{}", era.id);
            assert!(
                lower.last().is_none_or(|last| **last == era.minimum),
                "{}",
                era.id
            );
        }
    }
}

#[test]
fn every_published_score_has_its_category() {
    let data = golden();
    let rows = data["scores"].as_array().unwrap();
    assert!(rows.len() > 10);
    for row in rows {
        let of_year = find("ombudsman").unwrap();
        let year = i32::try_from(row["year"].as_i64().unwrap()).unwrap();
        let era = of_year.era(year).unwrap();
        assert_eq!(era.id, text(row, "era"), "{row}");
        let published = era.publish(text(row, "score")).unwrap();
        assert_eq!(published.value, text(row, "score"), "{row}");
        for (found, key) in [
            (&published.category, "category"),
            (&published.zone, "zone"),
            (&published.name, "name"),
        ] {
            if let Some(expected) = row[key].as_str() {
                assert_eq!(found, expected, "{row}");
            }
        }
    }
}

#[test]
fn every_bound_is_read_from_the_rounded_value() {
    for row in golden()["boundaries"]["rows"].as_array().unwrap() {
        let exact = number::parse_decimal(text(row, "unrounded")).unwrap();
        let published = band::publish(&era(text(row, "era")).bands, exact, 2);
        assert_eq!(published.value, text(row, "score"), "{row}");
        assert_eq!(published.category, text(row, "category"), "{row}");
        assert_eq!(published.zone, text(row, "zone"), "{row}");
    }
}

#[test]
fn a_change_is_given_in_points_and_in_percent() {
    for row in golden()["changes"].as_array().unwrap() {
        let exact = |key| number::parse_decimal(text(row, key)).unwrap();
        let change = change::between(&exact("from"), &exact("to"), 2);
        assert_eq!(change.points, text(row, "points"), "{row}");
        assert_eq!(
            change.relative_percent.as_deref(),
            Some(text(row, "relative_percent")),
            "{row}"
        );
    }
}

#[test]
fn a_score_off_the_scale_is_refused() {
    for bad in ["100.01", "-1", "88.123", "1e2", "", "88,1"] {
        assert_eq!(era("ombudsman-2022").publish(bad), None, "{bad}");
    }
}

/// A statement about an agency.
fn said<'a>(score: &'a str, category: &'a str) -> Statement<'a> {
    Statement {
        score,
        category,
        ..Statement::default()
    }
}

fn stated(id: &str, statement: Statement<'_>) -> Result<Stated, Vec<String>> {
    let mut faults = Faults::default();
    let stated = era(id).state(statement, &mut faults);
    match faults.part(()) {
        Ok(()) => Ok(stated.unwrap()),
        Err(faults) => Err(faults.into_iter().map(|fault| fault.field).collect()),
    }
}

#[test]
fn a_category_is_read_in_indonesian_and_agrees_with_its_score() {
    for (id, score, category, key) in [
        ("ombudsman-2016", "73.49", "Zona Kuning", "yellow"),
        ("ombudsman-2016", "42.02", "merah", "red"),
        ("ombudsman-2016", "91.11", "Kepatuhan Tinggi", "green"),
        ("ombudsman-2016", "91.11", "tinggi", "green"),
        ("ombudsman-2022", "78.05", "B", "B"),
        ("ombudsman-2022", "78.05", "Zona hijau", "B"),
        ("ombudsman-2022", "78.00", "kualitas tinggi", "B"),
        ("ombudsman-2025", "60", "Cukup", "medium"),
        ("ombudsman-2025", "60", "Kualitas Sedang", "medium"),
        ("ombudsman-2025", "40", "kurang", "low"),
        ("ombudsman-2025", "95", "", "highest"),
    ] {
        let stated = stated(id, said(score, category)).unwrap();
        assert_eq!(stated.published.category, key, "{score} {category}");
    }
    for (id, score, category) in [
        ("ombudsman-2016", "73.49", "hijau"),
        ("ombudsman-2022", "77.99", "Kualitas Tinggi"),
        ("ombudsman-2022", "77.99", "Sangat Baik"),
        ("ombudsman-2025", "60", "tinggi"),
    ] {
        assert_eq!(
            stated(id, said(score, category)).unwrap_err(),
            ["score.category"],
            "{category}"
        );
    }
    // The letters of one metric differ by their sign only.
    let ipp = find("ipp").unwrap().era(2024).unwrap();
    let mut faults = Faults::default();
    ipp.state(said("4.40", "A"), &mut faults);
    assert!(faults.part(()).is_err());
    let mut faults = Faults::default();
    ipp.state(said("4.40", "a-"), &mut faults);
    assert!(faults.part(()).is_ok());
}

#[test]
fn a_category_without_a_score_is_recorded_as_far_as_it_says() {
    for (id, category, key, name, zone) in [
        (
            "ombudsman-2016",
            "Zona Hijau",
            "green",
            "Kepatuhan tinggi",
            "hijau",
        ),
        (
            "ombudsman-2022",
            "Kualitas Sedang",
            "C",
            "Kualitas Sedang",
            "kuning",
        ),
        // A green zone is that of A or B.
        ("ombudsman-2022", "Hijau", "hijau", "Zona hijau", "hijau"),
        (
            "ombudsman-2025",
            "Opini Kualitas Tertinggi",
            "highest",
            "Kualitas Tertinggi",
            "",
        ),
    ] {
        let stated = stated(id, said("", category)).unwrap();
        let Published { category: found, .. } = &stated.published;
        assert_eq!((stated.published.value.as_str(), found.as_str()), ("", key));
        let recorded = era(id).recorded("", key).unwrap();
        assert_eq!(recorded, stated.published);
        assert_eq!((recorded.name.as_str(), recorded.zone.as_str()), (name, zone));
    }
    assert_eq!(
        stated("ombudsman-2025", said("", "")).unwrap_err(),
        ["score.score"]
    );
    assert_eq!(
        stated("ombudsman-2025", said("", "hijau")).unwrap_err(),
        ["score.category"]
    );
    // Where no category is known, the published word is kept.
    let iga = find("iga").unwrap().era(2024).unwrap();
    for (word, kept) in [
        ("Sangat Inovatif", true),
        ("a\tb", false),
        (&*"x".repeat(61), false),
    ] {
        let mut faults = Faults::default();
        let stated = iga.state(said("", word), &mut faults);
        assert_eq!(
            stated.map(|stated| stated.published.name),
            kept.then(|| word.to_owned())
        );
    }
}

#[test]
fn an_opinion_without_maladministration_is_read_and_named() {
    for category in [
        "Kualitas Tertinggi Tanpa Maladministrasi",
        "kualitas tertinggi (tanpa maladministrasi)",
        "Tertinggi, TANPA MALADMINISTRASI",
    ] {
        let stated = stated("ombudsman-2025", said("93.61", category)).unwrap();
        assert!(stated.without_maladministration);
        let name = opinion(&stated.published.name, stated.without_maladministration);
        assert_eq!(name, "Kualitas Tertinggi Tanpa Maladministrasi");
    }
    let early = said("93.61", "Kualitas Tertinggi Tanpa Maladministrasi");
    assert_eq!(
        stated("ombudsman-2022", early).unwrap_err(),
        ["score.no_maladministration"]
    );
}

#[test]
fn vertical_units_have_words_of_their_own_since_2025() {
    let unit = |score, category| Statement {
        of_unit: true,
        vertical: true,
        ..said(score, category)
    };
    for score in ["90.61", "88.52"] {
        for category in ["", "Sangat Baik", "very-good"] {
            let stated = stated("ombudsman-2025", unit(score, category)).unwrap();
            assert_eq!(stated.published.name, "Sangat Baik");
            assert_eq!(
                era("ombudsman-2025").recorded(score, "very-good").unwrap(),
                stated.published
            );
        }
        assert_eq!(
            stated("ombudsman-2025", unit(score, "Kualitas Tertinggi")).unwrap_err(),
            ["score.category"]
        );
    }
    // A word that only vertical units have says that the unit is one.
    let word = Statement {
        vertical: false,
        ..unit("90.61", "Sangat Baik")
    };
    assert_eq!(
        stated("ombudsman-2025", word).unwrap().published.category,
        "very-good"
    );
    assert_eq!(
        stated("ombudsman-2022", unit("90.61", "")).unwrap_err(),
        ["score.vertical_unit"]
    );
    let agency = Statement {
        of_unit: false,
        ..unit("90.61", "")
    };
    assert_eq!(
        stated("ombudsman-2025", agency).unwrap_err(),
        ["score.vertical_unit"]
    );
}

fn cents(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn parts(dimensions: i64, trust: i64) -> Vec<(String, String)> {
    let part = |key: &str, score| (key.to_owned(), cents(score));
    vec![part("dimensions", dimensions), part("public-trust", trust)]
}

#[test]
fn the_weights_of_the_parts_sum_to_one_and_all_parts_are_needed() {
    for era in metrics().iter().flat_map(|metric| &metric.eras) {
        let sum: Rational = era.parts.iter().map(|part| part.weight.clone()).sum();
        assert!(era.parts.is_empty() || sum == number::whole(1), "{}", era.id);
    }
    let both = parts(8000, 7000);
    let unknown = [("trust".to_owned(), "1".to_owned()), both[0].clone()];
    let twice = [both[0].clone(), both[0].clone()];
    let off = parts(8000, 10_001);
    for parts in [&both[..1], &unknown, &twice, &off] {
        let statement = Statement {
            parts,
            ..said("", "")
        };
        assert_eq!(stated("ombudsman-2025", statement).unwrap_err(), ["score.parts"]);
    }
    let early = Statement {
        parts: &both,
        ..said("80", "")
    };
    assert_eq!(stated("ombudsman-2022", early).unwrap_err(), ["score.parts"]);
}

#[test]
fn the_score_of_an_agency_is_the_mean_of_its_units() {
    let mean = |id, scores: &[&str]| {
        let exact: Vec<_> = scores.iter().map(|s| number::parse_decimal(s).unwrap()).collect();
        era(id).of_units(&exact)
    };
    // Gorontalo 2025, as published.
    let gorontalo = mean("ombudsman-2025", &["68.79", "77.55", "84.11"]).unwrap();
    assert_eq!(
        (gorontalo.value.as_str(), gorontalo.name.as_str()),
        ("76.82", "Kualitas Sedang")
    );
    // Cimahi 2018: one green unit and eleven red ones can be a yellow city.
    let cimahi = [&["100"][..], &["50.99"; 11]].concat();
    let cimahi = mean("ombudsman-2016", &cimahi).unwrap();
    assert_eq!((cimahi.value.as_str(), cimahi.zone.as_str()), ("55.07", "kuning"));
    assert_eq!(mean("ombudsman-2025", &[]), None);
}

proptest! {
    #[test]
    fn categories_equal_those_of_integer_bounds(score in 0..=10_000_i64) {
        let of = |id: &str| era(id).publish(&cents(score)).unwrap().category;
        let band = |bounds: &[(i64, &'static str)]| bounds.iter().find(|(lower, _)| score >= *lower).unwrap().1;
        prop_assert_eq!(of("ombudsman-2016"), band(&[(8100, "green"), (5100, "yellow"), (0, "red")]));
        prop_assert_eq!(
            of("ombudsman-2022"),
            band(&[(8800, "A"), (7800, "B"), (5400, "C"), (3200, "D"), (0, "E")])
        );
    }

    #[test]
    fn the_weighted_sum_equals_integer_arithmetic(dimensions in 0..=10_000_i64, trust in 0..=10_000_i64) {
        let given = parts(dimensions, trust);
        let statement = Statement { parts: &given, ..said("", "") };
        // 70 and 30 of 100, rounded half up to hundredths.
        let sum = (dimensions * 70 + trust * 30 + 50) / 100;
        let computed = stated("ombudsman-2025", statement).unwrap();
        prop_assert_eq!(&computed.published.value, &cents(sum));
        let (near, off) = (cents(sum), cents(if sum >= 2 { sum - 2 } else { sum + 2 }));
        let near = stated("ombudsman-2025", Statement { score: &near, ..statement });
        let off = stated("ombudsman-2025", Statement { score: &off, ..statement });
        prop_assert!(near.is_ok() && off.is_err());
    }

    #[test]
    fn the_mean_of_units_equals_integer_arithmetic(scores in prop::collection::vec(0..=10_000_i64, 1..40)) {
        let exact: Vec<_> = scores.iter().map(|s| number::parse_decimal(&cents(*s)).unwrap()).collect();
        let (sum, count) = (scores.iter().sum::<i64>(), i64::try_from(scores.len()).unwrap());
        let mean = era("ombudsman-2025").of_units(&exact).unwrap();
        prop_assert_eq!(&mean.value, &cents((2 * sum + count) / (2 * count)));
        prop_assert_eq!(mean.exact, Rational::new(sum.into(), (count * 100).into()));
    }
}
