//! `prima access`: who may call which method, as the contracts say.

use std::process::ExitCode;

use prima_proto::access::{Grant, Needs, RULES, Rule, v1::Caller};
use serde_json::json;

use crate::{
    cli::{AccessArgs, AccessRole, TableOrJson},
    client::print::{self, Table},
};

/// Prints the methods that the arguments name, with who may call them.
pub fn run(args: &AccessArgs) -> anyhow::Result<ExitCode> {
    let wanted = args.method.as_deref().unwrap_or_default().to_lowercase();
    let named = RULES
        .iter()
        .copied()
        .filter(|rule| rule.method.to_lowercase().contains(&wanted))
        .filter(|rule| args.role.is_none_or(|role| admits(rule, role)));
    let rules: Vec<&Rule> = named.collect();
    if rules.is_empty() {
        print::note("Tidak ada metode yang cocok.");
        return Ok(ExitCode::FAILURE);
    }
    let text = match args.format {
        TableOrJson::Table => Table::of(&rules)
            .text("Metode", |rule| method(rule))
            .text("Boleh dipanggil oleh", |rule| grants(rule))
            .text("Catatan", |rule| notes(rule))
            .print(),
        TableOrJson::Json => {
            serde_json::to_string_pretty(&rules.iter().map(|r| machine(r)).collect::<Vec<_>>())? + "\n"
        }
    };
    print::out(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// Service and method, without the package.
fn method(rule: &Rule) -> &'static str {
    rule.method.rsplit('.').next().unwrap_or(rule.method)
}

fn admits(rule: &Rule, role: AccessRole) -> bool {
    let asked = match role {
        AccessRole::Public => Caller::Public,
        AccessRole::Admin => Caller::Admin,
        AccessRole::Operator => Caller::Operator,
        AccessRole::Intake => Caller::Intake,
        AccessRole::Evaluator => Caller::Evaluator,
    };
    let is_admitted =
        |who: &Caller| who.is_open() || *who == asked || (*who == Caller::AnyToken && asked.role().is_some());
    rule.grants.iter().any(|grant| grant.who.iter().any(is_admitted))
}

fn name(who: Caller) -> &'static str {
    match who {
        Caller::Public => "siapa saja, tanpa token",
        Caller::ProofHolder => "pemegang bukti",
        Caller::AnyToken => "setiap token",
        role => role.role().unwrap_or("-"),
    }
}

/// Who may call a method, in Indonesian.
pub(crate) fn grants(rule: &Rule) -> String {
    let grants: Vec<String> = rule.grants.iter().map(grant).collect();
    grants.join("; ")
}

fn grant(grant: &Grant) -> String {
    let who: Vec<&str> = grant.who.iter().map(|who| name(*who)).collect();
    let who = who.join(" atau ");
    match grant.needs {
        Needs::Nothing => who,
        Needs::ProofIn(field) => format!("pemegang bukti di {field}, tanpa token"),
        Needs::AgencyIn(field) => format!("{who} instansi di {field}"),
        Needs::National => format!("{who} semua instansi (*)"),
        Needs::AnyAgency => format!("{who} instansi mana pun"),
        Needs::Stored(_) => format!("{who} instansi yang tercatat pada datanya"),
    }
}

fn notes(rule: &Rule) -> &'static str {
    match (rule.condition.is_empty(), rule.personal) {
        (true, true) => "data pribadi",
        (false, true) => "data pribadi; ada syarat lain",
        (false, false) => "ada syarat lain",
        (true, false) => "",
    }
}

/// A rule for programs, with the words of the contract.
pub(crate) fn machine(rule: &Rule) -> serde_json::Value {
    let grant = |grant: &Grant| {
        let who: Vec<&str> = grant.who.iter().map(Caller::as_str_name).collect();
        match grant.needs {
            Needs::Nothing => json!({ "who": who }),
            Needs::ProofIn(field) => json!({ "who": who, "proof_in": field }),
            Needs::AgencyIn(field) => json!({ "who": who, "agency_in": field }),
            Needs::National => json!({ "who": who, "national": true }),
            Needs::AnyAgency => json!({ "who": who, "any_agency": true }),
            Needs::Stored(agency) => json!({ "who": who, "stored": agency }),
        }
    };
    json!({
        "method": rule.method,
        "grants": rule.grants.iter().map(grant).collect::<Vec<_>>(),
        "condition": rule.condition,
        "personal": rule.personal,
    })
}
