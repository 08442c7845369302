//! Metrics of an operator's own, whose scores are recorded on the scale that the definition of their league tables states.

use std::{ops::Deref, sync::Arc};

use serde::Deserialize;

use super::{
    external::{Era, Metric, find},
    number,
};

/// A metric whose scores are recorded: of the release, or of an operator's own.
#[derive(Debug, Clone)]
pub enum Known {
    /// One of the release.
    BuiltIn(&'static Metric),
    /// One that a definition of league tables describes.
    Own(Arc<Metric>),
}

impl Deref for Known {
    type Target = Metric;

    fn deref(&self) -> &Metric {
        match self {
            Self::BuiltIn(metric) => metric,
            Self::Own(metric) => metric,
        }
    }
}

/// Year before which no score is recorded: that of the independence.
const FIRST_YEAR: i32 = 1945;

#[derive(Deserialize)]
struct Document {
    metric: String,
    title: Title,
    decimals: Option<u32>,
    citation: String,
    recorded: Option<Recorded>,
}

#[derive(Deserialize)]
struct Title {
    id: String,
}

#[derive(Deserialize)]
struct Recorded {
    subjects: Vec<String>,
    minimum: String,
    maximum: String,
}

impl Known {
    /// The metric that a definition of league tables describes; `None` when its scores are not recorded, when the release
    /// has a metric of this key, or when the document is of a later release.
    pub fn of_definition(json: &str) -> Option<Self> {
        let document: Document = serde_json::from_str(json).ok()?;
        let recorded = document.recorded.filter(|_| find(&document.metric).is_none())?;
        let is_of = |kind: &str| recorded.subjects.iter().any(|subject| subject == kind);
        let era = Era {
            id: document.metric.clone(),
            from_year: FIRST_YEAR,
            to_year: None,
            minimum: number::parse_decimal(&recorded.minimum)?,
            maximum: number::parse_decimal(&recorded.maximum)?,
            decimals: document.decimals.unwrap_or(2),
            citations: vec![document.citation],
            bands: Vec::new(),
            vertical_bands: Vec::new(),
            also: std::collections::BTreeMap::new(),
            parts: Vec::new(),
            agency_is_mean_of_units: false,
            may_be_without_maladministration: false,
        };
        Some(Self::Own(Arc::new(Metric {
            of_units: is_of("unit"),
            of_agencies: is_of("agency"),
            key: document.metric,
            name: document.title.id,
            eras: vec![era],
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(metric: &str, more: &str) -> String {
        format!(
            r#"{{"metric": "{metric}", "title": {{"id": "Waktu", "en": "Time"}}, "citation": "c"{more}}}"#
        )
    }

    #[test]
    fn a_metric_is_recorded_on_the_scale_of_its_definition() {
        let recorded =
            r#", "decimals": 1, "recorded": {"subjects": ["unit"], "minimum": "0", "maximum": "365.5"}"#;
        let metric = Known::of_definition(&definition("waktu", recorded)).unwrap();
        assert_eq!((metric.key.as_str(), metric.name.as_str()), ("waktu", "Waktu"));
        assert!(metric.of_units && !metric.of_agencies);
        let era = metric.era(2026).unwrap();
        assert_eq!(
            (number::decimal(&era.maximum, 1).as_str(), era.decimals),
            ("365.5", 1)
        );
        for other in [
            definition("waktu", ""),
            definition("sakip", recorded),
            "{".to_owned(),
        ] {
            assert!(Known::of_definition(&other).is_none(), "{other}");
        }
    }
}
