//! AuditService: shows the audit logs of the services of this process.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, Utc};
use prima_proto::{
    audit::v1::{
        self, AuditDecision, AuditEntry,
        audit_service_server::{AuditService, AuditServiceServer},
    },
    scope::Scope,
};
use prost::Message;
use sea_orm::{FromQueryResult, Value};
use tonic::Request;

use crate::{
    audit::{Audited, chain},
    clock::{Clock, from_proto, micros},
    db::{Database, sql},
    failure::{Failure, Violation},
    grpc::Answer,
    page::Page,
    query::read,
    request::{self, Faults},
};

#[derive(Debug, FromQueryResult)]
struct Row {
    position: i64,
    entry: Vec<u8>,
    hash: String,
}

/// The log of one service of this process.
pub struct Log {
    /// The service's database.
    pub db: Database,
    /// The service's clock.
    pub clock: Clock,
}

impl Audited for Log {
    fn database(&self) -> &Database {
        &self.db
    }

    fn clock(&self) -> &Clock {
        &self.clock
    }
}

/// The logs of the services of this process, by their names.
pub type Logs = BTreeMap<&'static str, Log>;

/// The log in which refusals of calls to a service are entries: its own, that of any for the methods that every process has.
pub fn log_of<'a>(logs: &'a Logs, service: &str) -> Option<&'a Log> {
    logs.get(service).or_else(|| logs.values().next())
}

/// The gRPC service for the services of this process.
pub fn server(services: Arc<Logs>) -> AuditServiceServer<impl AuditService> {
    AuditServiceServer::new(Server { services })
}

struct Server {
    services: Arc<Logs>,
}

impl Server {
    /// The context of a service, by its name.
    fn service(&self, name: &str) -> Result<&Log, Violation> {
        self.services.get(name).ok_or_else(|| {
            let names: Vec<&str> = self.services.keys().copied().collect();
            Violation::new(
                "service",
                format!("must be a service of this process: {}", names.join(", ")),
                format!("harus layanan yang berjalan di proses ini: {}", names.join(", ")),
            )
        })
    }
}

#[tonic::async_trait]
impl AuditService for Server {
    async fn list_audit_entries(
        &self,
        request: Request<v1::ListAuditEntriesRequest>,
    ) -> Answer<v1::ListAuditEntriesResponse> {
        let Some(log) = log_of(&self.services, &request.get_ref().service) else {
            return Err(tonic::Status::unimplemented("no service runs here"));
        };
        read(log, request, async |_, message| self.list(message).await).await
    }

    async fn verify_audit_log(
        &self,
        request: Request<v1::VerifyAuditLogRequest>,
    ) -> Answer<v1::VerifyAuditLogResponse> {
        let Some(log) = log_of(&self.services, &request.get_ref().service) else {
            return Err(tonic::Status::unimplemented("no service runs here"));
        };
        read(log, request, async |_, message| self.verify(message).await).await
    }
}

impl Server {
    async fn list(
        &self,
        message: v1::ListAuditEntriesRequest,
    ) -> Result<v1::ListAuditEntriesResponse, Failure> {
        let mut faults = Faults::default();
        let service = faults.take(self.service(&message.service));
        let scope = faults.take(request::name::<Scope>("parent", &message.parent));
        if scope.as_ref().is_some_and(|scope| !scope.unit.is_empty()) {
            faults.add("parent", "must be an agency", "harus instansi");
        }
        if AuditDecision::try_from(message.decision).is_err() {
            faults.add("decision", "is not a decision", "bukan keputusan yang dikenal");
        }
        let from = faults.take(time("from_time", message.from_time));
        let to = faults.take(time("to_time", message.to_time));
        let mut filter = message.clone();
        (filter.page_size, filter.page_token) = (0, String::new());
        let filter = format!("{:?}", filter.encode_to_vec());
        let page = faults.take_all(Page::parse(message.page_size, &message.page_token, &[&filter]));
        let (service, scope, from, to, page) =
            faults.build(|| Some((service?, scope?, from?, to?, page?)))?;
        chain::link(&service.db, &message.service).await?;
        let before = page.after.parse().unwrap_or(i64::MAX);
        let reader = service.db.reader();
        let values: [Value; 9] = [
            before.into(),
            scope.agency.into(),
            message.subject.into(),
            message.method.clone().into(),
            format!("%/{}", escaped(&message.method)).into(),
            i64::from(message.decision).into(),
            from.map_or(i64::MIN, micros).into(),
            to.map_or(i64::MAX, micros).into(),
            i64::try_from(page.limit()).unwrap_or(i64::MAX).into(),
        ];
        let text = "SELECT position, entry, hash FROM audit
             WHERE position < $1 AND ($2 = '' OR agency = $2) AND ($3 = '' OR subject = $3)
                AND ($4 = '' OR method = $4 OR method LIKE $5 ESCAPE '!')
                AND ($6 = 0 OR decision = $6) AND at >= $7 AND at < $8
             ORDER BY position DESC LIMIT $9";
        let mut rows = Row::find_by_statement(sql(reader, text, values))
            .all(reader)
            .await?;
        let next_page_token = page.cut(&mut rows, |row| row.position.to_string());
        let entries = rows.into_iter().map(|row| {
            let mut entry = AuditEntry::decode(row.entry.as_slice()).map_err(Failure::internal)?;
            (entry.position, entry.hash) = (row.position, row.hash);
            Ok(entry)
        });
        Ok(v1::ListAuditEntriesResponse {
            entries: entries.collect::<Result<_, Failure>>()?,
            next_page_token,
        })
    }

    async fn verify(
        &self,
        message: v1::VerifyAuditLogRequest,
    ) -> Result<v1::VerifyAuditLogResponse, Failure> {
        let mut faults = Faults::default();
        let service = faults.take(self.service(&message.service));
        let is_hash =
            message.known_hash.len() == 64 && message.known_hash.bytes().all(|b| b.is_ascii_hexdigit());
        if message.known_position < 0 {
            faults.add("known_position", "must not be negative", "tidak boleh negatif");
        }
        if (message.known_position > 0) != is_hash || (!is_hash && !message.known_hash.is_empty()) {
            faults.add(
                "known_hash",
                "must be the hash of the entry at known_position, 64 hexadecimal digits",
                "harus sidik jari catatan pada known_position, 64 angka heksadesimal",
            );
        }
        let service = faults.build(|| service)?;
        let known =
            (message.known_position > 0).then_some((message.known_position, message.known_hash.as_str()));
        let found = chain::verify(&service.db, &message.service, known).await?;
        Ok(v1::VerifyAuditLogResponse {
            verified: found.entries,
            hash: found.hash,
            broken_position: found.broken.unwrap_or_default(),
            contains_known: found.contains_known,
        })
    }
}

/// A text as a part of a pattern of LIKE.
fn escaped(text: &str) -> String {
    text.replace('!', "!!").replace('%', "!%").replace('_', "!_")
}

fn time(field: &str, raw: Option<prost_types::Timestamp>) -> Result<Option<DateTime<Utc>>, Violation> {
    let Some(raw) = raw else { return Ok(None) };
    let time = from_proto(&raw);
    time.map(Some)
        .ok_or_else(|| Violation::new(field, "is not a time", "bukan waktu yang sah"))
}
