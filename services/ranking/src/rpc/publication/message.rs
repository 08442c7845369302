//! Proposals, objections, published tables and their rows as messages.

use prima_platform::{
    clock::{from_micros, to_proto},
    failure::Failure,
    tlog::canonical::{self, Object, integer},
};
use prima_proto::{name, ranking::v1 as pb};
use sea_orm::ConnectionTrait;
use serde_json::Value;

use crate::{
    derived::press::citation,
    domain::publication::decree_of,
    store::{self, Proposal, Published, StoredObjection, StoredRow},
};

fn text(object: &Object, key: &str) -> String {
    canonical::text(object, key).to_owned()
}

/// The name of a proposal; empty for an empty id.
pub fn proposal_name(id: &str) -> String {
    let name = name::ProposedTable {
        proposal: id.to_owned(),
    };
    if id.is_empty() {
        String::new()
    } else {
        name.to_string()
    }
}

/// The name of a published table; empty for 0.
pub fn published_name(number: i64) -> String {
    let name = name::PublishedTable {
        number: number.to_string(),
    };
    if number == 0 {
        String::new()
    } else {
        name.to_string()
    }
}

/// A proposal with what became of it.
pub async fn proposal(
    conn: &impl ConnectionTrait,
    row: &Proposal,
) -> Result<pb::ProposedLeagueTable, Failure> {
    let counts = store::objections_counts(conn, &row.id).await?;
    let facts = canonical::read(&row.facts).unwrap_or_default();
    Ok(pb::ProposedLeagueTable {
        name: proposal_name(&row.id),
        table: row.league_table.clone(),
        state: i32::try_from(row.state).unwrap_or_default(),
        create_time: Some(to_proto(from_micros(row.created_at))),
        objection_end_time: Some(to_proto(from_micros(row.ends_at))),
        ranked: integer(&facts, "ranked"),
        unranked: integer(&facts, "unranked"),
        rows_root: text(&facts, "rows_root"),
        corrects: published_name(row.corrects),
        correction_reason: row.reason.clone(),
        replaces: proposal_name(&row.replaces),
        replaced_by: proposal_name(&row.replaced_by),
        published_as: published_name(row.published_as),
        objections: counts.filed,
        undecided: counts.undecided,
        accepted: counts.accepted,
        provisional: integer(&facts, "provisional"),
    })
}

/// A row.
pub fn row(row: &StoredRow) -> pb::PublishedRow {
    let object = canonical::read(&row.body).unwrap_or_default();
    pb::PublishedRow {
        rank: integer(&object, "rank"),
        subject: row.subject.clone(),
        display_name: text(&object, "display_name"),
        agency_display_name: text(&object, "agency_display_name"),
        score: text(&object, "score"),
        category: text(&object, "category"),
        json: row.body.clone(),
    }
}

/// An objection.
pub fn objection(row: &StoredObjection) -> pb::TableObjection {
    let name = name::TableObjection {
        proposal: name::ProposedTable {
            proposal: row.proposal.clone(),
        },
        objection: row.id.clone(),
    };
    pb::TableObjection {
        name: name.to_string(),
        subject: row.subject.clone(),
        grounds: row.grounds.clone(),
        filed_by: row.filed_by.clone(),
        file_time: Some(to_proto(from_micros(row.filed_at))),
        decision: i32::try_from(row.decision).unwrap_or_default(),
        decision_reason: row.decision_reason.clone(),
        decide_time: (row.decided_at > 0).then(|| to_proto(from_micros(row.decided_at))),
    }
}

/// A published table.
pub async fn published(
    conn: &impl ConnectionTrait,
    row: &Published,
) -> Result<pb::PublishedLeagueTable, Failure> {
    let head = store::log_entry(conn, row.position).await?.unwrap_or_default();
    let correction = store::published_correction(conn, row.number).await?;
    let object = canonical::read(&head).unwrap_or_default();
    let decree = decree_of(&object);
    let address = text(&object, "address");
    let cited = decree.as_ref().map(|decree| {
        citation(
            &text(&object, "title"),
            &row.league_table,
            row.number,
            decree,
            &address,
        )
    });
    let frozen = text(&object, "frozen_at").parse().ok();
    let reason = object.get("corrects").and_then(|corrects| corrects.get("reason"));
    Ok(pb::PublishedLeagueTable {
        name: published_name(row.number),
        table: row.league_table.clone(),
        decree: decree.map(|decree| pb::Decree {
            number: decree.number,
            date: decree.date.to_string(),
            signatory: decree.signatory,
            signatory_position: decree.signatory_position,
        }),
        publish_time: Some(to_proto(from_micros(row.published_at))),
        freeze_time: frozen.map(to_proto),
        ranked: integer(&object, "ranked"),
        unranked: integer(&object, "unranked"),
        corrects: published_name(row.corrects),
        correction_reason: reason.and_then(Value::as_str).unwrap_or_default().to_owned(),
        corrected_by: correction.map_or_else(String::new, |row| published_name(row.number)),
        checkpoint: row.checkpoint.clone(),
        log_index: row.position,
        licence: text(&object, "licence"),
        citation: cited.unwrap_or_default(),
        address,
        head,
    })
}
