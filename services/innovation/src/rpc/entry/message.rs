//! Entries from messages and to messages.

use std::collections::BTreeMap;

use prima_platform::{
    clock::{from_micros, to_proto},
    etag,
    request::{Faults, Mask, text},
};
use prima_proto::innovation::v1;

use crate::{
    domain::{
        eligibility::Failed,
        entry::{Decision, Proposal, State},
        innovation::Award,
    },
    rpc::message::{awards, links, links_given, small},
    store::{contest::StageResult, entry::Stored},
};

/// Longest answer, characters.
const ANSWER: usize = 20_000;

fn answers_given(raw: Vec<v1::Answer>, faults: &mut Faults) -> BTreeMap<String, String> {
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

/// What a unit wrote; with a mask, the fields that it names, the others empty.
pub fn given(raw: v1::Entry, mask: Option<&Mask>, faults: &mut Faults) -> Proposal {
    let wanted = |path: &str| mask.is_none_or(|mask| mask.names(path));
    let mut one = Proposal::default();
    if wanted("group") {
        one.group = raw.group;
    }
    if wanted("category") {
        one.category = raw.category;
    }
    if wanted("answers") {
        one.answers = answers_given(raw.answers, faults);
    }
    if wanted("documents") {
        one.documents = links_given("entry.documents", &raw.documents, 0, 50, faults);
    }
    one
}

/// The decision in a field; `None` when it is not specified or not known.
pub fn decision_given(raw: i32) -> Option<Decision> {
    match v1::ReviewDecision::try_from(raw).ok()? {
        v1::ReviewDecision::Unspecified => None,
        v1::ReviewDecision::HandIn => Some(Decision::HandIn),
        v1::ReviewDecision::Return => Some(Decision::Return),
        v1::ReviewDecision::Submit => Some(Decision::Submit),
        v1::ReviewDecision::Withdraw => Some(Decision::Withdraw),
        v1::ReviewDecision::Pass => Some(Decision::Pass),
        v1::ReviewDecision::Reject => Some(Decision::Reject),
    }
}

/// The state that a filter names; the inner `None` is any.
pub fn state_given(raw: i32, faults: &mut Faults) -> Option<Option<State>> {
    let found = match v1::EntryState::try_from(raw) {
        Ok(v1::EntryState::Unspecified) => return Some(None),
        Ok(v1::EntryState::Draft) => State::Draft,
        Ok(v1::EntryState::InReview) => State::InReview,
        Ok(v1::EntryState::Returned) => State::Returned,
        Ok(v1::EntryState::Submitted) => State::Submitted,
        Ok(v1::EntryState::Competing) => State::Competing,
        Ok(v1::EntryState::Rejected) => State::Rejected,
        Ok(v1::EntryState::Eliminated) => State::Eliminated,
        Ok(v1::EntryState::Lapsed) => State::Lapsed,
        Ok(v1::EntryState::Withdrawn) => State::Withdrawn,
        Err(_) => {
            faults.add("state", "is not known", "Status usulan tidak dikenal");
            return None;
        }
    };
    Some(Some(found))
}

/// A state as its value.
pub fn state(state: State) -> v1::EntryState {
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

/// An entry with what it reached in closed stages, and the keys of its awards.
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
