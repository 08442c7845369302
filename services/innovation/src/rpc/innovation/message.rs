//! Innovations from messages and to messages.

use prima_platform::{
    clock::{from_micros, to_proto},
    etag,
    request::{Faults, Mask, optional, text},
};
use prima_proto::{innovation::v1, name};

use crate::{
    domain::{
        calendar::parse_date,
        innovation::{Award, Innovation, LegalBasis, Status, Support},
        name_rule,
    },
    rpc::message::{awards, day, links, links_given, small},
    store::innovation::{Revision, Stored},
};

/// The status in a field; `None` when it is not specified or not known.
pub fn status_given(raw: i32) -> Option<Status> {
    match v1::InnovationStatus::try_from(raw).ok()? {
        v1::InnovationStatus::Unspecified => None,
        v1::InnovationStatus::Idea => Some(Status::Idea),
        v1::InnovationStatus::Preparation => Some(Status::Preparation),
        v1::InnovationStatus::Implemented => Some(Status::Implemented),
        v1::InnovationStatus::Stopped => Some(Status::Stopped),
    }
}

fn legal_basis_given(raw: i32) -> Option<LegalBasis> {
    match v1::LegalBasis::try_from(raw).ok()? {
        v1::LegalBasis::Unspecified => Some(LegalBasis::None),
        v1::LegalBasis::Draft => Some(LegalBasis::Draft),
        v1::LegalBasis::Enacted => Some(LegalBasis::Enacted),
    }
}

fn support_given(raw: i32) -> Option<Support> {
    match v1::Support::try_from(raw).ok()? {
        v1::Support::Unspecified => None,
        v1::Support::Budget => Some(Support::Budget),
        v1::Support::Facilities => Some(Support::Facilities),
        v1::Support::People => Some(Support::People),
    }
}

/// An innovation as a caller describes it; with a mask, the fields that it names, the others as when new.
pub fn given(raw: v1::Innovation, mask: Option<&Mask>, faults: &mut Faults) -> Innovation {
    let wanted = |path: &str| mask.is_none_or(|mask| mask.names(path));
    let mut one = Innovation::default();
    if wanted("title") {
        one.title = faults.or_default(text::line("innovation.title", &raw.title, 3, 200));
    }
    if wanted("description") {
        one.description =
            faults.or_default(text::lines("innovation.description", &raw.description, 0, 10_000));
    }
    if wanted("initiator") {
        one.initiator = faults.or_default(text::line("innovation.initiator", &raw.initiator, 0, 200));
    }
    if wanted("category") {
        one.category = raw.category;
    }
    if wanted("sdgs") {
        one.sdgs = raw.sdgs;
    }
    if wanted("status") {
        match status_given(raw.status) {
            Some(status) => one.status = status,
            None => faults.add(
                "innovation.status",
                "is required and must be known",
                "Status wajib diisi dan dikenal",
            ),
        }
    }
    for (date, path, raw) in [
        (&mut one.start_date, "start_date", &raw.start_date),
        (&mut one.stop_date, "stop_date", &raw.stop_date),
    ] {
        if wanted(path) {
            let field = format!("innovation.{path}");
            *date = faults.or_default(optional(raw, |raw| parse_date(&field, raw)));
        }
    }
    if wanted("source") {
        let source = name_rule::optional("innovation.source", &raw.source, name::Innovation::parse);
        one.source = faults
            .or_default(source)
            .map(|s| s.to_string())
            .unwrap_or_default();
    }
    if wanted("documents") {
        one.documents = links_given("innovation.documents", &raw.documents, 0, 50, faults);
    }
    if wanted("legal_basis") {
        match legal_basis_given(raw.legal_basis) {
            Some(basis) => one.legal_basis = basis,
            None => faults.add("innovation.legal_basis", "is not known", "tidak dikenal"),
        }
    }
    if wanted("supports") {
        for support in raw.supports {
            match support_given(support) {
                Some(support) => one.supports.push(support),
                None => faults.add(
                    "innovation.supports",
                    "are not all known",
                    "ada yang tidak dikenal",
                ),
            }
        }
    }
    if wanted("former_awards") {
        one.former_awards = former_awards_given(raw.former_awards, faults);
    }
    one
}

fn former_awards_given(raw: Vec<v1::Award>, faults: &mut Faults) -> Vec<Award> {
    if raw.len() > 50 {
        faults.add("innovation.former_awards", "are more than 50", "lebih dari 50");
        return Vec::new();
    }
    let award = |award: v1::Award| {
        let key = faults.take(name_rule::id("innovation.former_awards", &award.award))?;
        if !award.round.is_empty() {
            faults.add(
                "innovation.former_awards",
                "name no round: those of rounds come with their announcement",
                "tidak menyebut kompetisi: penghargaan dari kompetisi tercatat saat diumumkan",
            );
        }
        Some(Award {
            year: award.year,
            award: key,
            round: String::new(),
        })
    };
    raw.into_iter().filter_map(award).collect()
}

fn status(status: Status) -> v1::InnovationStatus {
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

fn fields(name: &str, one: &Innovation) -> v1::Innovation {
    v1::Innovation {
        name: name.to_owned(),
        title: one.title.clone(),
        description: one.description.clone(),
        initiator: one.initiator.clone(),
        category: one.category.clone(),
        sdgs: one.sdgs.clone(),
        status: status(one.status).into(),
        start_date: day(one.start_date),
        stop_date: day(one.stop_date),
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
        etag: etag::of(stored.version),
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
    v1::CatalogueItem {
        innovation: stored.name.to_string(),
        title: one.title.clone(),
        excerpt: one.description.chars().take(300).collect(),
        category: one.category.clone(),
        start_date: day(one.start_date),
        stop_date: day(one.stop_date),
    }
}
