//! The head of a published table: what its entry in the log says.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use prima_platform::tlog::{Hash, canonical, encode};
use serde_json::{Map, Value, json};

use super::row::Changes;

/// Longest entry of the log, bytes: that of a bundle of tiles.
pub const TOO_LONG: usize = 65_535;
/// Room that a proposal leaves in its entry for what the publication adds, bytes: the decree, at most 500 characters of four bytes, the
/// numbers of objections, and names of members.
const ROOM: usize = 8 << 10;
/// Form of the head; it is raised when a member changes its meaning.
pub const FORMAT: &str = "prima.go.id/published-table/1";
const AUDIT_FORMAT: &str = "prima.go.id/audit-head/1";

/// Up to where a stream was read when rows were frozen. The numbers are beyond what a number of JSON keeps, so they are texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// The service.
    pub service: String,
    /// When the stream was created, nanoseconds since 1970.
    pub created: i64,
    /// Sequence of the last state.
    pub sequence: u64,
}

/// What is known of a table when its rows are frozen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Resource name of the table, with metric, period and cohort.
    pub table: [String; 4],
    /// What the metric is called, and its cohort, for people; the second may be empty.
    pub titles: [String; 2],
    /// Resource name of the definition; empty when the metric has none.
    pub definition: String,
    /// Instruments that produced the scores, each with its version.
    pub instruments: Vec<String>,
    /// Rows with a rank, rows without one, and rows whose score may still change.
    pub counts: [u64; 3],
    /// All rows with those of removed subjects, and the root of their tree.
    pub rows: (u64, Hash),
    /// Up to where the streams were read.
    pub streams: Vec<Stream>,
    /// When the rows were frozen.
    pub frozen_at: DateTime<Utc>,
    /// What a correction changes; `None` for the first publication.
    pub changes: Option<Changes>,
}

impl Facts {
    /// Canonical JSON; `None` when it has a number that JSON does not keep.
    pub fn write(&self) -> Option<String> {
        let [table, metric, period, cohort] = &self.table;
        let [title, cohort_title] = &self.titles;
        let [ranked, unranked, provisional] = self.counts;
        let (rows, root) = &self.rows;
        let stream = |stream: &Stream| {
            json!({
                "service": stream.service,
                "stream_created": stream.created.to_string(),
                "sequence": stream.sequence.to_string(),
            })
        };
        let streams: Vec<Value> = self.streams.iter().map(stream).collect();
        let mut facts = json!({
            "format": FORMAT,
            "table": table,
            "metric": metric,
            "period": period,
            "cohort": cohort,
            "title": title,
            "cohort_title": cohort_title,
            "definition": self.definition,
            "instruments": self.instruments,
            "ranked": ranked,
            "unranked": unranked,
            "provisional": provisional,
            "rows": rows,
            "rows_root": encode(root),
            "streams": streams,
            "frozen_at": time(self.frozen_at),
        });
        if let (Some(changes), Value::Object(facts)) = (self.changes, &mut facts) {
            let changes =
                json!({"added": changes.added, "changed": changes.changed, "removed": changes.removed});
            facts.insert("changes".to_owned(), changes);
        }
        facts.as_object().and_then(canonical::write)
    }
}

/// Whether a head with these facts will fit into an entry of the log, whatever its decree is. `texts` are the others that it will
/// contain: the reason of a correction, address and licence.
pub fn fits(facts: &str, texts: &[&str]) -> bool {
    let length = |text: &&str| json!(text).to_string().len();
    facts.len() + texts.iter().map(length).sum::<usize>() + ROOM <= TOO_LONG
}

/// The act by which a table becomes official.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decree {
    /// Number.
    pub number: String,
    /// Date.
    pub date: NaiveDate,
    /// Who signed it.
    pub signatory: String,
    /// The office of the signatory.
    pub signatory_position: String,
}

/// The objections to the proposal and to those that it has replaced, and their decisions, of which the head contains the numbers and a
/// digest of the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objected {
    /// How many were filed.
    pub filed: u64,
    /// How many were accepted, all before the table was proposed again.
    pub accepted: u64,
    /// How many were rejected.
    pub rejected: u64,
    /// SHA-256 of the record, base64.
    pub record: String,
}

/// What a publication adds to the facts.
#[derive(Debug, Clone)]
pub struct Head<'a> {
    /// Number of the published table.
    pub number: i64,
    /// When.
    pub published_at: DateTime<Utc>,
    /// The decree.
    pub decree: &'a Decree,
    /// The objections.
    pub objected: Objected,
    /// Number of the published table that it corrects, the SHA-256 of its head in base64, and why.
    pub corrects: Option<(i64, String, String)>,
    /// Address of the files; may be empty.
    pub address: String,
    /// Licence, as an identifier of SPDX.
    pub licence: String,
}

impl Head<'_> {
    /// Canonical JSON; `None` when the facts can't be read or it is too long for the log.
    pub fn write(&self, facts: &str) -> Option<String> {
        let mut head = canonical::read(facts)?;
        let mut put = |key: &str, value: Value| head.insert(key.to_owned(), value);
        let decree = self.decree;
        put("number", json!(self.number));
        put("published_at", json!(time(self.published_at)));
        put(
            "decree",
            json!({
                "number": decree.number,
                "date": decree.date.to_string(),
                "signatory": decree.signatory,
                "signatory_position": decree.signatory_position,
            }),
        );
        put(
            "objections",
            json!({
                "filed": self.objected.filed,
                "accepted": self.objected.accepted,
                "rejected": self.objected.rejected,
                "record_sha256": self.objected.record,
            }),
        );
        if let Some((number, digest, reason)) = &self.corrects {
            put(
                "corrects",
                json!({"number": number, "head_sha256": digest, "reason": reason}),
            );
        }
        put("licence", json!(self.licence));
        put("address", json!(self.address));
        canonical::write(&head).filter(|text| text.len() <= TOO_LONG)
    }
}

/// The decree in a head.
pub fn decree_of(head: &Map<String, Value>) -> Option<Decree> {
    let decree = head.get("decree")?.as_object()?;
    let text = |key: &str| Some(decree.get(key)?.as_str()?.to_owned());
    Some(Decree {
        number: text("number")?,
        date: text("date")?.parse().ok()?,
        signatory: text("signatory")?,
        signatory_position: text("signatory_position")?,
    })
}

/// The head of the audit log of a service. Once it is an entry of the log of publications, whoever changes an older entry of that
/// audit log is seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditHead {
    /// The service.
    pub service: String,
    /// Number of entries.
    pub position: i64,
    /// Hash of the last of them, lower-case hexadecimal.
    pub hash: String,
}

impl AuditHead {
    /// The entry of the log of publications; `None` when JSON does not keep the position.
    pub fn entry(&self, at: DateTime<Utc>) -> Option<String> {
        let entry = json!({
            "format": AUDIT_FORMAT,
            "service": self.service,
            "position": self.position,
            "hash": self.hash,
            "time": time(at),
        });
        entry.as_object().and_then(canonical::write)
    }

    /// The head that an entry contains; `None` when it is another kind of entry.
    fn of(entry: &[u8]) -> Option<Self> {
        let entry = canonical::read(std::str::from_utf8(entry).ok()?)?;
        let text = |key: &str| Some(entry.get(key)?.as_str()?.to_owned());
        (text("format")? == AUDIT_FORMAT).then_some(())?;
        Some(Self {
            service: text("service")?,
            position: entry.get("position")?.as_i64()?,
            hash: text("hash")?,
        })
    }
}

/// The newest audit head of each service in the log of publications.
pub fn noted_audit_heads(entries: &[Vec<u8>]) -> BTreeMap<String, AuditHead> {
    let heads = entries.iter().filter_map(|entry| AuditHead::of(entry));
    heads.map(|head| (head.service.clone(), head)).collect()
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}
