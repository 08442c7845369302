//! Names of the categories that other bodies use, as the index service returns them.

use std::collections::BTreeMap;

use prima_proto::index::v1 as pb;

use super::call::request;
use super::connect::Connection;

/// The names of the categories of a metric whose keys are English words, by their keys.
#[derive(Debug, Clone, Default)]
pub struct CategoryNames(BTreeMap<String, String>);

impl CategoryNames {
    /// Reads the names from the service. League tables are public and the index service is not: a reader whom it refuses
    /// or who does not reach it sees the keys.
    pub(super) async fn read(connection: &Connection, metric: &str) -> Self {
        let Ok(mut client) = connection.index().await else {
            return Self::default();
        };
        let answer = client.list_external_metrics(request(pb::ListExternalMetricsRequest {}));
        let metrics = answer.await.map(|answer| answer.into_inner().metrics);
        Self::of(metrics.unwrap_or_default(), metric)
    }

    /// Reads the names when one of these categories needs one.
    pub(super) async fn read_for<'a>(
        connection: &Connection,
        metric: &str,
        mut categories: impl Iterator<Item = &'a String>,
    ) -> Self {
        match categories.any(|key| is_word(key)) {
            true => Self::read(connection, metric).await,
            false => Self::default(),
        }
    }

    fn of(metrics: Vec<pb::ExternalMetric>, metric: &str) -> Self {
        let eras = metrics
            .into_iter()
            .filter(|one| one.key == metric)
            .flat_map(|one| one.eras);
        let mut names = BTreeMap::new();
        let bands = eras.flat_map(|era| era.bands.into_iter().chain(era.vertical_bands));
        for band in bands.filter(|band| is_word(&band.key)) {
            let name = if band.zone.is_empty() {
                band.display_name
            } else {
                band.zone
            };
            names.entry(band.key).or_insert(name);
        }
        Self(names)
    }

    /// The colour of the zone of a category, else its name; the key when it has no name.
    pub fn shown<'a>(&'a self, key: &'a str) -> &'a str {
        self.0.get(key).map_or(key, String::as_str)
    }
}

/// Whether a key is an English word and not a letter such as `A` or `BB`.
pub fn is_word(key: &str) -> bool {
    key.len() > 2 && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_category_in_english_is_shown_by_its_colour_or_name() {
        let band = |key: &str, name: &str, zone: &str| pb::Band {
            key: key.into(),
            display_name: name.into(),
            zone: zone.into(),
            ..Default::default()
        };
        let metric = |key: &str, bands| pb::ExternalMetric {
            key: key.into(),
            eras: vec![pb::Era {
                bands,
                ..Default::default()
            }],
            ..Default::default()
        };
        let bands = vec![
            band("green", "Kepatuhan tinggi", "hijau"),
            band("highest", "Kualitas Tertinggi", ""),
            band("A", "Kualitas Tertinggi", "hijau"),
        ];
        let metrics = vec![
            metric("ombudsman", bands),
            metric("other", vec![band("blue", "Biru", "")]),
        ];
        let names = CategoryNames::of(metrics, "ombudsman");
        for (key, expected) in [
            ("green", "hijau"),
            ("highest", "Kualitas Tertinggi"),
            ("A", "A"),
            ("blue", "blue"),
            ("", ""),
        ] {
            assert_eq!(names.shown(key), expected);
        }
    }
}
