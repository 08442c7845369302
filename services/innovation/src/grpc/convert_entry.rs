//! From messages to requests about entries, with every fault found at once.

use std::collections::BTreeMap;

use prima_platform::{failure::Failure, faults::Faults, page::Page, request_id::digest, text};
use prima_proto::{innovation::v1, name};

use super::{
    convert::{links, mask},
    faults::Fields,
};
use crate::{
    app::{
        advance_round, announce_results, enter_round, recuse_evaluator, review_entry, score_entry,
        update_entry,
    },
    domain::entry::{Decision, Proposal, State},
    store::entry::Filter,
};

/// Longest answer, characters.
const ANSWER: usize = 20_000;

fn answers(raw: Vec<v1::Answer>, faults: &mut Faults) -> BTreeMap<String, String> {
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

/// The fields of a proposal; with `only`, those that it names.
fn proposal(raw: v1::Entry, only: Option<&[String]>, faults: &mut Faults) -> Proposal {
    let wanted = |path: &str| only.is_none_or(|paths| paths.iter().any(|p| p == path));
    let mut one = Proposal::default();
    if wanted("group") {
        one.group = raw.group;
    }
    if wanted("category") {
        one.category = raw.category;
    }
    if wanted("answers") {
        one.answers = answers(raw.answers, faults);
    }
    if wanted("documents") {
        one.documents = links("entry.documents", &raw.documents, 0, 50, faults);
    }
    one
}

/// EnterRound.
pub fn enter(request: v1::EnterRoundRequest) -> Result<enter_round::Request, Failure> {
    let mut faults = Faults::default();
    let once = faults.once(&request.request_id, digest(&request));
    let round = faults.name("round", &request.round, name::Round::parse);
    let request = faults.required("entry", request.entry).and_then(|given| {
        let innovation = faults.name("entry.innovation", &given.innovation, name::Innovation::parse);
        let proposal = proposal(given, None, &mut faults);
        Some(enter_round::Request {
            once: once?,
            round: round?,
            innovation: innovation?,
            proposal,
        })
    });
    faults.settle(request)
}

/// UpdateEntry.
pub fn update(request: v1::UpdateEntryRequest) -> Result<update_entry::Request, Failure> {
    let mut faults = Faults::default();
    let known = ["group", "category", "answers", "documents"];
    let paths = mask(request.update_mask, &known, &mut faults);
    let request = faults.required("entry", request.entry).and_then(|given| {
        let name = faults.name("entry.name", &given.name, name::Entry::parse);
        let etag = given.etag.clone();
        let given = proposal(given, Some(&paths), &mut faults);
        Some(update_entry::Request {
            name: name?,
            etag,
            paths,
            given,
        })
    });
    faults.settle(request)
}

/// ReviewEntry.
pub fn review(request: v1::ReviewEntryRequest) -> Result<review_entry::Request, Failure> {
    let mut faults = Faults::default();
    let once = faults.once(&request.request_id, digest(&request));
    let name = faults.name("name", &request.name, name::Entry::parse);
    let decision = match v1::ReviewDecision::try_from(request.decision).unwrap_or_default() {
        v1::ReviewDecision::Unspecified => None,
        v1::ReviewDecision::HandIn => Some(Decision::HandIn),
        v1::ReviewDecision::Return => Some(Decision::Return),
        v1::ReviewDecision::Submit => Some(Decision::Submit),
        v1::ReviewDecision::Withdraw => Some(Decision::Withdraw),
        v1::ReviewDecision::Pass => Some(Decision::Pass),
        v1::ReviewDecision::Reject => Some(Decision::Reject),
    };
    if decision.is_none() {
        faults.add(
            "decision",
            "is required and must be known",
            "Keputusan wajib diisi dan dikenal",
        );
    }
    let least = usize::from(decision == Some(Decision::Return));
    let note = faults.take(text::lines("note", &request.note, least, 2000));
    if request.causes.len() > 50 || (!request.causes.is_empty() && decision != Some(Decision::Reject)) {
        faults.add(
            "causes",
            "must be at most 50, and of a rejection",
            "paling banyak 50, dan hanya untuk penolakan",
        );
    }
    let request = once
        .zip(name)
        .zip(decision.zip(note))
        .map(|((once, name), (decision, note))| review_entry::Request {
            once,
            name,
            decision,
            note,
            causes: request.causes,
        });
    faults.settle(request)
}

/// ScoreEntry.
pub fn score(request: v1::ScoreEntryRequest) -> Result<score_entry::Request, Failure> {
    let mut faults = Faults::default();
    let once = faults.once(&request.request_id, digest(&request));
    let name = faults.name("entry", &request.entry, name::Entry::parse);
    let remark = faults.take(text::lines("remark", &request.remark, 0, 2000));
    if request.parts.is_empty() || request.parts.len() > 50 {
        faults.add("parts", "must be 1 to 50", "harus 1 sampai 50 bagian");
    }
    let parts = request
        .parts
        .into_iter()
        .map(|p| (p.part, i64::from(p.points)))
        .collect();
    let request = once
        .zip(name)
        .zip(remark)
        .map(|((once, name), remark)| score_entry::Request {
            once,
            name,
            parts,
            remark,
        });
    faults.settle(request)
}

/// RecuseEvaluator.
pub fn recuse(request: v1::RecuseEvaluatorRequest) -> Result<recuse_evaluator::Request, Failure> {
    let mut faults = Faults::default();
    let once = faults.once(&request.request_id, digest(&request));
    let name = faults.name("entry", &request.entry, name::Entry::parse);
    let reason = faults.take(text::lines("reason", &request.reason, 1, 2000));
    let evaluator = faults.take(text::line("evaluator", &request.evaluator, 0, 200));
    let request = once
        .zip(name)
        .zip(reason.zip(evaluator))
        .map(|((once, name), (reason, evaluator))| recuse_evaluator::Request {
            once,
            name,
            evaluator,
            reason,
        });
    faults.settle(request)
}

/// AdvanceRound.
pub fn advance(request: v1::AdvanceRoundRequest) -> Result<advance_round::Request, Failure> {
    let mut faults = Faults::default();
    let once = faults.once(&request.request_id, digest(&request));
    let name = faults.name("name", &request.name, name::Round::parse);
    let stage = faults.new_id("stage", &request.stage);
    let request = once
        .zip(name)
        .zip(stage)
        .map(|((once, name), stage)| advance_round::Request { once, name, stage });
    faults.settle(request)
}

/// AnnounceResults.
pub fn announce(request: v1::AnnounceResultsRequest) -> Result<announce_results::Request, Failure> {
    let mut faults = Faults::default();
    let once = faults.once(&request.request_id, digest(&request));
    let name = faults.name("name", &request.name, name::Round::parse);
    faults.settle(
        once.zip(name)
            .map(|(once, name)| announce_results::Request { once, name }),
    )
}

/// The state that a filter names; the inner `None` is any.
fn state(raw: i32, faults: &mut Faults) -> Option<Option<State>> {
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

/// ListEntries.
pub fn list(request: &v1::ListEntriesRequest) -> Result<(name::Round, Filter, Page), Failure> {
    let mut faults = Faults::default();
    let raw_state = request.state.to_string();
    let fields = [&request.parent, &request.agency, &raw_state, &request.group];
    let page = Page::parse(
        request.page_size,
        &request.page_token,
        &fields.map(String::as_str),
    );
    let page = faults.take_all(page);
    let round = faults.name("parent", &request.parent, name::Round::parse);
    let agency = faults.optional_name("agency", &request.agency, name::Agency::parse);
    let state = state(request.state, &mut faults);
    if !request.group.is_empty() {
        faults.new_id("group", &request.group);
    }
    let filter = agency.zip(state).map(|(agency, state)| Filter {
        agency: agency.map(|a| a.agency).unwrap_or_default(),
        state: state.map(|s| s.as_str().to_owned()).unwrap_or_default(),
        group: request.group.clone(),
    });
    faults.settle(
        round
            .zip(filter)
            .zip(page)
            .map(|((round, filter), page)| (round, filter, page)),
    )
}

/// ListStuckEntries: round, state, days, page.
pub fn stuck(
    request: &v1::ListStuckEntriesRequest,
) -> Result<(name::Round, Option<State>, i32, Page), Failure> {
    let mut faults = Faults::default();
    let (raw_state, raw_days) = (request.state.to_string(), request.minimum_days.to_string());
    let fields = [request.parent.as_str(), &raw_state, &raw_days];
    let page = faults.take_all(Page::parse(request.page_size, &request.page_token, &fields));
    let round = faults.name("parent", &request.parent, name::Round::parse);
    let state = state(request.state, &mut faults);
    let days = faults.range("minimum_days", request.minimum_days, 0, 10_000);
    faults.settle(
        round
            .zip(state)
            .zip(page)
            .map(|((round, state), page)| (round, state, days, page)),
    )
}
