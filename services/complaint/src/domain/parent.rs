//! Parents of reports and consultations: an agency, one of its units, or all agencies of the country.

use prima_platform::{failure::Violation, request};
use prima_proto::name;

/// The wildcard for all agencies.
const ALL: &str = "agencies/-";

/// The ids in `agencies/{agency}` or `agencies/{agency}/units/{unit}`; the id of the unit may be empty.
pub fn one(field: &str, raw: &str) -> Result<(String, String), Violation> {
    if raw.contains("/units/") {
        let unit: name::Unit = request::one(field, raw)?;
        return Ok((unit.agency, unit.unit));
    }
    let agency: name::Agency = request::one(field, raw)?;
    Ok((agency.agency, String::new()))
}

/// As [`one`]; both ids are empty for `agencies/-`.
pub fn one_or_all(field: &str, raw: &str) -> Result<(String, String), Violation> {
    if raw == ALL {
        return Ok(Default::default());
    }
    one(field, raw)
}

/// The id of an agency; empty for `agencies/-`.
pub fn agency_or_all(field: &str, raw: &str) -> Result<String, Violation> {
    if raw == ALL {
        return Ok(String::new());
    }
    request::one(field, raw).map(|agency: name::Agency| agency.agency)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wildcard_stands_for_all_agencies_and_for_no_unit() {
        let ids = |agency: &str, unit: &str| Ok((agency.to_owned(), unit.to_owned()));
        assert_eq!(one_or_all("f", "agencies/-"), ids("", ""));
        assert_eq!(one_or_all("f", "agencies/3271"), ids("3271", ""));
        assert_eq!(one("f", "agencies/3271/units/dpmptsp"), ids("3271", "dpmptsp"));
        assert_eq!(agency_or_all("f", "agencies/-"), Ok(String::new()));
        for raw in ["agencies/-", "agencies/-/units/dpmptsp", "agencies/3271/units/-"] {
            assert!(one("f", raw).is_err(), "{raw}");
        }
        assert!(one_or_all("f", "agencies/-/units/dpmptsp").is_err());
    }
}
