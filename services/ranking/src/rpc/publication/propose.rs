//! Proposes a table: its rows are frozen, and the ranked may object.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use prima_platform::{
    clock::{from_proto, micros},
    command::{Command, IdempotencyKey, Work},
    failure::{Failure, Kind, Violation, found},
    request::{self, Faults, text},
    tlog::sealed,
};
use prima_proto::{name, ranking::v1 as pb};
use sea_orm::ConnectionTrait;

use super::{
    desk::{Desk, number},
    message,
    refusal::{closed, refused},
};
use crate::{
    domain::{
        Status, TableKey,
        publication::{Before, Changes, Facts, Frozen, Refused, State, Stream, before, fits, freeze},
    },
    store::{self, Proposal, StoredRow},
};

/// Most rows of a table that is published.
const MOST: usize = 100_000;

/// A checked proposal.
#[derive(Debug)]
pub struct Propose {
    request_id: String,
    table: TableKey,
    ends_at: DateTime<Utc>,
    corrects: Option<name::PublishedTable>,
    reason: String,
    replaces: Option<name::ProposedTable>,
}

impl Command for Propose {
    type App = Desk;
    type Message = pb::ProposeLeagueTableRequest;
    type Answer = pb::ProposeLeagueTableResponse;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let request_id = faults.take(request::id("request_id", message.request_id));
        let table = faults.take(request::name("table", &message.table));
        let ends_at = faults.required("objection_end_time", message.objection_end_time);
        let ends_at = ends_at.and_then(|time| {
            let time = from_proto(&time);
            if time.is_none() {
                faults.add("objection_end_time", "must be a time", "harus sebuah waktu");
            }
            time
        });
        let corrects = faults.take(request::optional(&message.corrects, |raw| {
            request::name("corrects", raw)
        }));
        let least = usize::from(!message.corrects.is_empty());
        let reason = text::lines("correction_reason", &message.correction_reason, least, 2000);
        let reason = faults.take(reason);
        if message.corrects.is_empty() && !message.correction_reason.is_empty() {
            faults.add(
                "correction_reason",
                "is given without corrects",
                "diisi tanpa corrects",
            );
        }
        let replaces = faults.take(request::optional(&message.replaces, |raw| {
            request::name("replaces", raw)
        }));
        faults.build(|| {
            Some(Self {
                request_id: request_id?,
                table: table?,
                ends_at: ends_at?,
                corrects: corrects?,
                reason: reason?,
                replaces: replaces?,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        let name =
            |name: &Option<name::PublishedTable>| name.as_ref().map_or_else(String::new, ToString::to_string);
        let body = pb::ProposeLeagueTableRequest {
            request_id: String::new(),
            table: self.table.to_string(),
            objection_end_time: Some(prima_platform::clock::to_proto(self.ends_at)),
            corrects: name(&self.corrects),
            correction_reason: self.reason.clone(),
            replaces: self
                .replaces
                .as_ref()
                .map_or_else(String::new, ToString::to_string),
        };
        Some(IdempotencyKey::new(
            "ranking.ProposeLeagueTable",
            &self.request_id,
            &body,
        ))
    }

    async fn work(self, work: &mut Work<'_, Desk>) -> Result<Self::Answer, Failure> {
        let (desk, txn, now) = (work.app, work.txn, work.now());
        let hours = desk.context.config.publication.objection_hours;
        let least = now + TimeDelta::hours(hours.into());
        if self.ends_at < least {
            return Err(Violation::new(
                "objection_end_time",
                format!("must be at least {hours} hours from now"),
                format!("harus paling sedikit {hours} jam dari sekarang"),
            )
            .into());
        }
        // Proposals and publications wait for each other here.
        store::log_head_lock(txn).await?;
        let corrected = self.corrected(desk, txn).await?;
        let replaced = self.replaced(txn).await?;
        let open = store::proposal_open(txn, &self.table.to_string(), State::Open.number()).await?;
        if let Some(open) = open.filter(|open| replaced.as_ref().is_none_or(|own| own.id != open.id)) {
            return Err(Failure::new(
                Kind::Precondition,
                "PROPOSAL_OPEN",
                format!("proposedTables/{} is open; name it in replaces", open.id),
                format!(
                    "proposedTables/{} masih terbuka; sebutkan di replaces untuk menggantinya",
                    open.id
                ),
            ));
        }
        let (facts, rows) = self.freeze(desk, corrected.as_ref().map(|(_, rows)| rows), now)?;
        let settings = &desk.context.config.publication;
        // Otherwise it would be refused after the period of objection.
        if !fits(&facts, &[&self.reason, &settings.address, &settings.licence]) {
            return Err(Failure::new(
                Kind::Precondition,
                "HEAD_TOO_LONG",
                format!(
                    "its head, with {} bytes of facts, would not fit into an entry of the log",
                    facts.len()
                ),
                "Keterangan tabel ini terlalu panjang untuk satu entri log, misalnya karena terlalu banyak instrumen",
            ));
        }
        let row = Proposal {
            id: desk.context.ids.next().to_string(),
            league_table: self.table.to_string(),
            state: State::Open.number(),
            facts,
            actor: work.caller.subject().to_owned(),
            created_at: micros(now),
            ends_at: micros(self.ends_at),
            corrects: corrected.map_or(0, |(number, _)| number),
            reason: self.reason,
            replaces: replaced.as_ref().map_or_else(String::new, |own| own.id.clone()),
            replaced_by: String::new(),
            published_as: 0,
        };
        if let Some(mut replaced) = replaced {
            replaced.state = State::Replaced.number();
            replaced.replaced_by.clone_from(&row.id);
            store::proposal_save_in_txn(txn, replaced).await?;
        }
        store::proposal_insert_in_txn(txn, row.clone()).await?;
        store::proposal_rows_insert_in_txn(txn, &row.id, &stored(rows)).await?;
        Ok(pb::ProposeLeagueTableResponse {
            proposal: Some(message::proposal(txn, &row).await?),
        })
    }
}

fn stored(rows: Vec<Frozen>) -> Vec<StoredRow> {
    let places = (0..).zip(rows);
    places
        .map(|(place, row)| StoredRow {
            place,
            subject: row.subject,
            agency: row.agency,
            body: row.body,
        })
        .collect()
}

impl Propose {
    /// The published table that is corrected, with what its rows say.
    async fn corrected(
        &self,
        desk: &Desk,
        conn: &impl ConnectionTrait,
    ) -> Result<Option<(i64, BTreeMap<String, Before>)>, Failure> {
        let newest = store::published_of_table(conn, &self.table.to_string()).await?;
        let wanted = self.corrects.as_ref().map(|name| (name, number(name)));
        match (newest, wanted) {
            (None, None) => Ok(None),
            (Some(newest), Some((_, Some(number)))) if newest.number == number => {
                // What stood there before is what was sealed, or nothing is said.
                let rows = desk.ledger.documents(conn, &newest).await?.rows;
                let rows = before(rows.iter().map(String::as_str));
                let rows = rows.ok_or_else(|| Failure::internal("a published row can't be read"))?;
                Ok(Some((number, rows)))
            }
            (None, Some((name, _))) => Err(Failure::not_found(&name.to_string())),
            (Some(newest), _) => Err(Failure::new(
                Kind::Precondition,
                "ALREADY_PUBLISHED",
                format!("publishedTables/{} is published; correct that one", newest.number),
                format!(
                    "Tabel ini sudah ditetapkan sebagai publishedTables/{}; perubahan hanya lewat koreksi atasnya (corrects)",
                    newest.number
                ),
            )),
        }
    }

    /// The open proposal that is replaced, locked.
    async fn replaced(&self, txn: &prima_platform::db::Txn) -> Result<Option<Proposal>, Failure> {
        let Some(name) = &self.replaces else {
            return Ok(None);
        };
        let row = found(store::proposal_lock(txn, &name.proposal).await?, name)?;
        if row.league_table != self.table.to_string() || row.state != State::Open.number() {
            return Err(closed());
        }
        // A closed proposal has no decisions any more, and whoever objected gets one.
        let undecided = store::objections_counts(txn, &row.id).await?.undecided;
        if undecided > 0 {
            return Err(refused(Refused::Undecided(undecided)));
        }
        Ok(Some(row))
    }

    /// The rows as they are now, and what is known of them.
    fn freeze(
        &self,
        desk: &Desk,
        corrected: Option<&BTreeMap<String, Before>>,
        now: DateTime<Utc>,
    ) -> Result<(String, Vec<Frozen>), Failure> {
        desk.app.check_ready()?;
        let freshness = desk.app.freshness.now();
        if !freshness.waiting_for.is_empty() {
            return Err(Failure::new(
                Kind::Unavailable,
                "TABLES_STALE",
                format!(
                    "streams are not read to their end: {}",
                    freshness.waiting_for.join(", ")
                ),
                "Tabel belum memuat semua data terbaru, sehingga tidak dibekukan; coba lagi sebentar lagi",
            ));
        }
        let tables = desk.app.tables.read();
        let rows = found(tables.rows(&self.table, 0, MOST + 1), &self.table)?;
        if rows.len() > MOST {
            return Err(Failure::new(
                Kind::Precondition,
                "TABLE_TOO_LARGE",
                format!("has more than {MOST} rows"),
                format!("Tabel memuat lebih dari {MOST} baris"),
            ));
        }
        let definition = tables.definition_of(&self.table.metric);
        let defined = definition.is_defined().then(|| name::TableDefinition {
            metric: self.table.metric.clone(),
            version: definition.version.to_string(),
        });
        let cohort_title = tables.cohort_display_name(&self.table).unwrap_or_default();
        drop(tables);
        let count = |n: usize| n as u64;
        let ranked = rows.iter().filter(|row| row.rank.is_some()).count();
        let provisional = rows.iter().filter(|row| row.score.status == Status::Provisional);
        let counts = [ranked, rows.len() - ranked, provisional.count()].map(count);
        let instruments: BTreeSet<&String> = rows.iter().map(|row| &row.score.instrument).collect();
        let instruments = instruments.into_iter().filter(|name| !name.is_empty()).cloned();
        let instruments = instruments.collect();
        let (frozen, changes): (Vec<Frozen>, Changes) =
            freeze(rows, corrected).map_err(|row| unsealable(&row.0))?;
        let bodies: Vec<String> = frozen.iter().map(|row| row.body.clone()).collect();
        let facts = Facts {
            table: [
                self.table.to_string(),
                self.table.metric.clone(),
                self.table.period.clone(),
                self.table.cohort.clone(),
            ],
            titles: [definition.title.id.clone(), cohort_title],
            definition: defined.map_or_else(String::new, |name| name.to_string()),
            instruments,
            counts,
            rows: (frozen.len() as u64, sealed::rows_tree(&bodies).root()),
            streams: freshness
                .positions
                .into_iter()
                .map(|position| Stream {
                    service: position.service,
                    created: position.created,
                    sequence: position.sequence,
                })
                .collect(),
            frozen_at: now,
            changes: corrected.is_some().then_some(changes),
        };
        let facts = facts.write().ok_or_else(|| unsealable("the head"))?;
        Ok((facts, frozen))
    }
}

/// A number is beyond what JSON keeps, so the row of `subject` can't be sealed.
fn unsealable(subject: &str) -> Failure {
    Failure::new(
        Kind::Precondition,
        "ROW_NOT_SEALABLE",
        format!("{subject} has a number beyond 2^53 - 1, which JSON does not keep"),
        format!(
            "{subject} memuat bilangan di atas 2^53 - 1 yang tidak terjaga dalam JSON; perbaiki di layanan asalnya"
        ),
    )
}
