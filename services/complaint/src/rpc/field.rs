//! Fields of requests whose faults never repeat what was written: a code or a telephone number may stand there by
//! mistake.

use chrono::NaiveDate;
use prima_platform::{command::Once, failure::Violation, request::WILDCARD, request_id};
use prima_proto::name;
use prost::Message;

/// A resource name.
pub fn name<T>(
    field: impl Into<String>,
    raw: &str,
    parse: impl FnOnce(&str) -> Result<T, name::Error>,
) -> Result<T, Violation> {
    parse(raw).map_err(|error| match error {
        name::Error::Form { form } => Violation::new(
            field,
            format!("must have the form `{form}`"),
            format!("harus berbentuk `{form}`"),
        ),
        name::Error::Token { max, .. } => Violation::new(
            field,
            format!("has an id that is not 1 to {max} characters of a-z, 0-9 and -"),
            format!("memuat id yang bukan 1 sampai {max} karakter dari a-z, 0-9, dan -"),
        ),
    })
}

/// What tells a repeat of a request of `method`: the whole message, its id too. Take it before the message is taken apart.
pub fn once(method: &'static str, request_id: &str, message: &impl Message) -> Result<Once, Violation> {
    request_id::check("request_id", request_id)?;
    Ok(Once::new(method, request_id, message))
}

/// One agency.
pub fn agency(field: &str, raw: &str) -> Result<name::Agency, Violation> {
    let agency = name(field, raw, name::Agency::parse)?;
    if agency.agency == WILDCARD {
        return Err(no_agency(field));
    }
    Ok(agency)
}

/// The fault of a name that stands for all agencies where one is asked for.
pub fn no_agency(field: &str) -> Violation {
    Violation::new(field, "must name one agency", "harus menyebut satu instansi")
}

/// One unit.
pub fn unit(field: &str, raw: &str) -> Result<name::Unit, Violation> {
    let unit = name(field, raw, name::Unit::parse)?;
    if unit.agency == WILDCARD || unit.unit == WILDCARD {
        return Err(Violation::new(
            field,
            "must name one unit",
            "harus menyebut satu unit",
        ));
    }
    Ok(unit)
}

/// `agencies/{agency}` or `agencies/{agency}/units/{unit}`, as ids; `agencies/-` is an agency with an empty id.
pub fn parent(field: &str, raw: &str) -> Result<(String, String), Violation> {
    if raw.contains("/units/") {
        let unit = name(field, raw, name::Unit::parse)?;
        if unit.agency == WILDCARD || unit.unit == WILDCARD {
            return Err(Violation::new(
                field,
                "`-` stands for all agencies, not for units",
                "`-` berarti semua instansi, bukan unit",
            ));
        }
        return Ok((unit.agency, unit.unit));
    }
    Ok((whole_agency(field, raw)?, String::new()))
}

/// The id of an agency; empty for `agencies/-`.
pub fn whole_agency(field: &str, raw: &str) -> Result<String, Violation> {
    let agency = name(field, raw, name::Agency::parse)?.agency;
    Ok(if agency == WILDCARD { String::new() } else { agency })
}

/// As [`parent`], of one agency.
pub fn one_parent(field: &str, raw: &str) -> Result<(String, String), Violation> {
    let (agency, unit) = parent(field, raw)?;
    if agency.is_empty() {
        return Err(Violation::new(
            field,
            "must name an agency",
            "harus menyebut instansi",
        ));
    }
    Ok((agency, unit))
}

/// A day `YYYY-MM-DD`.
pub fn day(field: &str, raw: &str) -> Result<NaiveDate, Violation> {
    let date = raw.parse::<NaiveDate>().ok();
    date.filter(|d| d.to_string() == raw).ok_or_else(|| {
        Violation::new(
            field,
            "must be a day as YYYY-MM-DD",
            "harus tanggal dengan bentuk TTTT-BB-HH",
        )
    })
}

/// A value that must be specified and known; `what` is what it is, as the beginning of a sentence in Indonesian.
pub fn choice<E: TryFrom<i32>, T>(
    field: &str,
    raw: i32,
    what: &str,
    value: impl FnOnce(E) -> Option<T>,
) -> Result<T, Violation> {
    E::try_from(raw).ok().and_then(value).ok_or_else(|| {
        let indonesian = format!("{what} wajib diisi dan dikenal");
        Violation::new(field, "is required and must be known", indonesian)
    })
}

/// A value that may be unspecified; `what` is what it is, in English and in Indonesian.
pub fn optional_choice<E: TryFrom<i32>, T>(
    field: &str,
    raw: i32,
    what: [&str; 2],
    value: impl FnOnce(E) -> Option<T>,
) -> Result<Option<T>, Violation> {
    let [english, indonesian] = what;
    E::try_from(raw).map(value).map_err(|_| {
        Violation::new(
            field,
            format!("is not a known {english}"),
            format!("bukan {indonesian} yang dikenal"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_never_repeats_what_was_written() {
        for raw in [
            "+628123456789",
            "agencies/+628123456789",
            "agencies/A1/units/+628123456789",
        ] {
            let faults = [
                agency("f", raw).unwrap_err(),
                unit("f", raw).unwrap_err(),
                parent("f", raw).unwrap_err(),
                day("f", raw).unwrap_err(),
            ];
            for fault in faults {
                let told = format!("{}{}", fault.description, fault.localized);
                assert!(!told.contains("8123456789"), "{told}");
            }
        }
    }

    #[test]
    fn the_wildcard_stands_for_all_agencies_and_for_no_unit() {
        let ids = |agency: &str, unit: &str| Ok((agency.to_owned(), unit.to_owned()));
        assert_eq!(parent("f", "agencies/-"), ids("", ""));
        assert_eq!(parent("f", "agencies/3271"), ids("3271", ""));
        assert_eq!(
            one_parent("f", "agencies/3271/units/dpmptsp"),
            ids("3271", "dpmptsp")
        );
        assert!(one_parent("f", "agencies/-").is_err());
        assert!(parent("f", "agencies/-/units/dpmptsp").is_err());
        assert!(agency("f", "agencies/-").is_err() && unit("f", "agencies/3271/units/-").is_err());
    }
}
