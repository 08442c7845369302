//! Perception intervals (NI) and the category table of the regulation, from the bounds of the instrument (PermenPANRB
//! 14/2017).

use prima_platform::number::{Rational, decimal, parse_decimal, parse_fraction};
use prima_proto::survey::v1 as pb;

/// NIK is NI times this factor.
const CONVERSION: i64 = 25;

/// One row of the category table, with numbers as decimals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Band {
    /// Nilai persepsi: 1 for the lowest band.
    pub(super) perception: i64,
    /// Nilai Interval (NI), from and to.
    pub(super) ni: (String, String),
    /// Nilai Interval Konversi (NIK), from and to.
    pub(super) nik: (String, String),
    /// Mutu pelayanan.
    pub(super) grade: String,
    /// Kinerja unit.
    pub(super) name: String,
}

/// The bands with the lowest first, as the regulation prints them. When a bound is not a decimal, there is no table.
pub(super) fn bands(instrument: &pb::Instrument) -> Vec<Band> {
    build(instrument).unwrap_or_default()
}

fn build(instrument: &pb::Instrument) -> Option<Vec<Band>> {
    let integer = |value: i64| Rational::from_integer(value.into());
    let cent = Rational::new(1.into(), 100.into());
    let mut bands = Vec::new();
    // The instrument lists the best band first; each band ends a hundredth below the one before it.
    let mut top = integer(i64::from(instrument.max_score) * CONVERSION);
    let lowest = integer(i64::from(instrument.min_score) * CONVERSION);
    let count = i64::try_from(instrument.categories.len()).ok()?;
    for (place, category) in (0..count).zip(&instrument.categories) {
        let lower = parse_decimal(&category.lower)?;
        let from = if place + 1 == count {
            lowest.clone()
        } else {
            lower.clone()
        };
        bands.push(Band {
            perception: count - place,
            ni: (interval(&from), interval(&top)),
            nik: (decimal(&from, 2), decimal(&top, 2)),
            grade: category.grade.clone(),
            name: category.display_name.clone(),
        });
        top = lower - &cent;
    }
    bands.reverse();
    Some(bands)
}

/// The NI of an NIK with two to four decimals, as the regulation prints it.
fn interval(nik: &Rational) -> String {
    let text = decimal(&(nik / Rational::from_integer(CONVERSION.into())), 4);
    let short = text.strip_suffix('0').unwrap_or(&text);
    short.strip_suffix('0').unwrap_or(short).to_owned()
}

/// The lowest NI of each band with its grade, as a position on the drawn scale.
pub(super) fn starts(bands: &[Band]) -> Vec<(f64, String)> {
    let start = |band: &Band| Some((band.ni.0.parse().ok()?, band.grade.clone()));
    bands.iter().filter_map(start).collect()
}

/// The NI of a result from its exact index, rounded half up to four decimals; empty when there is no index.
pub(super) fn ni(result: &pb::Result) -> String {
    parse_fraction(&result.index_exact)
        .map(|nik| decimal(&(nik / Rational::from_integer(CONVERSION.into())), 4))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn the_table_is_that_of_the_regulation() {
        let rows: Vec<_> = bands(&sample::instrument())
            .into_iter()
            .map(|band| (band.perception, band.ni, band.nik, band.grade))
            .collect();
        let row = |at, ni: [&str; 2], nik: [&str; 2], grade: &str| {
            let pair = |[from, to]: [&str; 2]| (from.to_owned(), to.to_owned());
            (at, pair(ni), pair(nik), grade.to_owned())
        };
        assert_eq!(
            rows,
            [
                row(1, ["1.00", "2.5996"], ["25.00", "64.99"], "D"),
                row(2, ["2.60", "3.064"], ["65.00", "76.60"], "C"),
                row(3, ["3.0644", "3.532"], ["76.61", "88.30"], "B"),
                row(4, ["3.5324", "4.00"], ["88.31", "100.00"], "A"),
            ]
        );
    }

    #[test]
    fn a_malformed_bound_leaves_no_table() {
        let mut instrument = sample::instrument();
        instrument.categories[1].lower = "x".into();
        assert!(bands(&instrument).is_empty());
    }

    #[test]
    fn ni_comes_from_the_exact_index() {
        let result = |exact: &str| pb::Result {
            index_exact: exact.into(),
            ..Default::default()
        };
        assert_eq!(ni(&result("23875/261")), "3.6590"); // 91.4751 / 25, G-SKM-1
        assert_eq!(ni(&result("")), "");
    }
}
