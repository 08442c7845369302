//! The caller of an operation, and its permissions. What is not permitted is denied.

use std::{collections::BTreeSet, sync::Arc};

use crate::failure::{Failure, Kind};

/// Issuer of the tokens of this installation.
pub const ISSUER: &str = "prima";

/// Role of a caller, within the agencies of the token. No role includes another one: a token lists all its roles, and
/// each operation lists the roles that may call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Admin of its agencies, or of the nation with `*`: manages units, surveys, cycles and rounds. It evaluates
    /// nothing.
    Admin,
    /// Operator of an agency: manages its units and surveys.
    Operator,
    /// A system that submits responses, such as a kiosk or a regional portal.
    Intake,
    /// Evaluator of PEKPPP or of innovations: evaluates, and manages nothing.
    Evaluator,
}

impl Role {
    /// Name of the role in a token.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Operator => "operator",
            Self::Intake => "intake",
            Self::Evaluator => "evaluator",
        }
    }

    /// The role with this name in a token.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Admin, Self::Operator, Self::Intake, Self::Evaluator]
            .into_iter()
            .find(|r| r.as_str() == text)
    }
}

/// The caller of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Issuer of the token when it is not this installation.
    issuer: Option<Arc<str>>,
    subject: Option<String>,
    roles: Vec<Role>,
    agencies: Vec<String>,
}

impl Caller {
    /// A caller with a token; `agencies` are ids, or `*` for all.
    pub fn new(subject: String, roles: Vec<Role>, agencies: Vec<String>) -> Self {
        Self {
            issuer: None,
            subject: Some(subject),
            roles,
            agencies,
        }
    }

    /// The caller of a token of another issuer. Two issuers may give the same subject to different callers, so its subject is
    /// `ISSUER#SUBJECT` wherever it is stored, compared or logged.
    pub fn of_issuer(issuer: Arc<str>, subject: &str, roles: Vec<Role>, agencies: Vec<String>) -> Self {
        Self {
            subject: Some(format!("{issuer}#{subject}")),
            issuer: Some(issuer),
            roles,
            agencies,
        }
    }

    /// A caller without a token.
    pub fn anonymous() -> Self {
        Self {
            issuer: None,
            subject: None,
            roles: Vec::new(),
            agencies: Vec::new(),
        }
    }

    /// Subject of the token; empty without a token.
    pub fn subject(&self) -> &str {
        self.subject.as_deref().unwrap_or_default()
    }

    /// Issuer of the token: `prima` for one of this installation, else its address; that of no token is `prima` as well.
    pub fn issuer(&self) -> &str {
        self.issuer.as_deref().unwrap_or(ISSUER)
    }

    /// Identity that distinguishes callers with the same subject: issuer, subject and agencies of the token, in any
    /// order; empty without a token. Idempotency keys belong to it.
    pub fn identity(&self) -> String {
        let Some(subject) = &self.subject else {
            return String::new();
        };
        let agencies: BTreeSet<&String> = self.agencies.iter().collect();
        serde_json::json!([self.issuer(), subject, agencies]).to_string()
    }

    /// `Ok` when the caller has one of `roles` for `agency`.
    pub fn require(&self, roles: &[Role], agency: &str) -> Result<(), Failure> {
        self.require_token()?;
        if self.has_one(roles) && self.acts_for(agency) {
            return Ok(());
        }
        Err(denied(
            roles,
            &format!(" for agency {agency}"),
            &format!(" untuk instansi {agency}"),
        ))
    }

    /// `Ok` when the caller has one of `roles` for at least one agency.
    pub fn require_role(&self, roles: &[Role]) -> Result<(), Failure> {
        self.require_token()?;
        if self.has_one(roles) && !self.agencies.is_empty() {
            return Ok(());
        }
        Err(denied(roles, "", ""))
    }

    /// The roles in the token.
    pub fn roles(&self) -> &[Role] {
        &self.roles
    }

    /// Ids of the agencies in the token; `*` means all agencies.
    pub fn agencies(&self) -> &[String] {
        &self.agencies
    }

    /// Whether the token contains the id of this agency; `*` does not count.
    pub fn names(&self, agency: &str) -> bool {
        agency != "*" && self.agencies.iter().any(|a| a == agency)
    }

    /// Whether the token contains this role, for whichever agencies.
    pub(crate) fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Whether the token is for this agency; `*` stands for all agencies.
    pub(crate) fn acts_for(&self, agency: &str) -> bool {
        self.agencies.iter().any(|a| a == "*" || a == agency)
    }

    fn has_one(&self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.has(*role))
    }

    /// `Ok` when there is a valid token.
    pub fn require_token(&self) -> Result<(), Failure> {
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

/// The caller of a request, which the server's edge has added to it.
pub(crate) fn of<T>(request: &tonic::Request<T>) -> Caller {
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
    fn callers_of_one_name_are_distinguished_by_their_agencies() {
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
        let issued = |issuer: &str| {
            Caller::of_issuer(issuer.into(), "Portal", vec![Role::Intake], vec!["3271".into()]).identity()
        };
        assert_ne!(caller("Portal", &["3271"]), issued("https://a.go.id"));
        assert_ne!(issued("https://b.go.id"), issued("https://a.go.id"));
        // No subject can imitate the agencies of another caller.
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
            assert_eq!(admin.require_role(&[role]).unwrap_err().kind, Kind::Denied);
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
    fn a_role_for_any_agency_is_enough() {
        let kind = |caller: &Caller| caller.require_role(&[Role::Operator]).map_err(|f| f.kind);
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
