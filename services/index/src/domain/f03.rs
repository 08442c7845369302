//! F-03 from the exact sums that the survey service publishes.

use std::collections::BTreeMap;

use num_bigint::BigInt;

use super::{
    instrument::Form,
    level::F03,
    number::{self, Rational},
};

/// A closed survey of F-03.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// Its name.
    pub name: String,
    /// Version of its event.
    pub version: i64,
    /// Responses counted.
    pub respondents: i64,
    /// Key of the question, answers, and the sum of their scores.
    pub elements: Vec<(String, i64, i64)>,
}

/// Aggregates surveys: sums the answers of each question over all surveys, so that each respondent has the same
/// weight, then applies `roll_up`: `mean_of_aspect_means` (the mean over the aspects of the mean over each aspect's
/// questions) or `mean_of_all_answers`. A survey with a question that the form lacks, or with sums off the scale 0 to
/// `max`, is left out. `None` when no survey remains or a question has no answer.
pub fn pool(form: &Form, max: u32, roll_up: &str, surveys: &[Survey]) -> Option<F03> {
    let fits = |survey: &&Survey| {
        survey.elements.iter().all(|(key, answers, total)| {
            form.questions.iter().any(|q| q.key == *key)
                && *answers >= 0
                && (0..=answers.saturating_mul(max.into())).contains(total)
        })
    };
    let mut surveys: Vec<&Survey> = surveys.iter().filter(fits).collect();
    surveys.sort_by(|a, b| a.name.cmp(&b.name));
    let mut sums: BTreeMap<&str, (BigInt, BigInt)> = BTreeMap::new();
    for (key, answers, total) in surveys.iter().flat_map(|s| &s.elements) {
        let sum = sums.entry(key).or_default();
        sum.0 += *answers;
        sum.1 += *total;
    }
    let zero = BigInt::from(0);
    if sums.is_empty() || sums.values().any(|(answers, _)| *answers == zero) {
        return None;
    }
    let value = match roll_up {
        "mean_of_aspect_means" => {
            let mut aspects: BTreeMap<&str, Vec<Rational>> = BTreeMap::new();
            for question in &form.questions {
                if let Some((answers, total)) = sums.get(question.key.as_str()) {
                    let mean = Rational::new(total.clone(), answers.clone());
                    aspects.entry(&question.aspect).or_default().push(mean);
                }
            }
            let means: Option<Vec<Rational>> = aspects.values().map(number::mean).collect();
            number::mean(&means?)?
        }
        "mean_of_all_answers" => {
            let answers: BigInt = sums.values().map(|(answers, _)| answers).sum();
            Rational::new(sums.values().map(|(_, total)| total).sum(), answers)
        }
        _ => return None,
    };
    Some(F03 {
        value,
        respondents: surveys
            .iter()
            .fold(0i64, |sum, s| sum.saturating_add(s.respondents)),
        version: surveys.iter().map(|s| s.version).max().unwrap_or_default(),
        surveys: surveys.into_iter().map(|s| s.name.clone()).collect(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::domain::instrument::built_in;

    fn golden() -> Value {
        let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/ipp.json"));
        serde_json::from_str(text).unwrap()
    }

    fn form(name: &str) -> &'static Form {
        let instrument = &built_in().iter().find(|(i, _)| i.id == "pekppp-2022").unwrap().0;
        instrument.forms.as_ref().unwrap().get(name).unwrap()
    }

    /// A survey of these respondents' answers.
    fn survey(name: &str, form: &Form, answers: &[Value]) -> Survey {
        let total = |at: usize| answers.iter().map(|a| a[at].as_i64().unwrap()).sum();
        let n = i64::try_from(answers.len()).unwrap();
        let questions = form.questions.iter().enumerate();
        Survey {
            name: name.into(),
            version: 1,
            respondents: n,
            elements: questions.map(|(at, q)| (q.key.clone(), n, total(at))).collect(),
        }
    }

    #[test]
    fn every_vector_gives_its_value_in_one_survey_and_in_several() {
        let data = golden();
        let vectors = data["f03_vectors"].as_array().unwrap();
        assert!(vectors.len() >= 3);
        for vector in vectors {
            let name = vector["form"].as_str().unwrap().strip_prefix("f03_").unwrap();
            let form = form(name);
            let answers = vector["answers"].as_array().unwrap();
            let (one, other) = answers.split_at(3);
            let parts = [survey("b", form, one), survey("a", form, other)];
            for roll_up in ["mean_of_aspect_means", "mean_of_all_answers"] {
                let expected =
                    crate::domain::read::parse(vector["expected"][roll_up]["f03"].as_str().unwrap());
                let whole = pool(form, 5, roll_up, &[survey("s", form, answers)]).unwrap();
                assert_eq!(Some(&whole.value), expected.as_ref(), "{vector}");
                let pooled = pool(form, 5, roll_up, &parts).unwrap();
                assert_eq!(pooled.value, whole.value, "{vector}");
                assert_eq!(pooled.respondents, whole.respondents);
                assert_eq!(pooled.surveys, ["a", "b"]);
            }
        }
    }

    #[test]
    fn a_survey_of_another_form_is_left_out_and_no_answers_give_no_value() {
        let form = form("online");
        let strange = Survey {
            name: "x".into(),
            version: 1,
            respondents: 3,
            elements: vec![("no-question".into(), 3, 9)],
        };
        let key = form.questions[0].key.clone();
        let off_scale = Survey {
            elements: vec![(key.clone(), 3, 16)],
            ..strange.clone()
        };
        let empty = Survey {
            elements: vec![(key, 0, 0)],
            ..strange.clone()
        };
        for survey in [strange, off_scale, empty] {
            assert_eq!(pool(form, 5, "mean_of_all_answers", &[survey]), None);
        }
        assert_eq!(pool(form, 5, "mean_of_all_answers", &[]), None);
    }
}
