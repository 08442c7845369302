//! Who calls, and what they may do. Default is to deny.

use std::collections::BTreeSet;

use crate::failure::{Failure, Kind};

/// Who signs tokens.
pub(crate) const ISSUER: &str = "prima";

/// What a caller may do, within the agencies of the token. No role contains another: a token lists each that it holds,
/// and each operation the roles that may call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Admin of its agencies, of the nation with `*`: runs units, surveys, cycles and rounds. It judges nothing.
    Admin,
    /// Operator of an agency: its units and surveys.
    Operator,
    /// A system that hands in responses, such as a kiosk or a regional portal.
    Intake,
    /// Evaluator of PEKPPP or of innovations: judges, and runs nothing.
    Evaluator,
}

impl Role {
    /// Its name in a token.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Operator => "operator",
            Self::Intake => "intake",
            Self::Evaluator => "evaluator",
        }
    }

    /// From its name in a token.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Admin, Self::Operator, Self::Intake, Self::Evaluator]
            .into_iter()
            .find(|r| r.as_str() == text)
    }
}

/// The one who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    subject: Option<String>,
    roles: Vec<Role>,
    agencies: Vec<String>,
}

impl Caller {
    /// A caller with a token; `agencies` holds ids, or `*` for all.
    pub fn new(subject: String, roles: Vec<Role>, agencies: Vec<String>) -> Self {
        Self {
            subject: Some(subject),
            roles,
            agencies,
        }
    }

    /// A caller without a token.
    pub fn anonymous() -> Self {
        Self {
            subject: None,
            roles: Vec::new(),
            agencies: Vec::new(),
        }
    }

    /// The subject of the token; empty without one.
    pub fn subject(&self) -> &str {
        self.subject.as_deref().unwrap_or_default()
    }

    /// What tells this caller from others of the same name: issuer, subject and agencies of the token, whatever their
    /// order; empty without one. Idempotency keys belong to it.
    pub fn identity(&self) -> String {
        let Some(subject) = &self.subject else {
            return String::new();
        };
        let agencies: BTreeSet<&String> = self.agencies.iter().collect();
        serde_json::json!([ISSUER, subject, agencies]).to_string()
    }

    /// `Ok` when the caller holds one of `roles` for `agency`.
    pub fn require(&self, roles: &[Role], agency: &str) -> Result<(), Failure> {
        self.known()?;
        let within = self.agencies.iter().any(|a| a == "*" || a == agency);
        if self.has(roles) && within {
            return Ok(());
        }
        Err(denied(
            roles,
            &format!(" for agency {agency}"),
            &format!(" untuk instansi {agency}"),
        ))
    }

    /// `Ok` when the caller holds one of `roles` for any agency at all.
    pub fn holds(&self, roles: &[Role]) -> Result<(), Failure> {
        self.known()?;
        if self.has(roles) && !self.agencies.is_empty() {
            return Ok(());
        }
        Err(denied(roles, "", ""))
    }

    /// Ids of the agencies of the token, `*` among them when it holds for all.
    pub fn agencies(&self) -> &[String] {
        &self.agencies
    }

    /// Whether the token names this agency itself; `*` names none.
    pub fn names(&self, agency: &str) -> bool {
        agency != "*" && self.agencies.iter().any(|a| a == agency)
    }

    fn has(&self, roles: &[Role]) -> bool {
        self.roles.iter().any(|r| roles.contains(r))
    }

    /// `Ok` when there is a valid token.
    pub fn known(&self) -> Result<(), Failure> {
        if self.subject.is_some() {
            return Ok(());
        }
        Err(Failure::new(
            Kind::Unauthenticated,
            "TOKEN_MISSING",
            "needs a bearer token in the metadata `authorization`",
            "Perlu token akses",
        ))
    }
}

fn denied(roles: &[Role], scope: &str, localized_scope: &str) -> Failure {
    let names: Vec<&str> = roles.iter().map(|r| r.as_str()).collect();
    Failure::new(
        Kind::Denied,
        "PERMISSION_DENIED",
        format!("needs the role {}{scope}", names.join(" or ")),
        format!("Perlu peran {}{localized_scope}", names.join(" atau ")),
    )
}

/// The caller of a request; the server's edge put it there.
pub fn of<T>(request: &tonic::Request<T>) -> Caller {
    request
        .extensions()
        .get::<Caller>()
        .cloned()
        .unwrap_or_else(Caller::anonymous)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_of_one_name_are_told_apart_by_their_agencies() {
        let caller = |subject: &str, agencies: &[&str]| {
            let agencies = agencies.iter().map(|a| (*a).to_owned()).collect();
            Caller::new(subject.into(), vec![Role::Intake], agencies).identity()
        };
        assert_eq!(
            caller("Portal", &["3271", "3272"]),
            caller("Portal", &["3272", "3271"])
        );
        assert_ne!(caller("Portal", &["3271"]), caller("Portal", &["3272"]));
        assert_ne!(caller("Portal", &["3271"]), caller("Portal", &["3271", "3272"]));
        assert_ne!(caller("Portal", &["3271"]), caller("Portal 2", &["3271"]));
        // No name imitates the agencies of another.
        assert_ne!(caller(r#"a",["3271"#, &[]), caller("a", &["3271"]));
    }

    #[test]
    fn a_role_counts_only_in_its_agency_and_contains_no_other() {
        let operator = Caller::new("a".into(), vec![Role::Operator], vec!["3271".into()]);
        assert!(operator.require(&[Role::Operator], "3271").is_ok());
        assert_eq!(
            operator.require(&[Role::Operator], "3272").unwrap_err().kind,
            Kind::Denied
        );
        assert_eq!(
            operator.require(&[Role::Intake], "3271").unwrap_err().kind,
            Kind::Denied
        );
        let admin = Caller::new("b".into(), vec![Role::Admin], vec!["*".into()]);
        assert!(admin.require(&[Role::Operator, Role::Admin], "9999").is_ok());
        for role in [Role::Operator, Role::Intake, Role::Evaluator] {
            assert_eq!(admin.require(&[role], "9999").unwrap_err().kind, Kind::Denied);
            assert_eq!(admin.holds(&[role]).unwrap_err().kind, Kind::Denied);
        }
        assert_eq!(
            Caller::anonymous()
                .require(&[Role::Operator], "1")
                .unwrap_err()
                .kind,
            Kind::Unauthenticated
        );
    }

    #[test]
    fn a_role_is_held_when_it_holds_for_any_agency() {
        let kind = |caller: &Caller| caller.holds(&[Role::Operator]).map_err(|f| f.kind);
        let caller = |role, agencies: &[&str]| {
            Caller::new(
                "a".into(),
                vec![role],
                agencies.iter().map(|a| (*a).to_owned()).collect(),
            )
        };
        assert_eq!(kind(&caller(Role::Operator, &["3271"])), Ok(()));
        assert_eq!(kind(&caller(Role::Admin, &["*"])), Err(Kind::Denied));
        assert_eq!(kind(&caller(Role::Intake, &["*"])), Err(Kind::Denied));
        assert_eq!(kind(&caller(Role::Operator, &[])), Err(Kind::Denied));
        assert_eq!(kind(&Caller::anonymous()), Err(Kind::Unauthenticated));
    }
}
