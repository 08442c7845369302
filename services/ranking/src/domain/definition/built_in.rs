//! The definitions of the release.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use super::cohort_rule::{Base, CohortRule};
use super::{Better, Definition, RankedBy, Share, Ties, Words};

/// Every built-in definition. A metric may have several versions.
const DOCUMENTS: [&str; 11] = [
    include_str!("../../../data/tables/complaint-resolution.json"),
    include_str!("../../../data/tables/iga.json"),
    include_str!("../../../data/tables/innovation.json"),
    include_str!("../../../data/tables/ipp.json"),
    include_str!("../../../data/tables/ipp-khusus.json"),
    include_str!("../../../data/tables/ipp-mandiri.json"),
    include_str!("../../../data/tables/lppd.json"),
    include_str!("../../../data/tables/ombudsman.json"),
    include_str!("../../../data/tables/organisational-maturity.json"),
    include_str!("../../../data/tables/sakip.json"),
    include_str!("../../../data/tables/skm.json"),
];
const DEFAULT: &str = include_str!("../../../data/tables/default.json");

/// A built-in definition with its document.
#[derive(Debug)]
pub struct BuiltIn {
    /// The definition.
    pub definition: Arc<Definition>,
    /// Its document.
    pub json: &'static str,
}

static BUILT_IN: LazyLock<BTreeMap<(String, i64), BuiltIn>> = LazyLock::new(|| {
    let read = DOCUMENTS.iter().filter_map(|json| {
        let definition = Definition::read(json).ok()?;
        let key = (definition.metric.clone(), definition.version);
        let definition = Arc::new(definition);
        Some((key, BuiltIn { definition, json }))
    });
    read.collect()
});

static FALLBACK: LazyLock<Definition> =
    LazyLock::new(|| Definition::read(DEFAULT).unwrap_or_else(|_| strictest()));

impl Definition {
    /// Every built-in definition, ordered by metric and version.
    pub fn built_in() -> impl DoubleEndedIterator<Item = &'static BuiltIn> {
        BUILT_IN.values()
    }

    /// Whether the release defines the metric.
    pub fn is_built_in(metric: &str) -> bool {
        BUILT_IN.keys().any(|(known, _)| known == metric)
    }

    /// The newest built-in definition of a metric; for a metric without one, the rule of `data/tables/default.json` with
    /// its key as its title.
    pub fn built_in_or_default(metric: &str) -> Arc<Self> {
        let newest = BUILT_IN
            .range((metric.to_owned(), 0)..=(metric.to_owned(), i64::MAX))
            .next_back();
        match newest {
            Some((_, built_in)) => Arc::clone(&built_in.definition),
            None => Arc::new(Self {
                metric: metric.to_owned(),
                version: 0,
                title: Words {
                    id: metric.to_owned(),
                    en: metric.to_owned(),
                },
                ..FALLBACK.clone()
            }),
        }
    }

    /// The rule of a metric whose newest definition this release can't read: nothing is ranked, since nobody knows how.
    pub fn unreadable(metric: &str, version: i64) -> Self {
        Self {
            metric: metric.to_owned(),
            version,
            title: Words {
                id: metric.to_owned(),
                en: metric.to_owned(),
            },
            is_unreadable: true,
            ..FALLBACK.clone()
        }
    }

    /// The rule for metrics without a definition.
    pub fn fallback() -> &'static Self {
        &FALLBACK
    }
}

/// Without a readable rule, every unit is needed.
fn strictest() -> Definition {
    Definition {
        metric: String::new(),
        version: 0,
        title: Words {
            id: String::new(),
            en: String::new(),
        },
        unit: None,
        better: Better::Higher,
        ranked_by: RankedBy::Published,
        decimals: 2,
        ties: Ties::Competition,
        tie_breakers: Vec::new(),
        categories: true,
        sample: None,
        minimum_sample: 0,
        coverage: Some(Share {
            numerator: 1,
            denominator: 1,
        }),
        cohorts: Base::ALL.into_iter().filter_map(CohortRule::whole).collect(),
        regions: Vec::new(),
        volumes: Vec::new(),
        peers: Vec::new(),
        eras: Vec::new(),
        recorded: None,
        citation: String::new(),
        mark: String::new(),
        is_unreadable: false,
    }
}
