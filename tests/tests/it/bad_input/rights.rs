//! Who may call what: every method is called as every kind of caller, for the own agency, another one, all and none, and what the
//! services decide is compared with the decision of an independent engine on the same rules, read from the descriptors.

use std::{collections::BTreeMap, str::FromStr};

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityUid, PolicySet, Request, RestrictedExpression,
};
use prima_platform::caller::Role;
use prima_proto::survey::v1 as survey;
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, Kind, MethodDescriptor, ReflectMessage, Value};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::{Everything, RawClient, begin, healthy};

const OWN: &str = "3271";
const OTHER: &str = "3171";

/// A kind of caller.
struct Caller {
    name: String,
    /// `None` without a token.
    roles: Option<Vec<Role>>,
    agencies: Vec<&'static str>,
}

fn callers() -> Vec<Caller> {
    let none: Vec<Role> = Vec::new();
    let all = [Role::Admin, Role::Operator, Role::Intake, Role::Evaluator];
    let mut callers = vec![Caller {
        name: "nobody".into(),
        roles: None,
        agencies: Vec::new(),
    }];
    for agencies in [vec![OWN], vec![OTHER], vec!["*"], vec![]] {
        let mut kinds: Vec<Vec<Role>> = all.iter().map(|role| vec![*role]).collect();
        kinds.push(none.clone());
        for roles in kinds {
            let names: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
            callers.push(Caller {
                name: format!("[{}] of {agencies:?}", names.join(" ")),
                roles: Some(roles),
                agencies: agencies.clone(),
            });
        }
    }
    callers
}

/// What a request says about the agency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    Agency,
    All,
    Nothing,
}

/// A grant as the descriptors have it.
struct Grant {
    who: Vec<String>,
    proof_in: String,
    agency_in: String,
    national: bool,
}

/// A method with its rule, read from the option by reflection.
struct Method {
    method: MethodDescriptor,
    grants: Vec<Grant>,
    /// The rule, for the other engine.
    policies: PolicySet,
    /// Whether the operation may refuse a caller whom the rule admits.
    has_condition: bool,
}

impl Method {
    fn name(&self) -> String {
        format!(
            "{}/{}",
            self.method.parent_service().full_name(),
            self.method.name()
        )
    }

    /// A request in which the fields of the rule name the agency, all of them or none, and contain a proof or none.
    fn request(&self, named: Named, with_proof: bool) -> DynamicMessage {
        let mut message = DynamicMessage::new(self.method.input());
        for grant in &self.grants {
            if with_proof && !grant.proof_in.is_empty() {
                prove(&mut message, &grant.proof_in);
            }
            let agency = match named {
                Named::Agency => OWN,
                Named::All => "-",
                Named::Nothing => continue,
            };
            if !grant.agency_in.is_empty() {
                let value = match grant.agency_in.ends_with("agency_id") {
                    true => agency.to_owned(),
                    false => resource(&self.method, &grant.agency_in, agency),
                };
                set(&mut message, &grant.agency_in, Value::String(value));
            }
        }
        message
    }
}

fn field<T>(message: &DynamicMessage, name: &str, read: impl Fn(&Value) -> Option<T>) -> Option<T> {
    read(message.get_field_by_name(name)?.as_ref())
}

fn methods() -> Vec<Method> {
    let pool = DescriptorPool::decode(prima_proto::FILE_DESCRIPTOR_SET).unwrap();
    let option = pool.get_extension_by_name("prima.access.v1.access").unwrap();
    let text = |message: &DynamicMessage, name: &str| {
        field(message, name, |value| value.as_str().map(str::to_owned)).unwrap_or_default()
    };
    let grant = |value: &Value| {
        let grant = value.as_message().unwrap();
        let kind = grant.descriptor().get_field_by_name("who").unwrap().kind();
        let names = kind.as_enum().unwrap().clone();
        let name = |value: &Value| {
            let number = value.as_enum_number().unwrap();
            names.get_value(number).unwrap().name().to_owned()
        };
        let who = field(grant, "who", |who| {
            Some(who.as_list()?.iter().map(name).collect())
        });
        Grant {
            who: who.unwrap(),
            proof_in: text(grant, "proof_in"),
            agency_in: text(grant, "agency_in"),
            national: field(grant, "national", Value::as_bool).unwrap(),
        }
    };
    let services = pool.services();
    let all = services.flat_map(|service| service.methods().collect::<Vec<_>>());
    all.map(|method| {
        let options = method.options();
        let access = options.get_extension(&option).into_owned();
        let access = access.as_message().unwrap();
        let grants = field(access, "grants", |grants| {
            Some(grants.as_list()?.iter().map(grant).collect())
        });
        let stored = |grant: &Value| {
            let grant = grant.as_message().unwrap();
            !text(grant, "stored").is_empty()
        };
        let by_stored = field(access, "grants", |grants| {
            Some(grants.as_list()?.iter().any(stored))
        });
        let mut method = Method {
            grants: grants.unwrap(),
            policies: PolicySet::new(),
            has_condition: by_stored.unwrap() || !text(access, "condition").is_empty(),
            method,
        };
        method.policies = policies(&method);
        method
    })
    .collect()
}

/// Sets a field, and the messages around it.
fn set(message: &mut DynamicMessage, path: &str, value: Value) {
    match path.split_once('.') {
        None => message.set_field_by_name(path, value),
        Some((first, rest)) => set(
            message
                .get_field_by_name_mut(first)
                .unwrap()
                .as_message_mut()
                .unwrap(),
            rest,
            value,
        ),
    }
}

/// Puts a proof of nothing into a message: its first text is not empty.
fn prove(message: &mut DynamicMessage, path: &str) {
    let mut at = message.descriptor();
    for step in path.split('.') {
        at = at
            .get_field_by_name(step)
            .unwrap()
            .kind()
            .as_message()
            .unwrap()
            .clone();
    }
    let text = at.fields().find(|field| field.kind() == Kind::String).unwrap();
    set(
        message,
        &format!("{path}.{}", text.name()),
        Value::String("x".into()),
    );
}

/// A name with this agency, of the form that the comment of the field shows.
fn resource(method: &MethodDescriptor, path: &str, agency: &str) -> String {
    let mut at = method.input();
    let mut comment = String::new();
    for step in path.split('.') {
        let field = at.get_field_by_name(step).unwrap();
        let file = at.parent_file();
        let info = file.file_descriptor_proto().source_code_info.as_ref().unwrap();
        let found = info.location.iter().find(|place| place.path == field.path());
        comment = found.unwrap().leading_comments().replace('\n', " ");
        if let Kind::Message(inner) = field.kind() {
            at = inner;
        }
    }
    let pattern = comment.split('`').find(|part| part.contains("agencies/{agency}"));
    let pattern = pattern.unwrap_or("agencies/{agency}/units/{unit}");
    let parts = pattern.split('/').map(|part| match part {
        "{agency}" => agency,
        part if part.starts_with('{') => "x",
        part => part,
    });
    parts.collect::<Vec<_>>().join("/").replace(['[', ']'], "")
}

/// The rule of a method as policies of the other engine: one for each grant.
fn policies(method: &Method) -> PolicySet {
    let mut text = String::new();
    for grant in &method.grants {
        let who: Vec<String> = grant.who.iter().map(|who| kind(who)).collect();
        let mut needs = format!("({})", who.join(" || "));
        if !grant.proof_in.is_empty() && method.grants.len() > 1 {
            needs += " && context.has_proof";
        }
        let is_role = grant.who.iter().any(|who| kind(who).contains("roles"));
        if !grant.agency_in.is_empty() {
            needs +=
                " && (principal.agencies.contains(context.agency) || principal.agencies.contains(\"*\"))";
        } else if grant.national {
            needs += " && principal.agencies.contains(\"*\")";
        } else if is_role {
            needs += " && !principal.agencies.isEmpty()";
        }
        let action = method.name();
        text += &format!("permit(principal, action == Action::\"{action}\", resource) when {{ {needs} }};\n");
    }
    PolicySet::from_str(&text).unwrap()
}

fn kind(who: &str) -> String {
    match who {
        "CALLER_PUBLIC" | "CALLER_PROOF_HOLDER" => "true".to_owned(),
        "CALLER_ANY_TOKEN" => "principal.has_token".to_owned(),
        role => {
            let role = role.strip_prefix("CALLER_").unwrap().to_lowercase();
            format!("principal.roles.contains(\"{role}\")")
        }
    }
}

/// Whether the other engine admits the caller.
fn admitted(method: &Method, caller: &Caller, named: Named, has_proof: bool) -> bool {
    let uid = |kind: &str, id: &str| EntityUid::from_str(&format!("{kind}::{id:?}")).unwrap();
    let texts = |texts: Vec<&str>| {
        let texts = texts
            .into_iter()
            .map(|text| RestrictedExpression::new_string(text.to_owned()));
        RestrictedExpression::new_set(texts.collect::<Vec<_>>())
    };
    let roles = caller.roles.iter().flatten().map(|role| role.as_str()).collect();
    let attributes = [
        ("roles".to_owned(), texts(roles)),
        ("agencies".to_owned(), texts(caller.agencies.clone())),
        (
            "has_token".to_owned(),
            RestrictedExpression::new_bool(caller.roles.is_some()),
        ),
    ];
    let principal = uid("User", "caller");
    let entity = Entity::new(principal.clone(), attributes.into(), Default::default()).unwrap();
    let entities = Entities::from_entities([entity], None).unwrap();
    let agency = if named == Named::Agency { OWN } else { "*" };
    let context = Context::from_pairs([
        (
            "agency".to_owned(),
            RestrictedExpression::new_string(agency.to_owned()),
        ),
        ("has_proof".to_owned(), RestrictedExpression::new_bool(has_proof)),
    ])
    .unwrap();
    let action = uid("Action", &method.name());
    let request = Request::new(principal, action, uid("Service", "prima"), context, None).unwrap();
    let answer = Authorizer::new().is_authorized(&request, &method.policies, &entities);
    assert_eq!(answer.diagnostics().errors().count(), 0, "{}", method.name());
    answer.decision() == Decision::Allow
}

fn is_denied(status: &Status) -> bool {
    status.code() == Code::PermissionDenied
}

/// The code with which a call is answered; that of its only response for a stream of them.
async fn code(client: &RawClient, method: &str, body: Vec<u8>) -> Code {
    if method != "SubmitResponses" {
        let refused = client.begins(method, body).await.err();
        let reason = |status: &Status| Some(status.get_details_error_info()?.reason);
        return match refused {
            None => Code::Ok,
            // The rule has admitted the caller; the operation refuses its proof.
            Some(status) if reason(&status).as_deref() == Some("TOKEN_INVALID") && is_denied(&status) => {
                Code::InvalidArgument
            }
            Some(status) => status.code(),
        };
    }
    let answer = match client.bytes(method, body).await {
        Ok(answer) => answer,
        Err(status) => return status.code(),
    };
    let answer = survey::SubmitResponsesResponse::decode(answer.as_slice()).unwrap();
    match answer.rejections.first().unwrap().reason.as_str() {
        "TOKEN_MISSING" => Code::Unauthenticated,
        "PERMISSION_DENIED" => Code::PermissionDenied,
        _ => Code::InvalidArgument,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_method_admits_the_callers_of_its_rule_and_no_others() {
    let (suite, ..) = begin().await;
    let all = Everything::beside(suite).await;
    let suite = &all.suite;
    let (methods, callers) = (methods(), callers());
    let (mut cells, mut refusals, mut wrong) = (0, 0, Vec::new());
    for caller in &callers {
        let token = caller
            .roles
            .as_ref()
            .map(|roles| suite.cluster.token(roles, &caller.agencies));
        let mut clients: BTreeMap<String, RawClient> = BTreeMap::new();
        for method in &methods {
            let service = method.method.parent_service();
            let client = clients.entry(service.full_name().to_owned()).or_insert_with(|| {
                let process = all.process(service);
                RawClient::new(process, service.full_name(), token.as_deref().unwrap_or_default())
            });
            let takes_proof = method.grants.iter().any(|grant| !grant.proof_in.is_empty());
            for named in [Named::Agency, Named::All, Named::Nothing] {
                for has_proof in [false, true] {
                    if has_proof && !takes_proof {
                        continue;
                    }
                    let body = method.request(named, has_proof).encode_to_vec();
                    let code = code(client, method.method.name(), body).await;
                    let expected = admitted(method, caller, named, has_proof);
                    let agrees = match code {
                        Code::Unauthenticated => !expected && caller.roles.is_none(),
                        Code::PermissionDenied => {
                            (!expected || method.has_condition) && caller.roles.is_some()
                        }
                        // Who has the role learns that the name of the agency is missing.
                        Code::InvalidArgument => {
                            expected || (named == Named::Nothing && caller.roles.is_some())
                        }
                        _ => expected,
                    };
                    cells += 1;
                    refusals += usize::from(!expected);
                    if !agrees {
                        wrong.push(format!(
                            "{} as {}, {named:?}, proof {has_proof}: {code:?}, admitted {expected}",
                            method.name(),
                            caller.name
                        ));
                    }
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {cells} cells differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(cells > 12_000 && refusals > 4_000, "{cells}, {refusals}");
    healthy(suite).await;
}
