//! Who may call a method: the option `(prima.access.v1.access)` of each method, as data. The build script reads it from the
//! contracts and fails for a method without it.

use v1::Caller;

/// Version 1.
pub mod v1 {
    tonic::include_proto!("prima.access.v1");
}

/// Who may call a method. What no grant admits is refused.
#[derive(Debug)]
pub struct Rule {
    /// Full name of the method, `prima.survey.v1.SurveyService/CreateSurvey`.
    pub method: &'static str,
    /// A call is admitted when one of them admits it.
    pub grants: &'static [Grant],
    /// Further conditions that only stored data shows; empty when there are none.
    pub condition: &'static str,
    /// Whether the answer can contain personal data of a citizen.
    pub personal: bool,
}

/// One kind of callers who are admitted, and on which condition.
#[derive(Debug)]
pub struct Grant {
    /// The callers: one of them.
    pub who: &'static [Caller],
    /// What else the request or the token must contain.
    pub needs: Needs,
}

/// What a grant needs besides a caller of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: the method is public, or any token is enough.
    Nothing,
    /// A proof in this field of the request.
    ProofIn(&'static str),
    /// A token for the agency in the resource name that this field of the request contains.
    AgencyIn(&'static str),
    /// A token for all agencies.
    National,
    /// A token for at least one agency.
    AnyAgency,
    /// A token for the agency that only the stored resource shows, which is described in words.
    Stored(&'static str),
}

/// A request message, which the rule of its method protects. No two methods have the same request message.
pub trait Protected {
    /// The rule of its method.
    const RULE: &'static Rule;

    /// The value of a field that the rule refers to: a text, or an empty one for a message that is present and not empty.
    fn field(&self, path: &str) -> Option<&str>;

    /// What the request is about, for the audit log.
    fn about(&self) -> About<'_>;
}

/// What a request is about.
#[derive(Debug, Clone, Copy, Default)]
pub struct About<'a> {
    /// Field and value of the name of its resource, or of what the resource is created in.
    pub resource: Option<(&'static str, &'a str)>,
    /// Its request id.
    pub request_id: &'a str,
    /// The purpose that the caller gives.
    pub purpose: &'a str,
}

/// A message together with what the service has looked up for its parser.
impl<X, M: Protected> Protected for (X, M) {
    const RULE: &'static Rule = M::RULE;

    fn field(&self, path: &str) -> Option<&str> {
        self.1.field(path)
    }

    fn about(&self) -> About<'_> {
        self.1.about()
    }
}

impl Caller {
    /// Name of the role in a token, of a kind of callers that is a role.
    pub fn role(self) -> Option<&'static str> {
        match self {
            Self::Unspecified | Self::Public | Self::ProofHolder | Self::AnyToken => None,
            Self::Admin => Some("admin"),
            Self::Operator => Some("operator"),
            Self::Intake => Some("intake"),
            Self::Evaluator => Some("evaluator"),
        }
    }

    /// Whether callers of this kind need no token.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Public | Self::ProofHolder)
    }
}

impl Rule {
    /// Whether an operation may refuse a caller whom the rule admits, because of what only stored data shows.
    pub fn has_condition(&self) -> bool {
        let stored = |grant: &Grant| matches!(grant.needs, Needs::Stored(_));
        !self.condition.is_empty() || self.grants.iter().any(stored)
    }

    /// Whether callers without a token can be admitted.
    pub fn is_open(&self) -> bool {
        let open = |grant: &Grant| grant.who.iter().any(|who| who.is_open());
        self.grants.iter().any(open)
    }
}

/// Id of the agency in a resource name, such as `3271` in `cycles/2025/agencies/3271/units/mpp`, or `-` for all. An id of an
/// agency that is not part of a name, as in `agency_id`, stands for itself.
pub fn agency_in<'a>(field: &str, value: &'a str) -> Option<&'a str> {
    if field.ends_with("agency_id") {
        return Some(value).filter(|id| !id.is_empty());
    }
    let mut parts = value.split('/');
    while let (Some(collection), Some(id)) = (parts.next(), parts.next()) {
        if collection == "agencies" {
            return Some(id).filter(|id| !id.is_empty());
        }
    }
    None
}

fn present(message: &impl prost::Message) -> Option<&str> {
    (message.encoded_len() > 0).then_some("")
}

include!(concat!(env!("OUT_DIR"), "/access_rules.rs"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agency_is_found_where_the_parser_of_names_finds_it() {
        for (field, value, agency) in [
            ("name", "agencies/3271", Some("3271")),
            ("name", "agencies/3271/units/mpp/surveys/a", Some("3271")),
            ("parent", "agencies/-/units/-", Some("-")),
            ("assessment", "cycles/agencies/agencies/32/units/a", Some("32")),
            ("agency_id", "3271", Some("3271")),
            ("agency_id", "", None),
            ("name", "", None),
            ("name", "agencies", None),
            ("name", "agencies/", None),
            ("name", "units/agencies/agencies", None),
            ("name", "complaints/agencies", None),
        ] {
            assert_eq!(agency_in(field, value), agency, "{field}: {value}");
        }
    }

    #[test]
    fn a_field_is_read_through_messages_and_choices() {
        use crate::{complaint::v1 as complaint, directory::v1 as directory};
        let mut update = directory::UpdateUnitRequest::default();
        assert_eq!(update.field("unit.name"), None);
        update.unit = Some(directory::Unit {
            name: "agencies/1/units/a".into(),
            ..Default::default()
        });
        assert_eq!(update.field("unit.name"), Some("agencies/1/units/a"));
        let mut close = complaint::CloseComplaintRequest {
            access: Some(complaint::Access::default()),
            ..Default::default()
        };
        assert_eq!(close.field("access"), None, "an empty proof is none");
        close.access.as_mut().unwrap().tracking_code = "x".into();
        assert_eq!(close.field("access"), Some(""));
    }
}
