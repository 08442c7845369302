//! The table of rights in README.md is that of the contracts, and what callers without a token can read is that of `open.txt`.
//! README tells how to write both again.

#![expect(
    clippy::unwrap_used,
    reason = "a test that meets what it did not expect should fail there"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use prima_proto::{
    FILE_DESCRIPTOR_SET,
    access::{Grant, Needs, RULES, Rule, v1::Caller},
};
use prost_reflect::{DescriptorPool, Kind, MessageDescriptor};

const BEGIN: &str = "<!-- rights: begin -->\n";
const END: &str = "<!-- rights: end -->";

fn who(caller: Caller) -> String {
    match (caller.role(), caller) {
        (Some(role), _) => format!("`{role}`"),
        (None, Caller::Public) => "everybody".to_owned(),
        (None, Caller::ProofHolder) => "who has the proof".to_owned(),
        (None, Caller::AnyToken) => "any token".to_owned(),
        (None, _) => "nobody".to_owned(),
    }
}

fn listed(grant: &Grant) -> String {
    let names: Vec<String> = grant.who.iter().map(|caller| who(*caller)).collect();
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} or {last}", first.join(", ")),
        None => unreachable!("a grant names its callers"),
    }
}

fn grant(grant: &Grant) -> String {
    let who = listed(grant);
    match grant.needs {
        Needs::Nothing => who,
        Needs::ProofIn(field) => format!("who has the proof in `{field}`"),
        Needs::AgencyIn(field) => format!("{who} of the agency in `{field}`"),
        Needs::National => format!("{who} of all agencies"),
        Needs::AnyAgency => format!("{who} of any agency"),
        Needs::Stored(agency) => format!("{who} of {agency}"),
    }
}

fn row(rule: &Rule, method: &str) -> String {
    let grants: Vec<String> = rule.grants.iter().map(grant).collect();
    let personal = if rule.personal { "Personal data." } else { "" };
    let more = [rule.condition, personal].join(" ");
    format!("| {method} | {} | {} |\n", grants.join("; "), more.trim())
}

fn table() -> String {
    let (mut text, mut service) = (String::new(), "");
    for rule in RULES {
        let (of, method) = rule.method.split_once('/').unwrap();
        if of != service {
            service = of;
            text += &format!("\n`{of}`\n\n| Method | Who may call it | Also |\n|---|---|---|\n");
        }
        text += &row(rule, method);
    }
    text
}

#[test]
fn the_table_of_rights_is_that_of_the_contracts() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let written = format!("{before}{BEGIN}{}\n{END}{after}", table());
    if std::env::var_os("WRITE_RIGHTS").is_some() {
        fs::write(&path, &written).unwrap();
    }
    assert!(
        page == written || std::env::var_os("WRITE_RIGHTS").is_some(),
        "write the table again: WRITE_RIGHTS=1 cargo test -p prima-proto --test access"
    );
}

#[test]
fn every_method_has_a_rule_and_no_two_share_a_message() {
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap();
    let methods: Vec<_> = pool
        .services()
        .flat_map(|s| s.methods().collect::<Vec<_>>())
        .collect();
    let names: BTreeSet<String> = methods
        .iter()
        .map(|m| format!("{}/{}", m.parent_service().full_name(), m.name()))
        .collect();
    let ruled: BTreeSet<String> = RULES.iter().map(|rule| rule.method.to_owned()).collect();
    assert_eq!(names, ruled);
    let messages: BTreeSet<String> = methods.iter().map(|m| m.input().full_name().to_owned()).collect();
    assert_eq!(messages.len(), methods.len());
}

/// Adds the fields of a message and of those within it.
fn fields_of(message: &MessageDescriptor, found: &mut BTreeMap<String, Vec<String>>) {
    let name = message.full_name().to_owned();
    if name.starts_with("google.") || found.contains_key(&name) {
        return;
    }
    let fields: Vec<_> = message.fields().collect();
    let names = fields.iter().map(|field| field.name().to_owned());
    found.insert(name, names.collect());
    for field in fields {
        if let Kind::Message(inner) = field.kind() {
            fields_of(&inner, found);
        }
    }
}

/// Every method that admits callers without a token, and every field of its answer.
fn open() -> String {
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap();
    let (mut text, mut messages) = (String::new(), BTreeMap::new());
    for rule in RULES.iter().filter(|rule| rule.is_open()) {
        let (service, method) = rule.method.split_once('/').unwrap();
        let service = pool.get_service_by_name(service).unwrap();
        let method = service.methods().find(|one| one.name() == method).unwrap();
        text += &format!("{}\n", rule.method);
        fields_of(&method.output(), &mut messages);
    }
    for (message, fields) in messages {
        text += &format!("\n{message}\n");
        for field in fields {
            text += &format!("    {field}\n");
        }
    }
    text
}

#[test]
fn callers_without_a_token_read_what_is_listed_and_nothing_else() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/open.txt");
    if std::env::var_os("WRITE_RIGHTS").is_some() {
        fs::write(&path, open()).unwrap();
    }
    let listed = fs::read_to_string(&path).unwrap();
    let (now, before) = (open(), listed.lines().collect::<Vec<_>>());
    let added: Vec<&str> = now.lines().filter(|line| !before.contains(line)).collect();
    assert!(
        listed == now,
        "everybody could read {added:?}; if they may, see services/decisions/what-a-citizen-reads.md and write the list \
         again: WRITE_RIGHTS=1 cargo test -p prima-proto --test access"
    );
}
