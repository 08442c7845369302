//! Golden vectors, and rules that hold for any input.

use proptest::prelude::*;
use serde_json::Value;

use super::super::instrument::built_in;
use super::super::{number, read};
use super::*;

fn golden() -> Value {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/ipp.json"));
    serde_json::from_str(text).unwrap()
}

fn rows<'a>(data: &'a Value, key: &str) -> &'a Vec<Value> {
    data[key].as_array().unwrap()
}

fn pekppp(id: &str) -> &'static Instrument {
    &built_in().iter().find(|(i, _)| i.id == id).unwrap().0
}

fn exact(text: &str) -> Rational {
    read::parse(text).unwrap()
}

fn two(value: &Rational) -> String {
    number::decimal(value, 2)
}

/// Levels in the order of the scored rows, as the vectors give them.
fn levels(form: &str, vector: &Value) -> BTreeMap<String, Rational> {
    let forms = pekppp("pekppp-2022").forms.as_ref().unwrap();
    let scored = forms
        .get(form)
        .unwrap()
        .indicators
        .iter()
        .filter(|i| !i.supplementary);
    let levels = rows(vector, "levels");
    assert_eq!(scored.clone().count(), levels.len());
    let level = |l: &Value| Rational::from_integer(l.as_i64().unwrap().into());
    scored
        .map(|i| i.key.clone())
        .zip(levels.iter().map(level))
        .collect()
}

/// The sum of what the inputs contribute.
fn contributions(index: &Index) -> Rational {
    let value = |key: &str| {
        let aspect = index.aspects().iter().find(|node| node.key == key);
        aspect
            .and_then(|node| node.value.clone())
            .or_else(|| index.part(key).cloned())
            .unwrap()
    };
    index
        .coefficients()
        .into_iter()
        .map(|(key, coefficient)| value(key) * coefficient)
        .sum()
}

#[test]
fn the_contributions_of_the_inputs_sum_to_the_index() {
    let data = golden();
    let vector = &rows(&data, "f02_vectors")[0];
    let form = vector["form"].as_str().unwrap().strip_prefix("f02_").unwrap();
    let with_forms = Input {
        form: form.to_owned(),
        levels: levels(form, vector),
        f03: Some(exact("4.31")),
        respondents: Some(1000),
        ..Input::default()
    };
    let index = compute(pekppp("pekppp-2022"), &with_forms);
    assert_eq!(index.coefficients().len(), index.aspects().len() + 1);
    assert_eq!(Some(contributions(&index)), index.tree.value);
    let aspects = compute(pekppp("pekppp-2017"), &Input::default());
    let scores = aspects
        .aspects()
        .iter()
        .map(|node| (node.key.clone(), exact("3.5")));
    let of_aspects = Input {
        aspect_scores: scores.collect(),
        ..Input::default()
    };
    let index = compute(pekppp("pekppp-2017"), &of_aspects);
    assert_eq!(index.coefficients().len(), index.aspects().len());
    assert_eq!(Some(contributions(&index)), index.tree.value);
}

#[test]
fn every_f02_vector_gives_its_value() {
    let data = golden();
    assert_eq!(rows(&data, "f02_vectors").len(), 9);
    for vector in rows(&data, "f02_vectors") {
        let form = vector["form"].as_str().unwrap().strip_prefix("f02_").unwrap();
        let mut levels = levels(form, vector);
        if let Some(level) = vector["supplementary_level"].as_i64() {
            levels.insert("queue_system".into(), Rational::from_integer(level.into()));
        }
        for weighting in Weighting::ALL {
            let input = Input {
                form: form.to_owned(),
                levels: levels.clone(),
                weighting: Some(weighting),
                ..Input::default()
            };
            let index = compute(pekppp("pekppp-2022"), &input);
            let expected = &vector["expected"][weighting.as_str()];
            let id = vector["id"].as_str().unwrap();
            for (key, value) in expected["aspects"].as_object().unwrap() {
                let aspect = index.aspects().iter().find(|a| a.key == *key).unwrap();
                assert_eq!(aspect.value, Some(exact(value.as_str().unwrap())), "{id} {key}");
            }
            assert_eq!(
                index.part(F02),
                Some(&exact(expected["f02"].as_str().unwrap())),
                "{id}"
            );
            assert_eq!(
                two(index.part(F02).unwrap()),
                expected["f02_2dp"].as_str().unwrap(),
                "{id}"
            );
            assert_eq!(index.missing, [F03], "{id}");
        }
    }
}

#[test]
fn every_indicator_alone_has_its_share() {
    let data = golden();
    for row in rows(&data["f02_offline_single"], "rows") {
        let forms = pekppp("pekppp-2022").forms.as_ref().unwrap();
        let key = row["key"].as_str().unwrap();
        let level = |k: &str| Rational::from_integer(if k == key { 5 } else { 0 }.into());
        let input = Input {
            form: "offline".into(),
            levels: forms
                .offline
                .indicators
                .iter()
                .map(|i| (i.key.clone(), level(&i.key)))
                .collect(),
            ..Input::default()
        };
        let index = compute(pekppp("pekppp-2022"), &input);
        assert_eq!(
            index.part(F02),
            Some(&exact(row["f02"].as_str().unwrap())),
            "{key}"
        );
    }
}

/// An input whose F-02 is `f02`: every aspect has that score.
fn with_f02(f02: &str) -> Input {
    let scores = pekppp("pekppp-2022")
        .aspects
        .iter()
        .map(|a| (a.key.clone(), exact(f02)));
    Input {
        form: "offline".into(),
        aspect_scores: scores.collect(),
        ..Input::default()
    }
}

#[test]
fn every_ipp_vector_gives_its_value() {
    let data = golden();
    assert_eq!(rows(&data, "ipp_vectors").len(), 12);
    for row in rows(&data, "ipp_vectors") {
        let text = |key: &str| row[key].as_str().unwrap();
        let input = Input {
            f03: Some(exact(text("f03"))),
            ..with_f02(text("f02"))
        };
        let published = compute(pekppp("pekppp-2022"), &input).published.unwrap();
        assert_eq!(published.exact, exact(text("unrounded")), "{row}");
        assert_eq!(
            (published.value.as_str(), published.category.as_str()),
            (text("ipp"), text("letter")),
            "{row}"
        );
    }
}

#[test]
fn too_few_respondents_follow_the_policy_and_are_never_silently_zero() {
    let data = golden();
    for row in rows(&data, "respondent_vectors") {
        for policy in Policy::ALL {
            let input = Input {
                f03: Some(exact(row["f03_available"].as_str().unwrap())),
                respondents: row["responses"].as_i64(),
                minimum_respondents: row["min"].as_i64(),
                policy: Some(policy),
                ..with_f02(row["f02"].as_str().unwrap())
            };
            let index = compute(pekppp("pekppp-2022"), &input);
            let found = index.published.map(|p| p.value);
            assert_eq!(
                found.as_deref(),
                row["expected"][policy.as_str()]["ipp"].as_str(),
                "{row} {policy:?}"
            );
        }
    }
    let default = Input {
        f03: Some(exact("5")),
        respondents: Some(9),
        ..with_f02("4")
    };
    let index = compute(pekppp("pekppp-2022"), &default);
    assert_eq!((index.published, index.missing), (None, vec![F03.to_owned()]));
}

#[test]
fn every_rounded_value_has_its_category() {
    let data = golden();
    let bands = &pekppp("pekppp-2022").bands;
    for row in rows(&data, "category_pairs")
        .iter()
        .chain(rows(&data, "category_boundaries"))
    {
        let published = band::publish(bands, exact(row["ipp"].as_str().unwrap()), DECIMALS);
        assert_eq!(published.category, row["letter"].as_str().unwrap(), "{row}");
        assert_eq!(published.name, row["category"].as_str().unwrap(), "{row}");
    }
    for row in rows(&data, "rounding") {
        let published = band::publish(bands, exact(row["unrounded"].as_str().unwrap()), DECIMALS);
        assert_eq!(published.value, row["ipp"].as_str().unwrap(), "{row}");
        assert_eq!(published.category, row["letter"].as_str().unwrap(), "{row}");
    }
}

#[test]
fn an_agency_is_the_mean_of_its_units() {
    let data = golden();
    for row in rows(&data, "agency_vectors") {
        let units: Vec<Rational> = rows(row, "units")
            .iter()
            .map(|u| exact(u.as_str().unwrap()))
            .collect();
        let published = agency(pekppp("pekppp-2022"), &units).unwrap();
        assert_eq!(published.value, row["ipp"].as_str().unwrap(), "{row}");
    }
    assert_eq!(agency(pekppp("pekppp-2022"), &[]), None);
}

#[test]
fn an_instrument_of_aspect_scores_weighs_them() {
    let scores = ["4", "4.5", "3", "5", "2.5", "1"];
    let instrument = pekppp("pekppp-2017");
    let input = Input {
        aspect_scores: instrument
            .aspects
            .iter()
            .zip(scores)
            .map(|(a, s)| (a.key.clone(), exact(s)))
            .collect(),
        ..Input::default()
    };
    let index = compute(instrument, &input);
    // 0.3*4 + 0.18*4.5 + 0.15*3 + 0.15*5 + 0.15*2.5 + 0.07*1
    assert_eq!(index.published.unwrap().exact, exact("3.655"));
}

#[test]
fn an_aspect_left_out_scales_the_others_to_one() {
    let mut input = with_f02("4");
    input.aspect_scores.insert("innovation".into(), exact("0"));
    input.f03 = Some(exact("4"));
    input.leave_out = Some("innovation".into());
    let index = compute(pekppp("pekppp-2022"), &input);
    assert_eq!(index.published.unwrap().exact, exact("4"));
    assert_eq!(index.tree.terms[0].terms.len(), 5);
}

fn sums(node: &Node) -> bool {
    let whole = node.terms.is_empty()
        || node.value
            == node
                .terms
                .iter()
                .map(|t| t.value.as_ref().map(|v| v * &t.weight))
                .sum();
    whole && node.terms.iter().all(sums)
}

proptest! {
    #[test]
    fn parts_sum_to_the_whole_and_bands_are_total(
        form in prop_oneof![Just("offline"), Just("online")],
        given in prop::collection::vec(0..=5i64, 31),
        f03 in 0..=500i64,
        equal in any::<bool>(),
    ) {
        let instrument = pekppp("pekppp-2022");
        let rows = &instrument.forms.as_ref().unwrap().get(form).unwrap().indicators;
        let level = |l: &i64| Rational::from_integer((*l).into());
        let input = Input {
            form: form.to_owned(),
            levels: rows.iter().map(|i| i.key.clone()).zip(given.iter().map(level)).collect(),
            f03: Some(Rational::new(f03.into(), 100.into())),
            weighting: Some(if equal { Weighting::EqualWithinAspect } else { Weighting::PerIndicator }),
            ..Input::default()
        };
        let index = compute(instrument, &input);
        prop_assert!(sums(&index.tree));
        prop_assert_eq!(index.missing, Vec::<String>::new());
        let published = index.published.unwrap();
        prop_assert!(!published.category.is_empty());
        prop_assert!(published.exact >= Rational::zero() && published.exact <= exact("5"));
        // The bands are disjoint: the value lies in exactly one, the first that it reaches.
        let rounded = number::round(&published.exact, DECIMALS);
        let reached = instrument.bands.iter().filter(|b| b.lower <= rounded).count();
        prop_assert_eq!(&instrument.bands[instrument.bands.len() - reached].key, &published.category);
    }

    #[test]
    fn a_missing_level_is_named_and_gives_no_index(missing in 0..30usize) {
        let instrument = pekppp("pekppp-2022");
        let rows = &instrument.forms.as_ref().unwrap().offline.indicators;
        let given = rows.iter().enumerate().filter(|(at, _)| *at != missing);
        let input = Input {
            form: "offline".into(),
            levels: given.map(|(_, i)| (i.key.clone(), Rational::from_integer(3.into()))).collect(),
            f03: Some(Rational::from_integer(3.into())),
            ..Input::default()
        };
        let index = compute(instrument, &input);
        prop_assert_eq!(index.published, None);
        prop_assert_eq!(index.missing, vec![rows[missing].key.clone()]);
    }
}
