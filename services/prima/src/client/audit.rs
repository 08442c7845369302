//! `prima audit`: the audit logs of the services.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use prima_platform::clock::{from_proto, to_proto};
use prima_proto::audit::v1 as pb;
use serde_json::{Value, json};

use super::{
    call::{PAGE, repeat},
    connect::Connection,
    print::{self, Table, local},
};
use crate::cli::{AuditCommand, AuditDecisionArg, AuditFormat, AuditListArgs, AuditVerifyArgs, Service};

pub(super) async fn run(connection: &Connection, command: AuditCommand) -> anyhow::Result<ExitCode> {
    match command {
        AuditCommand::List(args) => list(connection, &args).await,
        AuditCommand::Verify(args) => verify(connection, &args).await,
    }
}

async fn list(connection: &Connection, args: &AuditListArgs) -> anyhow::Result<ExitCode> {
    let mut all: Vec<(Service, pb::AuditEntry)> = Vec::new();
    for service in args.of.services() {
        all.extend(
            entries(connection, service, args)
                .await?
                .into_iter()
                .map(|e| (service, e)),
        );
    }
    let nanos = |entry: &pb::AuditEntry| entry.time.map(|time| (time.seconds, time.nanos));
    all.sort_by_key(|(_, entry)| std::cmp::Reverse(nanos(entry)));
    let text = match args.format {
        AuditFormat::Table => table(&all),
        AuditFormat::Json => {
            let mut text = String::new();
            for (service, entry) in &all {
                let entry = print::message_line("prima.audit.v1.AuditEntry", entry)?;
                text += &format!(
                    "{{\"service\":\"{}\",\"entry\":{}}}\n",
                    service.name(),
                    entry.trim_end()
                );
            }
            text
        }
        AuditFormat::Ocsf => all
            .iter()
            .map(|(service, entry)| format!("{}\n", ocsf(*service, entry)))
            .collect(),
    };
    print::out(&text)?;
    Ok(ExitCode::SUCCESS)
}

async fn entries(
    connection: &Connection,
    service: Service,
    args: &AuditListArgs,
) -> anyhow::Result<Vec<pb::AuditEntry>> {
    let client = connection.audit(service).await?;
    let decision = args
        .decision
        .map_or(pb::AuditDecision::Unspecified, |decision| match decision {
            AuditDecisionArg::Done => pb::AuditDecision::Done,
            AuditDecisionArg::Read => pb::AuditDecision::Read,
            AuditDecisionArg::Refused => pb::AuditDecision::Refused,
        });
    let limit = usize::try_from(args.limit)?;
    let mut message = pb::ListAuditEntriesRequest {
        service: service.name().to_owned(),
        parent: args.agency.clone(),
        subject: args.subject.clone(),
        method: args.method.clone(),
        decision: decision as i32,
        from_time: args.from.map(to_proto),
        to_time: args.to.map(to_proto),
        page_size: PAGE.min(i32::try_from(limit)?),
        page_token: String::new(),
    };
    let mut found = Vec::new();
    loop {
        let page = repeat!(client, list_audit_entries, message.clone())?;
        found.extend(page.entries);
        if found.len() >= limit || page.next_page_token.is_empty() {
            found.truncate(limit);
            return Ok(found);
        }
        message.page_token = page.next_page_token;
    }
}

fn table(all: &[(Service, pb::AuditEntry)]) -> String {
    Table::of(all)
        .text("Waktu", |(_, entry)| {
            entry
                .time
                .as_ref()
                .and_then(from_proto)
                .map(local)
                .unwrap_or_default()
        })
        .text("Akun", |(_, entry)| account(entry))
        .text("Metode", |(_, entry)| {
            entry.method.rsplit('.').next().unwrap_or_default().to_owned()
        })
        .text("Sumber daya", |(_, entry)| &entry.resource)
        .text("Keputusan", |(_, entry)| decision(entry.decision()))
        .text("Dari", |(_, entry)| &entry.network)
        .text("Tujuan", |(_, entry)| &entry.purpose)
        .number("Posisi", |(service, entry)| {
            format!("{} {}", service.name(), entry.position)
        })
        .print()
}

/// Who called; of a token that is not valid whom it claims. Why it is not is in the other formats.
fn account(entry: &pb::AuditEntry) -> String {
    match &entry.claimed {
        None => entry.subject.clone(),
        Some(claimed) => format!("{} (menurut token tidak sah)", print::or_dash(&claimed.subject)),
    }
}

fn decision(decision: pb::AuditDecision) -> &'static str {
    match decision {
        pb::AuditDecision::Unspecified => "",
        pb::AuditDecision::Done => "dilakukan",
        pb::AuditDecision::Read => "dibaca",
        pb::AuditDecision::Refused => "ditolak",
    }
}

/// An entry as an event of the class API Activity (6003) of the Open Cybersecurity Schema Framework, version 1.6.
fn ocsf(service: Service, entry: &pb::AuditEntry) -> Value {
    let refused = entry.decision() == pb::AuditDecision::Refused;
    // Create, Read, Update and Delete are not told apart by the log: Read, or Other.
    let (activity, name) = match entry.decision() {
        pb::AuditDecision::Read => (2, "Read"),
        _ => (99, "Other"),
    };
    let millis = entry
        .time
        .map_or(0, |time| time.seconds * 1000 + i64::from(time.nanos) / 1_000_000);
    json!({
        "class_uid": 6003, "class_name": "API Activity",
        "category_uid": 6, "category_name": "Application Activity",
        "activity_id": activity, "activity_name": name,
        "type_uid": 600_300 + activity,
        "time": millis,
        "severity_id": if refused { 2 } else { 1 },
        "status_id": if refused { 2 } else { 1 },
        "status": if refused { "Failure" } else { "Success" },
        "status_code": entry.reason,
        "actor": { "user": { "name": entry.subject, "uid": entry.identity, "groups": entry.roles.iter().map(|role| json!({"name": role})).collect::<Vec<_>>() } },
        "api": {
            "operation": entry.method,
            "service": { "name": format!("prima-{}", service.name()) },
            "request": { "uid": entry.request_id },
        },
        "resources": [{ "name": entry.resource, "namespace": entry.agency }],
        "src_endpoint": { "subnet_uid": entry.network },
        "metadata": {
            "version": "1.6.0",
            "product": { "name": "Prima", "vendor_name": "Prima", "version": env!("CARGO_PKG_VERSION") },
            "sequence": entry.position,
            "uid": entry.hash,
            "correlation_uid": entry.traceparent,
        },
        "unmapped": {
            "purpose": entry.purpose,
            "claimed": entry.claimed.as_ref().map(|claimed| {
                json!({"subject": claimed.subject, "key_id": claimed.key_id, "fault": claimed.fault})
            }),
        },
    })
}

async fn verify(connection: &Connection, args: &AuditVerifyArgs) -> anyhow::Result<ExitCode> {
    let known = args
        .known
        .iter()
        .map(|text| known(text))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let mut whole = true;
    for service in args.of.services() {
        let client = connection.audit(service).await?;
        let noted = known.iter().find(|(of, ..)| *of == service);
        let message = pb::VerifyAuditLogRequest {
            service: service.name().to_owned(),
            known_position: noted.map_or(0, |(_, position, _)| *position),
            known_hash: noted.map(|(.., hash)| hash.clone()).unwrap_or_default(),
        };
        let found = repeat!(client, verify_audit_log, message)?;
        let (verified, hash) = (found.verified, &found.hash);
        let name = service.name();
        print::out(&match (found.broken_position, found.contains_known) {
            (0, true) if verified == 0 => format!("{name}: belum ada catatan\n"),
            (0, true) => format!("{name}: {verified} catatan utuh; catat {name}={verified}:{hash}\n"),
            (0, false) => {
                format!("{name}: TIDAK UTUH: catatan yang sudah dicatat tidak ada lagi atau berbeda\n")
            }
            (broken, _) => format!("{name}: TIDAK UTUH: catatan ke-{broken} hilang atau diubah\n"),
        })?;
        whole &= found.broken_position == 0 && found.contains_known;
    }
    Ok(if whole {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// `service=position:hash`.
fn known(text: &str) -> anyhow::Result<(Service, i64, String)> {
    let parts = text.split_once('=').and_then(|(service, rest)| {
        let (position, hash) = rest.split_once(':')?;
        let service = Service::ALL
            .into_iter()
            .find(|known| known.name() == service.trim())?;
        Some((service, position, hash))
    });
    let Some((service, position, hash)) = parts else {
        bail!("--known: `{text}` harus berbentuk LAYANAN=POSISI:SIDIK_JARI")
    };
    let position = position
        .parse()
        .with_context(|| format!("--known: posisi `{position}` bukan angka"))?;
    Ok((service, position, hash.to_owned()))
}
