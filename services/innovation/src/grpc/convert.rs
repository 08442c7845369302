//! From messages to requests about innovations, with every fault found at once.

use prima_platform::{failure::Failure, faults::Faults, page::Page, request_id::digest, text};
use prima_proto::{innovation::v1, name};
use prost_types::FieldMask;

use super::faults::Fields;
use crate::{
    app::{follow_up, record_replication, record_transfer, register_innovation, update_innovation},
    domain::{
        calendar::parse_date,
        innovation::{Award, Innovation, LegalBasis, Link, Status, Support},
        replication::{FollowUp, Replication, Transfer},
    },
    store::innovation::Filter,
};

/// Fields of an innovation that can be changed.
const CHANGEABLE: [&str; 13] = [
    "title",
    "description",
    "initiator",
    "category",
    "sdgs",
    "status",
    "start_date",
    "stop_date",
    "source",
    "documents",
    "legal_basis",
    "supports",
    "former_awards",
];

/// The paths of a mask: at least one, each among `known`.
pub fn mask(mask: Option<FieldMask>, known: &[&str], faults: &mut Faults) -> Vec<String> {
    let paths = mask.unwrap_or_default().paths;
    let list = known.join(", ");
    if paths.is_empty() {
        faults.add(
            "update_mask",
            format!("must name at least one field of: {list}"),
            format!("Sebutkan paling sedikit satu isian: {list}"),
        );
    }
    for path in paths.iter().filter(|path| !known.contains(&path.as_str())) {
        // The caller's own text, cut and cleaned so that it can be repeated.
        let shown: String = path.chars().filter(|c| !c.is_control()).take(64).collect();
        faults.add(
            "update_mask",
            format!("`{shown}` can't be changed; only: {list}"),
            format!("`{shown}` tidak dapat diubah; hanya: {list}"),
        );
    }
    paths
}

/// Documents and links, `least` to `most`.
pub fn links(field: &str, raw: &[v1::Link], least: usize, most: usize, faults: &mut Faults) -> Vec<Link> {
    if !(least..=most).contains(&raw.len()) {
        faults.add(
            field,
            format!("must have {least} to {most} links"),
            format!("harus {least} sampai {most} tautan"),
        );
        return Vec::new();
    }
    (0..)
        .zip(raw)
        .map(|(n, link): (usize, _)| Link {
            title: faults.or_default(text::line(&format!("{field}[{n}].title"), &link.title, 1, 200)),
            url: faults.or_default(text::url(&format!("{field}[{n}].url"), &link.url)),
        })
        .collect()
}

fn date(field: &str, raw: &str, faults: &mut Faults) -> Option<chrono::NaiveDate> {
    if raw.is_empty() {
        return None;
    }
    faults.take(parse_date(field, raw))
}

fn status(raw: i32) -> Option<Status> {
    match v1::InnovationStatus::try_from(raw).ok()? {
        v1::InnovationStatus::Unspecified => None,
        v1::InnovationStatus::Idea => Some(Status::Idea),
        v1::InnovationStatus::Preparation => Some(Status::Preparation),
        v1::InnovationStatus::Implemented => Some(Status::Implemented),
        v1::InnovationStatus::Stopped => Some(Status::Stopped),
    }
}

/// The fields of an innovation; with `only`, those that it names, the others as when new.
fn innovation(raw: v1::Innovation, only: Option<&[String]>, faults: &mut Faults) -> Innovation {
    let wanted = |path: &str| only.is_none_or(|paths| paths.iter().any(|p| p == path));
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
        match status(raw.status) {
            Some(status) => one.status = status,
            None => faults.add(
                "innovation.status",
                "is required and must be known",
                "Status wajib diisi dan dikenal",
            ),
        }
    }
    if wanted("start_date") {
        one.start_date = date("innovation.start_date", &raw.start_date, faults);
    }
    if wanted("stop_date") {
        one.stop_date = date("innovation.stop_date", &raw.stop_date, faults);
    }
    if wanted("source") {
        let source = faults.optional_name("innovation.source", &raw.source, name::Innovation::parse);
        one.source = source.flatten().map(|s| s.to_string()).unwrap_or_default();
    }
    if wanted("documents") {
        one.documents = links("innovation.documents", &raw.documents, 0, 50, faults);
    }
    if wanted("legal_basis") {
        match v1::LegalBasis::try_from(raw.legal_basis) {
            Ok(v1::LegalBasis::Unspecified) => one.legal_basis = LegalBasis::None,
            Ok(v1::LegalBasis::Draft) => one.legal_basis = LegalBasis::Draft,
            Ok(v1::LegalBasis::Enacted) => one.legal_basis = LegalBasis::Enacted,
            Err(_) => faults.add("innovation.legal_basis", "is not known", "tidak dikenal"),
        }
    }
    if wanted("supports") {
        for support in raw.supports {
            match v1::Support::try_from(support) {
                Ok(v1::Support::Budget) => one.supports.push(Support::Budget),
                Ok(v1::Support::Facilities) => one.supports.push(Support::Facilities),
                Ok(v1::Support::People) => one.supports.push(Support::People),
                Ok(v1::Support::Unspecified) | Err(_) => {
                    faults.add(
                        "innovation.supports",
                        "are not all known",
                        "ada yang tidak dikenal",
                    );
                }
            }
        }
    }
    if wanted("former_awards") {
        one.former_awards = former_awards(raw.former_awards, faults);
    }
    one
}

fn former_awards(raw: Vec<v1::Award>, faults: &mut Faults) -> Vec<Award> {
    if raw.len() > 50 {
        faults.add("innovation.former_awards", "are more than 50", "lebih dari 50");
        return Vec::new();
    }
    let award = |award: v1::Award| {
        let key = faults.new_id("innovation.former_awards", &award.award)?;
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

/// RegisterInnovation.
pub fn register(request: v1::RegisterInnovationRequest) -> Result<register_innovation::Request, Failure> {
    let mut faults = Faults::default();
    let once = faults.once(&request.request_id, digest(&request));
    let unit = faults.name("parent", &request.parent, name::Unit::parse);
    let id = faults.new_id("innovation_id", &request.innovation_id);
    let given = faults.required("innovation", request.innovation);
    let innovation = given.map(|given| innovation(given, None, &mut faults));
    let request = once
        .zip(unit.zip(id))
        .zip(innovation)
        .map(|((once, (unit, id)), innovation)| register_innovation::Request {
            once,
            name: name::Innovation { unit, innovation: id },
            innovation,
        });
    faults.settle(request)
}

/// UpdateInnovation.
pub fn update(request: v1::UpdateInnovationRequest) -> Result<update_innovation::Request, Failure> {
    let mut faults = Faults::default();
    let paths = mask(request.update_mask, &CHANGEABLE, &mut faults);
    let request = faults
        .required("innovation", request.innovation)
        .and_then(|given| {
            let name = faults.name("innovation.name", &given.name, name::Innovation::parse);
            let etag = given.etag.clone();
            let given = innovation(given, Some(&paths), &mut faults);
            Some(update_innovation::Request {
                name: name?,
                etag,
                paths,
                given,
            })
        });
    faults.settle(request)
}

/// `agencies/-`, `agencies/{agency}` or a unit, as ids; empty texts stand for all.
fn parent(field: &str, raw: &str, faults: &mut Faults) -> Option<(String, String)> {
    if raw.contains("/units/") {
        let unit = faults.name(field, raw, name::Unit::parse)?;
        return Some((unit.agency, unit.unit));
    }
    let agency = faults.name(field, raw, name::Agency::parse)?.agency;
    Some((if agency == "-" { String::new() } else { agency }, String::new()))
}

/// ListInnovations.
pub fn list(request: &v1::ListInnovationsRequest) -> Result<(Filter, Page), Failure> {
    let mut faults = Faults::default();
    let raw_status = request.status.to_string();
    let page = Page::parse(
        request.page_size,
        &request.page_token,
        &[&request.parent, &raw_status],
    );
    let page = faults.take_all(page);
    let within = parent("parent", &request.parent, &mut faults);
    let wanted = status(request.status);
    if wanted.is_none() && request.status != 0 {
        faults.add("status", "is not known", "Status tidak dikenal");
    }
    let filter = within.map(|(agency, unit)| Filter {
        agency,
        unit,
        status: wanted.map(|s| s.as_str().to_owned()).unwrap_or_default(),
        ..Filter::default()
    });
    faults.settle(filter.zip(page))
}

/// SearchCatalogue.
pub fn search(request: &v1::SearchCatalogueRequest) -> Result<(Filter, Page), Failure> {
    let mut faults = Faults::default();
    let (sdg, year) = (request.sdg.to_string(), request.year.to_string());
    let fields = [&request.query, &request.agency, &request.category, &sdg, &year];
    let page = Page::parse(
        request.page_size,
        &request.page_token,
        &fields.map(String::as_str),
    );
    let page = faults.take_all(page);
    let query = faults.take(text::line("query", &request.query, 0, 200));
    if query
        .as_deref()
        .is_some_and(|q| !q.is_empty() && !q.chars().any(char::is_alphanumeric))
    {
        faults.add(
            "query",
            "must hold letters or digits",
            "harus memuat huruf atau angka",
        );
    }
    let agency = faults.optional_name("agency", &request.agency, name::Agency::parse);
    if !request.category.is_empty() {
        faults.new_id("category", &request.category);
    }
    let sdg = faults.range("sdg", request.sdg, 0, 17);
    let year = faults.year("year", request.year, true);
    let filter = query.zip(agency).map(|(query, agency)| Filter {
        agency: agency.map(|a| a.agency).unwrap_or_default(),
        category: request.category.clone(),
        sdg,
        year,
        public: true,
        query,
        ..Filter::default()
    });
    faults.settle(filter.zip(page))
}

/// RecordReplication.
pub fn replication(request: v1::RecordReplicationRequest) -> Result<record_replication::Request, Failure> {
    let mut faults = Faults::default();
    let once = faults.once(&request.request_id, digest(&request));
    let source = faults.name("parent", &request.parent, name::Innovation::parse);
    let request = faults
        .required("replication", request.replication)
        .and_then(|given| {
            let adopter = faults.name("replication.adopter", &given.adopter, name::Unit::parse);
            let replica =
                faults.optional_name("replication.replica", &given.replica, name::Innovation::parse);
            let adopted = faults.take(parse_date("replication.adopt_date", &given.adopt_date));
            let evidence = links("replication.evidence", &given.evidence, 1, 20, &mut faults);
            let replica = replica?;
            Some(record_replication::Request {
                once: once?,
                innovation: source?,
                adopter: adopter?,
                replication: Replication {
                    replica: replica.as_ref().map(ToString::to_string).unwrap_or_default(),
                    adopted: adopted?,
                    partial: given.partial,
                    evidence,
                    follow_ups: Vec::new(),
                },
                replica,
            })
        });
    faults.settle(request)
}

/// FollowUpReplication.
pub fn follow_up(request: v1::FollowUpReplicationRequest) -> Result<follow_up::Request, Failure> {
    let mut faults = Faults::default();
    let once = faults.once(&request.request_id, digest(&request));
    let name = faults.name("name", &request.name, name::Replication::parse);
    let request = faults.required("follow_up", request.follow_up).and_then(|given| {
        let date = faults.take(parse_date("follow_up.date", &given.date));
        let remark = faults.take(text::lines("follow_up.remark", &given.remark, 0, 2000));
        Some(follow_up::Request {
            once: once?,
            name: name?,
            follow_up: FollowUp {
                date: date?,
                in_use: given.in_use,
                remark: remark?,
            },
        })
    });
    faults.settle(request)
}

/// RecordTransfer.
pub fn transfer(request: v1::RecordTransferRequest) -> Result<record_transfer::Request, Failure> {
    let mut faults = Faults::default();
    let once = faults.once(&request.request_id, digest(&request));
    let request = faults.required("transfer", request.transfer).and_then(|given| {
        let innovation = faults.name("transfer.innovation", &given.innovation, name::Innovation::parse);
        let title = faults.take(text::line("transfer.title", &given.title, 1, 200));
        let date = faults.take(parse_date("transfer.date", &given.date));
        let evidence = links("transfer.evidence", &given.evidence, 0, 20, &mut faults);
        let mut receivers = Vec::new();
        for raw in given.receivers.iter().take(101) {
            let Some(unit) = faults.name("transfer.receivers", raw, name::Unit::parse) else {
                continue;
            };
            if receivers.contains(&unit) || innovation.as_ref().is_some_and(|i| i.unit == unit) {
                faults.add(
                    "transfer.receivers",
                    "must be other units than the giver, each once",
                    "harus unit lain dari pemilik inovasi, masing-masing sekali",
                );
            }
            receivers.push(unit);
        }
        if given.receivers.is_empty() || given.receivers.len() > 100 {
            faults.add(
                "transfer.receivers",
                "must be 1 to 100 units",
                "harus 1 sampai 100 unit",
            );
        }
        Some(record_transfer::Request {
            once: once?,
            innovation: innovation?,
            transfer: Transfer {
                title: title?,
                date: date?,
                receivers: receivers.iter().map(ToString::to_string).collect(),
                evidence,
            },
            receivers,
        })
    });
    faults.settle(request)
}
