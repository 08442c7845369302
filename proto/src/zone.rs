//! The three time zones of Indonesia; none has daylight saving time.

use std::{collections::BTreeMap, sync::LazyLock};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// A time zone of Indonesia.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Zone {
    /// Waktu Indonesia Barat, 7 hours ahead of UTC.
    #[default]
    Wib,
    /// Waktu Indonesia Tengah, 8 hours ahead of UTC.
    Wita,
    /// Waktu Indonesia Timur, 9 hours ahead of UTC.
    Wit,
}

impl Zone {
    /// Every zone, from west to east.
    pub const ALL: [Self; 3] = [Self::Wib, Self::Wita, Self::Wit];

    /// Key in data: `wib`, `wita` or `wit`.
    pub fn key(self) -> &'static str {
        match self {
            Self::Wib => "wib",
            Self::Wita => "wita",
            Self::Wit => "wit",
        }
    }

    /// The time zone with this key.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|zone| zone.key() == key)
    }

    /// Offset from UTC, the same all year round.
    pub fn offset(self) -> TimeDelta {
        TimeDelta::hours(match self {
            Self::Wib => 7,
            Self::Wita => 8,
            Self::Wit => 9,
        })
    }
}

#[derive(Debug, Default, Deserialize)]
struct File {
    zones: BTreeMap<Zone, Vec<String>>,
}

static PROVINCES: LazyLock<BTreeMap<String, Zone>> = LazyLock::new(|| {
    let file: File = serde_json::from_str(include_str!("../data/time-zones.json")).unwrap_or_default();
    let pairs = file.zones.into_iter();
    pairs
        .flat_map(|(zone, provinces)| provinces.into_iter().map(move |p| (p, zone)))
        .collect()
});

/// The time zone of an agency. Ids of regional governments are region codes: two digits for a province, four for a
/// regency or city. Every other agency is national and has the time of Jakarta.
pub fn zone_of_agency(agency_id: &str) -> Zone {
    let digits = agency_id.bytes().all(|b| b.is_ascii_digit());
    let province = match agency_id.len() {
        2 | 4 if digits => agency_id.get(..2),
        _ => None,
    };
    province
        .and_then(|p| PROVINCES.get(p))
        .copied()
        .unwrap_or_default()
}

/// The calendar day at `time` in the time zone of an agency.
pub fn day_of_agency(agency_id: &str, time: DateTime<Utc>) -> NaiveDate {
    // Stored times are far from both ends of the calendar, so the addition can't overflow.
    time.checked_add_signed(zone_of_agency(agency_id).offset())
        .unwrap_or(time)
        .date_naive()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_the_38_provinces_has_one_zone() {
        let file: File = serde_json::from_str(include_str!("../data/time-zones.json")).unwrap();
        let listed: usize = file.zones.values().map(Vec::len).sum();
        assert_eq!((listed, PROVINCES.len()), (38, 38));
        let regions = include_str!("../../services/directory/data/regions.csv");
        let mut provinces = 0;
        for line in regions.lines().filter(|l| l.contains(",provinsi,")) {
            provinces += 1;
            let (code, rest) = line.split_once(',').unwrap();
            let name = rest.split(',').next().unwrap();
            let expected = match name {
                "Kalimantan Selatan" | "Kalimantan Timur" | "Kalimantan Utara" | "Bali" => Zone::Wita,
                name if name.starts_with("Sulawesi") || name.starts_with("Nusa Tenggara") => Zone::Wita,
                "Gorontalo" => Zone::Wita,
                name if name.starts_with("Maluku") || name.starts_with("Papua") => Zone::Wit,
                _ => Zone::Wib,
            };
            assert!(PROVINCES.contains_key(code), "{code}");
            assert_eq!(zone_of_agency(code), expected, "{name}");
            assert_eq!(zone_of_agency(&format!("{code}71")), expected, "{name}");
        }
        assert_eq!(provinces, 38);
    }

    #[test]
    fn an_agency_without_region_is_in_jakarta() {
        for id in ["kemenpanrb", "", "9", "917", "91711", "91-a", "9x", "99", "9９"] {
            assert_eq!(zone_of_agency(id), Zone::Wib, "{id}");
        }
    }

    #[test]
    fn a_day_begins_at_midnight_where_the_agency_is() {
        let time = "2024-09-30T15:30:00Z".parse().unwrap();
        for (agency, day) in [
            ("9171", "2024-10-01"),
            ("7171", "2024-09-30"),
            ("3271", "2024-09-30"),
        ] {
            assert_eq!(day_of_agency(agency, time).to_string(), day, "{agency}");
        }
        let time = "2024-09-30T16:00:00Z".parse().unwrap();
        assert_eq!(day_of_agency("7171", time).to_string(), "2024-10-01");
        assert_eq!(
            day_of_agency("kemenpanrb", DateTime::<Utc>::MAX_UTC).to_string(),
            "+262142-12-31"
        );
    }

    #[test]
    fn keys_are_parsed_back() {
        for zone in Zone::ALL {
            assert_eq!(Zone::from_key(zone.key()), Some(zone));
            assert_eq!(
                serde_json::to_string(&zone).unwrap(),
                format!("\"{}\"", zone.key())
            );
        }
        assert_eq!(Zone::from_key("WIB"), None);
    }
}
