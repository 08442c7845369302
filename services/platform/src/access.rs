//! Decides whether a caller may call a method, by the rule that the contract gives it. Nothing else decides by the role of a
//! token what can be decided by the message; what only stored data shows, the operation decides afterwards.

use prima_proto::access::{Grant, Needs, Protected, RULES, Rule, agency_in, v1::Caller as Who};

use crate::{
    caller::{Caller, Role},
    failure::{Failure, Kind},
};

/// Paths (`/package.Service/Method`) of the methods that admit callers without a token.
pub fn open_methods() -> impl Iterator<Item = String> {
    let open = RULES.iter().filter(|rule| rule.is_open());
    open.map(|rule| format!("/{}", rule.method))
}

/// `Ok` when the rule of the method admits the caller with this message.
///
/// # Errors
///
/// `UNAUTHENTICATED` without a token, otherwise `PERMISSION_DENIED`. Neither repeats what the message contains, because a
/// tracking code or a telephone number may have been given in the place of a name by mistake.
pub fn admit<M: Protected>(caller: &Caller, message: &M) -> Result<(), Failure> {
    let rule = M::RULE;
    if rule
        .grants
        .iter()
        .any(|grant| admits(rule, grant, caller, message))
    {
        return Ok(());
    }
    caller.require_token()?;
    Err(refused(rule))
}

/// As [`admit`], but of a caller who has the role, and whose message only names no agency, the refusal is returned to be given
/// when the message has no faults: the missing name is one of them.
///
/// # Errors
///
/// As [`admit`], for all others.
pub fn admit_unless_faulty<M: Protected>(
    caller: &Caller,
    message: &M,
) -> Result<Result<(), Failure>, Failure> {
    match admit(caller, message) {
        Err(refused) if !lacks_a_name(caller, message) => Err(refused),
        admitted => Ok(admitted),
    }
}

/// Whether the message names no agency where it should, and the caller has the role that is needed.
fn lacks_a_name<M: Protected>(caller: &Caller, message: &M) -> bool {
    M::RULE.grants.iter().any(|grant| {
        let Needs::AgencyIn(field) = grant.needs else {
            return false;
        };
        let named = message.field(field).and_then(|value| agency_in(field, value));
        let has_role = |who: &Who| role(*who).is_some_and(|role| caller.has(role));
        named.is_none() && grant.who.iter().any(has_role)
    })
}

fn admits(rule: &Rule, grant: &Grant, caller: &Caller, message: &impl Protected) -> bool {
    let is_one = |who: &Who| match role(*who) {
        Some(role) => caller.has(role),
        None => who.is_open() || (*who == Who::AnyToken && caller.require_token().is_ok()),
    };
    if !grant.who.iter().any(is_one) {
        return false;
    }
    match grant.needs {
        Needs::Nothing => true,
        // Where a proof is all that helps, its absence is a fault of the message, which the operation reports.
        Needs::ProofIn(field) => rule.grants.len() == 1 || message.field(field).is_some(),
        Needs::AgencyIn(field) => match message.field(field).and_then(|value| agency_in(field, value)) {
            Some("-") => caller.acts_for("*"),
            Some(agency) => caller.acts_for(agency),
            // What names no agency is of all of them.
            None => caller.acts_for("*"),
        },
        Needs::National => caller.acts_for("*"),
        Needs::AnyAgency | Needs::Stored(_) => !caller.agencies().is_empty(),
    }
}

/// Says which roles would have been admitted.
fn refused(rule: &Rule) -> Failure {
    let (mut english, mut localized) = (Vec::new(), Vec::new());
    for grant in rule.grants {
        let roles = grant.who.iter().filter_map(|who| role(*who));
        let roles: Vec<&str> = roles.map(Role::as_str).collect();
        if roles.is_empty() {
            continue;
        }
        let (where_to, place) = match grant.needs {
            Needs::National => (" for all agencies", " untuk semua instansi"),
            Needs::AgencyIn(_) => (" for the agency", " di instansi tersebut"),
            _ => (" for an agency", " di suatu instansi"),
        };
        english.push(format!("{}{where_to}", roles.join(" or ")));
        localized.push(format!("{}{place}", roles.join(" atau ")));
    }
    Failure::new(
        Kind::Denied,
        "PERMISSION_DENIED",
        format!("needs the role {}", english.join(", or ")),
        format!("Perlu peran {}", localized.join(", atau ")),
    )
}

/// The role of a kind of callers that is one.
fn role(who: Who) -> Option<Role> {
    who.role().and_then(Role::parse)
}

#[cfg(test)]
mod tests {
    use prima_proto::{
        complaint::v1 as complaint, directory::v1 as directory, ranking::v1 as ranking, survey::v1 as survey,
    };

    use super::*;

    fn caller(roles: &[Role], agencies: &[&str]) -> Caller {
        let agencies = agencies.iter().map(|a| (*a).to_owned()).collect();
        Caller::new("a".into(), roles.to_vec(), agencies)
    }

    fn kind<M: Protected>(caller: &Caller, message: &M) -> Option<Kind> {
        admit(caller, message).err().map(|failure| failure.kind)
    }

    #[test]
    fn a_role_counts_in_its_agency_only_and_contains_no_other() {
        let close = survey::CloseSurveyRequest {
            name: "agencies/3271/units/mpp/surveys/a".into(),
            ..Default::default()
        };
        for role in [Role::Operator, Role::Admin] {
            assert_eq!(kind(&caller(&[role], &["3271"]), &close), None);
            assert_eq!(kind(&caller(&[role], &["*"]), &close), None);
            for agencies in [&["3272"][..], &["327"], &["32710"], &["-"], &[]] {
                assert_eq!(kind(&caller(&[role], agencies), &close), Some(Kind::Denied));
            }
        }
        for role in [Role::Intake, Role::Evaluator] {
            assert_eq!(kind(&caller(&[role], &["*"]), &close), Some(Kind::Denied));
        }
        assert_eq!(kind(&caller(&[], &["*"]), &close), Some(Kind::Denied));
        assert_eq!(kind(&Caller::anonymous(), &close), Some(Kind::Unauthenticated));
    }

    #[test]
    fn all_agencies_need_a_token_for_all() {
        let list = ranking::ListUncountedFiguresRequest {
            parent: "agencies/-".into(),
            ..Default::default()
        };
        assert_eq!(kind(&caller(&[Role::Operator], &["*"]), &list), None);
        let some = caller(&[Role::Operator], &["3271", "-", ""]);
        assert_eq!(kind(&some, &list), Some(Kind::Denied));
        let create = ranking::CreateTableDefinitionRequest::default();
        assert_eq!(kind(&caller(&[Role::Admin], &["*"]), &create), None);
        assert_eq!(
            kind(&caller(&[Role::Admin], &["3271"]), &create),
            Some(Kind::Denied)
        );
    }

    #[test]
    fn a_proof_replaces_a_role_unless_it_is_empty() {
        let submit = |credential| survey::SubmitResponseRequest {
            survey: "agencies/3271/units/mpp/surveys/a".into(),
            credential,
            ..Default::default()
        };
        let link = survey::Credential {
            link: "x".into(),
            ..Default::default()
        };
        let other = caller(&[Role::Intake], &["3272"]);
        for nobody in [&Caller::anonymous(), &other] {
            assert_eq!(kind(nobody, &submit(Some(link.clone()))), None);
        }
        for empty in [None, Some(survey::Credential::default())] {
            assert_eq!(kind(&other, &submit(empty.clone())), Some(Kind::Denied));
            assert_eq!(
                kind(&Caller::anonymous(), &submit(empty.clone())),
                Some(Kind::Unauthenticated)
            );
            assert_eq!(kind(&caller(&[Role::Intake], &["3271"]), &submit(empty)), None);
        }
        // The operation reports that the only proof that helps is missing.
        let track = complaint::TrackComplaintRequest::default();
        assert_eq!(kind(&Caller::anonymous(), &track), None);
    }

    #[test]
    fn what_names_no_agency_needs_a_token_for_all() {
        let update = directory::UpdateAgencyRequest::default();
        assert_eq!(kind(&caller(&[Role::Admin], &["*"]), &update), None);
        let admin = caller(&[Role::Admin], &["3271"]);
        assert_eq!(kind(&admin, &update), Some(Kind::Denied));
        // A caller with the role learns what is wrong with the message, others do not.
        assert!(admit_unless_faulty(&admin, &update).unwrap().is_err());
        let operator = caller(&[Role::Operator], &["3271"]);
        assert!(admit_unless_faulty(&operator, &update).is_err());
    }

    #[test]
    fn every_role_of_the_contract_is_one_of_tokens() {
        let kinds = (0..).map_while(|number| Who::try_from(number).ok());
        let roles: Vec<Role> = kinds.filter_map(role).collect();
        assert_eq!(
            roles,
            [Role::Admin, Role::Operator, Role::Intake, Role::Evaluator]
        );
    }

    #[test]
    fn a_refusal_names_the_roles_and_nothing_of_the_message() {
        let list = complaint::ListComplaintsRequest {
            parent: "agencies/081234567890".into(),
            ..Default::default()
        };
        let failure = admit(&caller(&[Role::Intake], &["3271"]), &list).unwrap_err();
        assert_eq!(failure.message, "needs the role operator or admin for the agency");
        assert_eq!(
            failure.localized,
            "Perlu peran operator atau admin di instansi tersebut"
        );
    }
}
