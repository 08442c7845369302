//! From messages to requests about teams and the knowledge base, with every fault found at once.

use prima_platform::{failure::Failure, faults::Faults, page::Page, text, vault::Keyring};
use prima_proto::{complaint::v1, name};

use super::{
    convert_consultation::{agency, topic},
    faults::Fields,
};
use crate::{
    app::consultation::{create_team_member, publish_knowledge, update_team_member, withdraw_knowledge},
    store::{knowledge, member::Member, sealed::Note},
};

/// Topics of a member at most.
const TOPICS: usize = 10;
/// What UpdateTeamMember changes.
const CHANGEABLE: [&str; 4] = ["display_name", "office", "topics", "active"];

/// A member; only the fields that `wanted` names are looked at.
fn member(raw: v1::TeamMember, wanted: impl Fn(&str) -> bool, faults: &mut Faults) -> Member {
    let mut member = Member::default();
    if wanted("display_name") {
        let field = "member.display_name";
        member.display_name = faults.or_default(text::line(field, &raw.display_name, 1, 200));
    }
    if wanted("office") {
        member.office = faults.or_default(text::line("member.office", &raw.office, 1, 200));
    }
    if wanted("topics") {
        if !(1..=TOPICS).contains(&raw.topics.len()) {
            faults.add(
                "member.topics",
                format!("must be 1 to {TOPICS}"),
                format!("harus 1 sampai {TOPICS}"),
            );
        } else {
            for (n, raw) in raw.topics.iter().enumerate() {
                let field = format!("member.topics[{n}]");
                let key = topic(&field, raw, None, faults);
                if member.topics.contains(&key) {
                    faults.add(field, "stands there twice", "disebut dua kali");
                }
                member.topics.push(key);
            }
        }
    }
    if wanted("active") {
        member.active = raw.active;
    }
    member
}

/// CreateTeamMember.
pub fn create_member(
    vault: &Keyring,
    request: v1::CreateTeamMemberRequest,
) -> Result<create_team_member::Request, Failure> {
    let mut faults = Faults::default();
    let once = faults.once(vault, &request.request_id, &request);
    let parent = agency("parent", &request.parent, &mut faults);
    let id = faults.name("member_id", &request.member_id, |raw| {
        name::token(raw, name::TOKEN_MAX).map(str::to_owned)
    });
    if request.member_id == "-" {
        faults.add(
            "member_id",
            "`-` stands for all and can't be an id",
            "`-` berarti semua, bukan id",
        );
    }
    let given = faults.required("member", request.member);
    let given = given.map(|raw| member(raw, |_| true, &mut faults));
    let built = once.zip(parent.zip(id)).zip(given);
    let built = built.map(|((once, (agency, id)), member)| create_team_member::Request {
        once,
        name: name::Member { agency, member: id },
        member,
    });
    faults.settle(built)
}

/// UpdateTeamMember.
pub fn update_member(request: v1::UpdateTeamMemberRequest) -> Result<update_team_member::Request, Failure> {
    let mut faults = Faults::default();
    let paths = request.update_mask.unwrap_or_default().paths;
    if paths.is_empty() || paths.iter().any(|path| !CHANGEABLE.contains(&path.as_str())) {
        let list = CHANGEABLE.join(", ");
        faults.add(
            "update_mask",
            format!("must name at least one of {list}, and nothing else"),
            format!("Sebutkan paling sedikit satu dari {list}, dan tidak lainnya"),
        );
    }
    let built = faults.required("member", request.member).and_then(|raw| {
        let name = faults.name("member.name", &raw.name, name::Member::parse)?;
        let etag = raw.etag.clone();
        Some((name, etag, raw))
    });
    let built = built.map(|(name, etag, raw)| {
        let wanted = |field: &str| paths.iter().any(|path| path == field);
        let given = member(raw, wanted, &mut faults);
        (name, etag, given)
    });
    let built = built.map(|(name, etag, given)| update_team_member::Request {
        name,
        etag,
        paths,
        given,
    });
    faults.settle(built)
}

/// ListTeamMembers: agency, topic, page.
pub fn members(request: &v1::ListTeamMembersRequest) -> Result<(String, String, Page), Failure> {
    let mut faults = Faults::default();
    let narrowed = [request.parent.as_str(), request.topic.as_str()];
    let page = faults.take_all(Page::parse(request.page_size, &request.page_token, &narrowed));
    let parent = agency("parent", &request.parent, &mut faults);
    if !request.topic.is_empty() {
        topic("topic", &request.topic, None, &mut faults);
    }
    let built = parent.zip(page);
    faults.settle(built.map(|(agency, page)| (agency, request.topic.clone(), page)))
}

/// PublishKnowledge.
pub fn publish(
    vault: &Keyring,
    request: v1::PublishKnowledgeRequest,
) -> Result<publish_knowledge::Request, Failure> {
    let mut faults = Faults::default();
    let once = faults.once(vault, &request.request_id, &request);
    let consultation = faults.name("consultation", &request.consultation, name::Consultation::parse);
    let question = faults.or_default(text::lines("question", &request.question, 10, 500));
    let answer = faults.or_default(text::lines("answer", &request.answer, 10, 10_000));
    let built = once.zip(consultation);
    let built = built.map(|(once, consultation)| publish_knowledge::Request {
        once,
        consultation,
        question,
        answer,
    });
    faults.settle(built)
}

/// WithdrawKnowledge.
pub fn withdraw(
    vault: &Keyring,
    request: v1::WithdrawKnowledgeRequest,
) -> Result<withdraw_knowledge::Request, Failure> {
    let mut faults = Faults::default();
    let once = faults.once(vault, &request.request_id, &request);
    let name = faults.name("name", &request.name, name::Knowledge::parse);
    let reason = faults.or_default(text::lines("reason", &request.reason, 5, 1000));
    let built = once.zip(name).map(|(once, name)| withdraw_knowledge::Request {
        once,
        name,
        reason: Note(reason),
    });
    faults.settle(built)
}

/// SearchKnowledge.
pub fn search(request: &v1::SearchKnowledgeRequest) -> Result<(knowledge::Filter, Page), Failure> {
    let mut faults = Faults::default();
    let narrowed = [&request.query, &request.agency, &request.topic].map(String::as_str);
    let page = faults.take_all(Page::parse(request.page_size, &request.page_token, &narrowed));
    let query = faults.or_default(text::line("query", &request.query, 0, 200));
    let agency = if request.agency.is_empty() {
        Some(String::new())
    } else {
        agency("agency", &request.agency, &mut faults)
    };
    if !request.topic.is_empty() {
        topic("topic", &request.topic, None, &mut faults);
    }
    let built = agency.zip(page).map(|(agency, page)| {
        let topic = request.topic.clone();
        let filter = knowledge::Filter { query, agency, topic };
        (filter, page)
    });
    faults.settle(built)
}

/// GetKnowledge.
pub fn entry(raw: &str) -> Result<name::Knowledge, Failure> {
    let mut faults = Faults::default();
    let name = faults.name("name", raw, name::Knowledge::parse);
    faults.settle(name)
}
