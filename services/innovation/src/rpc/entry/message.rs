//! Messages of entries.

use std::collections::BTreeMap;

use prima_platform::{
    clock::{from_micros, to_proto},
    etag,
    request::{Choice, Faults, Mask, text},
};
use prima_proto::innovation::v1;

use crate::{
    domain::{
        eligibility::Failed,
        entry::{Decision, Proposal, State},
        innovation::Award,
    },
    rpc::message::{awards, links, parse_links, same_values, small},
    store::{entry::Stored, stage_result::StageResult},
};

/// A decision of a review.
pub const DECISION: Choice = Choice {
    english: "decision",
    indonesian: "Keputusan",
};
/// A state of an entry.
pub const STATE: Choice = Choice {
    english: "state",
    indonesian: "Status usulan",
};
/// Longest answer, characters.
const ANSWER: usize = 20_000;

fn parse_answers(raw: Vec<v1::Answer>, faults: &mut Faults) -> BTreeMap<String, String> {
    let mut answers = BTreeMap::new();
    for answer in raw {
        let text = faults.or_default(text::lines("entry.answers", &answer.text, 0, ANSWER));
        if answers.insert(answer.part, text).is_some() {
            faults.add(
                "entry.answers",
                "answer a part twice",
                "menjawab satu bagian dua kali",
            );
        }
    }
    answers
}

/// Parses the proposal of a unit; with a mask only the fields that it names, the others stay empty.
pub fn parse(raw: v1::Entry, mask: Option<&Mask>, faults: &mut Faults) -> Proposal {
    let wanted = |path: &str| mask.is_none_or(|mask| mask.names(path));
    let mut one = Proposal::default();
    if wanted("group") {
        one.group = raw.group;
    }
    if wanted("category") {
        one.category = raw.category;
    }
    if wanted("answers") {
        one.answers = parse_answers(raw.answers, faults);
    }
    if wanted("documents") {
        one.documents = parse_links("entry.documents", &raw.documents, 0, 50, faults);
    }
    one
}

/// Parses a decision; `None` when it is not specified.
pub fn parse_decision(value: v1::ReviewDecision) -> Option<Decision> {
    match value {
        v1::ReviewDecision::Unspecified => None,
        v1::ReviewDecision::HandIn => Some(Decision::HandIn),
        v1::ReviewDecision::Return => Some(Decision::Return),
        v1::ReviewDecision::Submit => Some(Decision::Submit),
        v1::ReviewDecision::Withdraw => Some(Decision::Withdraw),
        v1::ReviewDecision::Pass => Some(Decision::Pass),
        v1::ReviewDecision::Reject => Some(Decision::Reject),
    }
}

same_values!(
    parse_state, state, State, EntryState: Draft, InReview, Returned, Submitted, Competing, Rejected, Eliminated, Lapsed,
    Withdrawn
);

/// An entry as a message, with answers and documents when `full`.
pub fn entry(stored: &Stored, full: bool) -> v1::Entry {
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
        state: state(stored.state).into(),
        state_time: Some(to_proto(from_micros(stored.state_at))),
        note: stored.note.clone(),
        causes: stored.causes.clone(),
        etag: etag::of(stored.version),
        ..Default::default()
    }
}

/// An entry as a message, with its results in closed stages and the keys of its awards.
pub fn entry_with_results(stored: &Stored, full: bool, results: &[StageResult], won: &[String]) -> v1::Entry {
    let award = |award: &String| Award {
        year: stored.year,
        award: award.clone(),
        round: stored.name.round.to_string(),
    };
    v1::Entry {
        results: results.iter().map(stage_result).collect(),
        awards: awards(&won.iter().map(award).collect::<Vec<_>>()),
        ..entry(stored, full)
    }
}

fn stage_result(result: &StageResult) -> v1::StageResult {
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

/// Failed rules as messages.
pub fn failed_rules(failed: &[Failed]) -> Vec<v1::FailedRule> {
    let rule = |failed: &Failed| v1::FailedRule {
        rule: failed.rule.to_owned(),
        reason: failed.indonesian.clone(),
    };
    failed.iter().map(rule).collect()
}
