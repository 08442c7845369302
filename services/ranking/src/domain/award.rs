//! Awards that follow from published scores: who shares the best places, which categories a body honours, and which components
//! of a score are aspects with a best one. The rules are data (`data/awards.json`), each with its citation.

use std::sync::LazyLock;

use serde::Deserialize;

/// The rules of the release.
const FILE: &str = include_str!("../../data/awards.json");

/// A category that the body behind a metric honours.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Honour {
    metrics: Vec<String>,
    era: String,
    /// The categories.
    pub categories: Vec<String>,
    /// What it is called (id-ID).
    pub title: String,
    /// The rule (id-ID).
    pub rule: String,
    /// The source of the categories.
    pub citation: String,
    /// How certain the rule is.
    pub mark: String,
}

/// The components of a score that are aspects.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aspects {
    metrics: Vec<String>,
    instruments: Vec<String>,
    /// The source of the aspects.
    pub citation: String,
    /// The aspects in their order.
    pub components: Vec<Aspect>,
}

/// A component of which more is better.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aspect {
    /// Its key in the score.
    pub key: String,
    /// What it is called (id-ID).
    pub title: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    honours: Vec<Honour>,
    aspects: Vec<Aspects>,
}

static RULES: LazyLock<Rules> = LazyLock::new(|| serde_json::from_str(FILE).unwrap_or_default());

/// What is honoured of a metric in an era; `None` when nothing is.
pub fn honour(metric: &str, era: &str) -> Option<&'static Honour> {
    let mut honours = RULES.honours.iter();
    honours.find(|honour| honour.era == era && honour.metrics.iter().any(|own| own == metric))
}

/// The aspects of a score that was made with an instrument; `None` when its components are none.
pub fn aspects(metric: &str, instrument: &str) -> Option<&'static Aspects> {
    let mut aspects = RULES.aspects.iter();
    aspects.find(|aspects| {
        let has = |list: &[String], sought: &str| list.iter().any(|own| own == sought);
        has(&aspects.metrics, metric) && has(&aspects.instruments, instrument)
    })
}

/// How many come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Places {
    /// The winners.
    pub winners: usize,
    /// Whether they are more than the places, because those at the border are equal.
    pub tied_at_border: bool,
}

/// Who of `sorted`, the best first, takes `places`: the first ones, and everyone who equals the last of them.
pub fn places<T: PartialEq>(sorted: &[T], places: usize) -> Places {
    let last = places
        .min(sorted.len())
        .checked_sub(1)
        .and_then(|at| sorted.get(at));
    let Some(last) = last else {
        return Places {
            winners: 0,
            tied_at_border: false,
        };
    };
    let after = sorted.iter().skip(places);
    let tied = after.take_while(|other| *other == last).count();
    Places {
        winners: places.min(sorted.len()) + tied,
        tied_at_border: tied > 0,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn whoever_equals_the_last_place_shares_it() {
        let taken = |sorted: &[i32], n| {
            let places = places(sorted, n);
            (places.winners, places.tied_at_border)
        };
        assert_eq!(taken(&[9, 8, 8, 7], 2), (3, true));
        assert_eq!(taken(&[9, 8, 8, 7], 3), (3, false));
        assert_eq!(taken(&[8, 8, 8], 1), (3, true));
        assert_eq!(taken(&[9, 8], 10), (2, false));
        assert_eq!(taken(&[], 10), (0, false));
        assert_eq!(taken(&[1], 0), (0, false));
    }

    #[test]
    fn every_rule_is_read_and_says_how_certain_it_is() {
        let rules: Rules = serde_json::from_str(FILE).unwrap();
        for honour in &rules.honours {
            assert!(!honour.categories.is_empty() && !honour.citation.is_empty());
            assert!(honour.mark.contains("CONFIRMED"), "{}", honour.title);
        }
        assert_eq!(
            honour("ombudsman", "ombudsman-2022").unwrap().categories,
            ["A", "B"]
        );
        assert!(honour("skm", "skm-2017").is_none() && honour("ombudsman", "pekppp-2022").is_none());
        assert!(aspects("skm", "skm-2014").is_none());
    }

    /// Keys and names of a list in the data of another service.
    fn named(file: &str, list: &str) -> BTreeMap<String, String> {
        let path = format!("{}/../{file}", env!("CARGO_MANIFEST_DIR"));
        let json: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let items = json[list].as_array().unwrap().iter();
        items
            .map(|item| {
                let text = |key: &str| item[key].as_str().unwrap_or_default().to_owned();
                (text("key"), text("name") + &text("title"))
            })
            .collect()
    }

    #[test]
    fn aspects_are_those_of_the_instruments() {
        for (metric, instrument, file, list) in [
            ("skm", "skm-2017", "survey/data/skm-2017.json", "elements"),
            ("ipp", "pekppp-2022", "index/data/pekppp-2022.json", "aspects"),
            (
                "ipp-mandiri",
                "pekppp-2017",
                "index/data/pekppp-2017.json",
                "aspects",
            ),
        ] {
            let own = aspects(metric, instrument).unwrap().components.iter();
            let own: BTreeMap<_, _> = own.map(|one| (one.key.clone(), one.title.clone())).collect();
            assert_eq!(own, named(file, list), "{instrument}");
        }
    }
}
