//! What a list is narrowed to: all agencies, one of them, or one unit.

use std::str::FromStr;

use crate::name::{self, Error};

const FORM: &str = "agencies/{agency}[/units/{unit}]";

/// `agencies/-`, `agencies/{agency}` or `agencies/{agency}/units/{unit}`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    /// Id of the agency; empty for all agencies.
    pub agency: String,
    /// Id of the unit; empty for all units.
    pub unit: String,
}

impl Scope {
    /// The agency for which a caller needs a role: `*` for all.
    pub fn needs(&self) -> &str {
        match self.agency.as_str() {
            "" => "*",
            agency => agency,
        }
    }

    /// Whether it includes a unit or agency.
    pub fn includes(&self, subject: &name::Subject) -> bool {
        (self.agency.is_empty() || self.agency == subject.agency_id())
            && (self.unit.is_empty() || subject.unit_id() == Some(self.unit.as_str()))
    }
}

impl FromStr for Scope {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if text == "agencies/-" {
            return Ok(Self::default());
        }
        if text.split('/').any(|part| part == "-") {
            return Err(Error::Form { form: FORM });
        }
        let subject = name::Subject::parse(text)?;
        Ok(Self {
            agency: subject.agency_id().to_owned(),
            unit: subject.unit_id().unwrap_or_default().to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_includes_what_it_names() {
        let scope = |text: &str| text.parse::<Scope>().unwrap();
        let subject = |text: &str| name::Subject::parse(text).unwrap();
        let (agency, unit) = ("agencies/3271", "agencies/3271/units/mpp");
        assert_eq!((scope("agencies/-").needs(), scope(unit).needs()), ("*", "3271"));
        for (text, includes) in [
            ("agencies/-", [true, true]),
            (agency, [true, true]),
            (unit, [false, true]),
            ("agencies/32", [false, false]),
            ("agencies/3271/units/dpmptsp", [false, false]),
        ] {
            let found = [agency, unit].map(|name| scope(text).includes(&subject(name)));
            assert_eq!(found, includes, "{text}");
        }
        for bad in [
            "",
            "agencies",
            "agencies/-/units/mpp",
            "agencies/3271/units/-",
            "agencies/A",
        ] {
            assert!(bad.parse::<Scope>().is_err(), "{bad}");
        }
    }
}
