//! The provinces of a table: their place in the map of equal tiles, and the mean of the values that are ranked in each.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use prima_platform::number::{self, Rational};
use prima_proto::ranking::v1 as pb;

const TILES: &str = include_str!("../../../../data/province-tiles.csv");
const REGIONS: &str = include_str!("../../../../../directory/data/regions.csv");
/// Most decimals of a mean.
const PLACES_MAX: usize = 4;

/// A province in the map of tiles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tile {
    /// Two digits.
    pub code: &'static str,
    /// Short name.
    pub short: &'static str,
    /// Official name.
    pub name: &'static str,
    /// Column and row, counted from 0.
    pub at: (u8, u8),
}

/// The value of a province in a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Province {
    pub tile: &'static Tile,
    /// How many are ranked in it.
    pub ranked: usize,
    /// The mean of their values; `None` without any.
    pub mean: Option<Rational>,
    /// The same as text.
    pub shown: String,
}

/// The provinces that have names: code and name.
static NAMES: LazyLock<BTreeMap<&'static str, &'static str>> = LazyLock::new(|| {
    let rows = REGIONS.lines().skip(1).filter_map(|line| {
        let mut cells = line.trim().split(',');
        Some((cells.next()?, cells.next()?))
    });
    rows.collect()
});

/// Every province, ordered by code.
pub(super) static ALL: LazyLock<Vec<Tile>> =
    LazyLock::new(|| TILES.lines().skip(1).filter_map(tile).collect());

fn tile(line: &'static str) -> Option<Tile> {
    let mut cells = line.trim().split(',');
    let (code, short) = (cells.next()?, cells.next()?);
    let at = (cells.next()?.parse().ok()?, cells.next()?.parse().ok()?);
    Some(Tile {
        code,
        short,
        name: name(code)?,
        at,
    })
}

/// The name of a province, regency or city.
pub(super) fn name(code: &str) -> Option<&'static str> {
    NAMES.get(code).copied()
}

/// The province of a unit or agency, whose id begins with the code of its region.
fn province_of(subject: &str) -> Option<&'static Tile> {
    let id = subject.strip_prefix("agencies/")?.split('/').next()?;
    let is_region = matches!(id.len(), 2 | 4) && name(id).is_some();
    ALL.iter().find(|tile| is_region && id.starts_with(tile.code))
}

/// Every province with the mean of its ranked values. `None` when fewer than two provinces have any: then the table is of one
/// province or of the nation.
pub(super) fn of(rows: &[pb::LeagueRow]) -> Option<Vec<Province>> {
    let mut values: BTreeMap<&str, Vec<Rational>> = BTreeMap::new();
    let mut places = 0;
    for row in rows.iter().filter(|row| row.rank > 0) {
        let Some(value) = number::parse_decimal(&row.score) else {
            continue;
        };
        let decimals = row
            .score
            .split_once('.')
            .map_or(0, |(_, decimals)| decimals.len());
        places = places.max(decimals.min(PLACES_MAX));
        if let Some(tile) = province_of(&row.subject) {
            values.entry(tile.code).or_default().push(value);
        }
    }
    let places = u32::try_from(places).unwrap_or_default();
    let province = |tile: &'static Tile| {
        let own = values.get(tile.code).map(Vec::as_slice).unwrap_or_default();
        let mean = number::mean(own);
        Province {
            tile,
            ranked: own.len(),
            shown: mean
                .as_ref()
                .map(|mean| number::decimal(mean, places))
                .unwrap_or_default(),
            mean,
        }
    };
    (values.len() >= 2).then(|| ALL.iter().map(province).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_tiles_are_the_provinces_of_the_directory_each_on_a_place_of_its_own() {
        let known: BTreeSet<&str> = REGIONS
            .lines()
            .filter(|line| line.contains(",provinsi,"))
            .filter_map(|line| line.split(',').next())
            .collect();
        let codes: BTreeSet<&str> = ALL.iter().map(|tile| tile.code).collect();
        assert_eq!((codes.len(), &codes), (38, &known));
        let places: BTreeSet<(u8, u8)> = ALL.iter().map(|tile| tile.at).collect();
        let shorts: BTreeSet<&str> = ALL.iter().map(|tile| tile.short).collect();
        assert_eq!((places.len(), shorts.len()), (38, 38));
    }

    #[test]
    fn a_province_has_the_mean_of_those_ranked_in_it() {
        let row = |subject: &str, rank, score: &str| pb::LeagueRow {
            subject: subject.into(),
            rank,
            score: score.into(),
            ..Default::default()
        };
        let rows = [
            row("agencies/3271/units/a", 1, "90.00"),
            row("agencies/3273/units/a", 2, "80.01"),
            row("agencies/51", 3, "70.00"),
            row("agencies/3274/units/a", 0, "10.00"),
            row("agencies/kemenkes/units/a", 4, "60.00"),
        ];
        let provinces = of(&rows).unwrap();
        let shown: Vec<_> = provinces
            .iter()
            .filter(|province| province.ranked > 0)
            .map(|province| (province.tile.name, province.ranked, province.shown.as_str()))
            .collect();
        assert_eq!(shown, [("Jawa Barat", 2, "85.01"), ("Bali", 1, "70.00")]);
        assert_eq!(provinces.len(), 38);
        assert_eq!(of(&rows[..2]), None);
    }
}
