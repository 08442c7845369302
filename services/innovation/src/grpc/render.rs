//! From what is stored to messages: innovations, entries, scores, replications.

use prima_platform::clock::{from_micros, to_proto};
use prima_proto::innovation::v1;

pub use super::render_round::{announcement, round};
use crate::{
    domain::{
        eligibility::Failed,
        entry::State,
        innovation::{Award, Innovation, LegalBasis, Link, Status, Support},
        number,
        replication::Transfer,
        round::Part,
        scoring,
    },
    store::{
        contest::{Score, StageResult},
        entry,
        innovation::{Revision, Stored},
        replication,
    },
};

/// A status as its value.
pub fn status(status: Status) -> v1::InnovationStatus {
    match status {
        Status::Idea => v1::InnovationStatus::Idea,
        Status::Preparation => v1::InnovationStatus::Preparation,
        Status::Implemented => v1::InnovationStatus::Implemented,
        Status::Stopped => v1::InnovationStatus::Stopped,
    }
}

fn legal_basis(basis: LegalBasis) -> v1::LegalBasis {
    match basis {
        LegalBasis::None => v1::LegalBasis::Unspecified,
        LegalBasis::Draft => v1::LegalBasis::Draft,
        LegalBasis::Enacted => v1::LegalBasis::Enacted,
    }
}

fn support(support: Support) -> v1::Support {
    match support {
        Support::Budget => v1::Support::Budget,
        Support::Facilities => v1::Support::Facilities,
        Support::People => v1::Support::People,
    }
}

fn links(links: &[Link]) -> Vec<v1::Link> {
    let link = |link: &Link| v1::Link {
        title: link.title.clone(),
        url: link.url.clone(),
    };
    links.iter().map(link).collect()
}

/// Awards as messages.
pub fn awards(awards: &[Award]) -> Vec<v1::Award> {
    let award = |award: &Award| v1::Award {
        year: award.year,
        award: award.award.clone(),
        round: award.round.clone(),
    };
    awards.iter().map(award).collect()
}

/// A number of things as its message has it.
pub fn small(value: impl TryInto<i32>) -> i32 {
    value.try_into().unwrap_or(i32::MAX)
}

fn fields(name: &str, one: &Innovation) -> v1::Innovation {
    let date = |date: Option<chrono::NaiveDate>| date.map(|d| d.to_string()).unwrap_or_default();
    v1::Innovation {
        name: name.to_owned(),
        title: one.title.clone(),
        description: one.description.clone(),
        initiator: one.initiator.clone(),
        category: one.category.clone(),
        sdgs: one.sdgs.clone(),
        status: status(one.status).into(),
        start_date: date(one.start_date),
        stop_date: date(one.stop_date),
        source: one.source.clone(),
        documents: links(&one.documents),
        legal_basis: legal_basis(one.legal_basis).into(),
        supports: one.supports.iter().map(|s| support(*s).into()).collect(),
        former_awards: awards(&one.former_awards),
        ..Default::default()
    }
}

/// An innovation as its message; `confirmed` tells whether the directory announced its unit.
pub fn innovation(stored: &Stored, confirmed: bool) -> v1::Innovation {
    v1::Innovation {
        unit_confirmed: confirmed,
        etag: stored.version.to_string(),
        create_time: Some(to_proto(from_micros(stored.created_at))),
        update_time: Some(to_proto(from_micros(stored.updated_at))),
        ..fields(&stored.name.to_string(), &stored.innovation)
    }
}

/// A state that the innovation `name` had.
pub fn revision(name: &str, revision: &Revision) -> v1::InnovationRevision {
    v1::InnovationRevision {
        number: small(revision.number),
        innovation: Some(fields(name, &revision.innovation)),
        editor: revision.editor.clone(),
        time: Some(to_proto(from_micros(revision.made_at))),
    }
}

/// A line of the catalogue.
pub fn catalogue_item(stored: &Stored) -> v1::CatalogueItem {
    let one = &stored.innovation;
    let date = |date: Option<chrono::NaiveDate>| date.map(|d| d.to_string()).unwrap_or_default();
    v1::CatalogueItem {
        innovation: stored.name.to_string(),
        title: one.title.clone(),
        excerpt: one.description.chars().take(300).collect(),
        category: one.category.clone(),
        start_date: date(one.start_date),
        stop_date: date(one.stop_date),
    }
}

/// A state as its value.
pub fn entry_state(state: State) -> v1::EntryState {
    match state {
        State::Draft => v1::EntryState::Draft,
        State::InReview => v1::EntryState::InReview,
        State::Returned => v1::EntryState::Returned,
        State::Submitted => v1::EntryState::Submitted,
        State::Competing => v1::EntryState::Competing,
        State::Rejected => v1::EntryState::Rejected,
        State::Eliminated => v1::EntryState::Eliminated,
        State::Lapsed => v1::EntryState::Lapsed,
        State::Withdrawn => v1::EntryState::Withdrawn,
    }
}

/// An entry as its message, with answers and documents when `full`.
pub fn entry(stored: &entry::Stored, full: bool) -> v1::Entry {
    let proposal = &stored.proposal;
    let answer = |(part, text): (&String, &String)| v1::Answer {
        part: part.clone(),
        text: text.clone(),
    };
    v1::Entry {
        name: stored.name.to_string(),
        innovation: stored.innovation.clone(),
        title: stored.title.clone(),
        group: proposal.group.clone(),
        category: proposal.category.clone(),
        answers: if full {
            proposal.answers.iter().map(answer).collect()
        } else {
            Vec::new()
        },
        documents: if full {
            links(&proposal.documents)
        } else {
            Vec::new()
        },
        state: entry_state(stored.state).into(),
        state_time: Some(to_proto(from_micros(stored.state_at))),
        note: stored.note.clone(),
        causes: stored.causes.clone(),
        etag: stored.version.to_string(),
        ..Default::default()
    }
}

/// Failed rules as messages.
pub fn failed_rules(failed: &[Failed]) -> Vec<v1::FailedRule> {
    let rule = |failed: &Failed| v1::FailedRule {
        rule: failed.rule.to_owned(),
        reason: failed.indonesian.clone(),
    };
    failed.iter().map(rule).collect()
}

/// What an entry reached in a stage.
pub fn stage_result(result: &StageResult) -> v1::StageResult {
    v1::StageResult {
        stage: result.stage.clone(),
        score: result.score.clone(),
        rank: small(result.place),
        passed: result.passed != 0,
        scores_counted: small(result.counted),
        scores_left_out: small(result.left_out().len()),
        disputed: result.disputed != 0,
    }
}

/// A score as its message; `left_out` tells why it does not count.
pub fn score(score: &Score, parts: &[Part], left_out: &str) -> v1::Score {
    let part = |part: &Part| v1::PartScore {
        part: part.key.clone(),
        points: small(score.points.get(&part.key).copied().unwrap_or_default()),
    };
    v1::Score {
        stage: score.stage.clone(),
        evaluator: score.evaluator.clone(),
        parts: parts.iter().map(part).collect(),
        total: number::decimal(&scoring::total(parts, &score.points), 2),
        remark: score.remark.clone(),
        left_out: left_out.to_owned(),
        time: Some(to_proto(from_micros(score.scored_at))),
    }
}

/// A replication as its message.
pub fn replication(stored: &replication::Stored) -> v1::Replication {
    let one = &stored.replication;
    v1::Replication {
        name: stored.name.to_string(),
        adopter: stored.adopter.to_string(),
        replica: one.replica.clone(),
        adopt_date: one.adopted.to_string(),
        partial: one.partial,
        evidence: links(&one.evidence),
        follow_ups: one
            .follow_ups
            .iter()
            .map(|f| v1::FollowUp {
                date: f.date.to_string(),
                in_use: f.in_use,
                remark: f.remark.clone(),
            })
            .collect(),
    }
}

/// A transfer event as its message.
pub fn transfer(innovation: &str, transfer: &Transfer) -> v1::Transfer {
    v1::Transfer {
        innovation: innovation.to_owned(),
        title: transfer.title.clone(),
        date: transfer.date.to_string(),
        receivers: transfer.receivers.clone(),
        evidence: links(&transfer.evidence),
    }
}
