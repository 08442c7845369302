//! Messages of innovations.

use prima_platform::{
    clock::{from_micros, to_proto},
    etag,
    request::{self, Choice, Faults, Mask, text},
};
use prima_proto::{innovation::v1, name};

use crate::{
    domain::{
        calendar::parse_date,
        innovation::{Award, Innovation, LegalBasis, Status, Support},
    },
    rpc::message::{awards, day, links, parse_links, same_values, small},
    store::{innovation::Stored, revision::Revision},
};

/// Status of an innovation.
pub const STATUS: Choice = Choice {
    english: "status",
    indonesian: "Status",
};
const LEGAL_BASIS: Choice = Choice {
    english: "legal basis",
    indonesian: "Payung hukum",
};
const SUPPORT: Choice = Choice {
    english: "support",
    indonesian: "Dukungan",
};

same_values!(parse_status, status, Status, InnovationStatus: Idea, Preparation, Implemented, Stopped);
same_values!(parse_support, support, Support, Support: Budget, Facilities, People);

fn parse_legal_basis(value: v1::LegalBasis) -> Option<LegalBasis> {
    match value {
        v1::LegalBasis::Unspecified => Some(LegalBasis::None),
        v1::LegalBasis::Draft => Some(LegalBasis::Draft),
        v1::LegalBasis::Enacted => Some(LegalBasis::Enacted),
    }
}

/// Parses an innovation; with a mask only the fields that it names, the others have their defaults.
pub fn parse(raw: v1::Innovation, mask: Option<&Mask>, faults: &mut Faults) -> Innovation {
    let wanted = |path: &str| mask.is_none_or(|mask| mask.names(path));
    let mut one = Innovation::default();
    if wanted("title") {
        one.title = faults.or_default(text::name("innovation.title", &raw.title, 3, 200));
    }
    if wanted("description") {
        one.description =
            faults.or_default(text::lines("innovation.description", &raw.description, 0, 10_000));
    }
    if wanted("initiator") {
        one.initiator = faults.or_default(text::name("innovation.initiator", &raw.initiator, 0, 200));
    }
    if wanted("category") {
        one.category = raw.category;
    }
    if wanted("sdgs") {
        one.sdgs = raw.sdgs;
    }
    if wanted("status") {
        one.status = faults.or_default(STATUS.required("innovation.status", raw.status, parse_status));
    }
    for (date, path, raw) in [
        (&mut one.start_date, "start_date", &raw.start_date),
        (&mut one.stop_date, "stop_date", &raw.stop_date),
    ] {
        if wanted(path) {
            let field = format!("innovation.{path}");
            *date = faults.or_default(request::optional(raw, |raw| parse_date(&field, raw)));
        }
    }
    if wanted("source") {
        let source = request::optional(&raw.source, |raw| request::name("innovation.source", raw));
        let source: Option<name::Innovation> = faults.or_default(source);
        one.source = source.map(|s| s.to_string()).unwrap_or_default();
    }
    if wanted("documents") {
        one.documents = parse_links("innovation.documents", &raw.documents, 0, 50, faults);
    }
    if wanted("legal_basis") {
        let basis = LEGAL_BASIS.required("innovation.legal_basis", raw.legal_basis, parse_legal_basis);
        one.legal_basis = faults.or_default(basis);
    }
    if wanted("supports") {
        let support = |raw| faults.take(SUPPORT.required("innovation.supports", raw, parse_support));
        one.supports = raw.supports.into_iter().filter_map(support).collect();
    }
    if wanted("former_awards") {
        one.former_awards = parse_former_awards(raw.former_awards, faults);
    }
    one
}

fn parse_former_awards(raw: Vec<v1::Award>, faults: &mut Faults) -> Vec<Award> {
    if raw.len() > 50 {
        faults.add("innovation.former_awards", "are more than 50", "lebih dari 50");
        return Vec::new();
    }
    let award = |award: v1::Award| {
        let key = faults.take(request::new_id(
            "innovation.former_awards",
            &award.award,
            name::id,
        ))?;
        if !award.round.is_empty() {
            faults.add(
                "innovation.former_awards",
                "name no round: those of rounds come with their announcement",
                "kompetisi harus kosong: penghargaan dari kompetisi dicatat saat diumumkan",
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

fn legal_basis(basis: LegalBasis) -> v1::LegalBasis {
    match basis {
        LegalBasis::None => v1::LegalBasis::Unspecified,
        LegalBasis::Draft => v1::LegalBasis::Draft,
        LegalBasis::Enacted => v1::LegalBasis::Enacted,
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

/// An innovation as a message; `confirmed` is whether the directory has announced its unit.
pub fn innovation(stored: &Stored, confirmed: bool) -> v1::Innovation {
    v1::Innovation {
        unit_confirmed: confirmed,
        etag: etag::of(stored.version),
        create_time: Some(to_proto(from_micros(stored.created_at))),
        update_time: Some(to_proto(from_micros(stored.updated_at))),
        ..fields(&stored.name.to_string(), &stored.innovation)
    }
}

/// An earlier state of the innovation `name`.
pub fn revision(name: &str, revision: &Revision) -> v1::InnovationRevision {
    v1::InnovationRevision {
        number: small(revision.number),
        innovation: Some(fields(name, &revision.innovation)),
        editor: revision.editor.clone(),
        time: Some(to_proto(from_micros(revision.made_at))),
    }
}

/// An item of the catalogue.
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
