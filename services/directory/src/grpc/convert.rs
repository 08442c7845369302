//! From messages to requests of the use cases, with every fault found at once.

use prima_platform::{
    failure::{Failure, Violation},
    page::Page,
    request_id,
};
use prima_proto::{directory::v1, name};
use prost_types::FieldMask;

use super::faults::Faults;
use crate::{
    app::{
        Once, close_unit, create_agency, create_public_service, create_unit, update_agency,
        update_public_service, update_unit,
    },
    domain::{
        agency::{self, Kind},
        name_rule, public_service, text, unit, unit_type,
    },
    store::{AgencyFilter, UnitFilter},
};

fn agency(field: &str, raw: &str) -> Result<name::Agency, Violation> {
    name::Agency::parse(raw).map_err(|error| name_rule::fault(field, &error))
}

pub(super) fn unit(field: &str, raw: &str) -> Result<name::Unit, Violation> {
    name::Unit::parse(raw).map_err(|error| name_rule::fault(field, &error))
}

pub(super) fn public_service(field: &str, raw: &str) -> Result<name::PublicService, Violation> {
    name::PublicService::parse(raw).map_err(|error| name_rule::fault(field, &error))
}

/// The agency that a field may name.
fn optional_agency(field: &str, raw: &str) -> Result<Option<name::Agency>, Violation> {
    if raw.is_empty() {
        Ok(None)
    } else {
        agency(field, raw).map(Some)
    }
}

/// The kind that a field may name.
fn optional_kind(field: &str, raw: i32) -> Result<Option<Kind>, Violation> {
    match v1::AgencyKind::try_from(raw) {
        Ok(v1::AgencyKind::Unspecified) => Ok(None),
        Ok(v1::AgencyKind::Kementerian) => Ok(Some(Kind::Kementerian)),
        Ok(v1::AgencyKind::Lembaga) => Ok(Some(Kind::Lembaga)),
        Ok(v1::AgencyKind::Provinsi) => Ok(Some(Kind::Provinsi)),
        Ok(v1::AgencyKind::Kabupaten) => Ok(Some(Kind::Kabupaten)),
        Ok(v1::AgencyKind::Kota) => Ok(Some(Kind::Kota)),
        Err(_) => Err(Violation::new(
            field,
            format!("{raw} is not a known kind of agency"),
            format!("Jenis instansi {raw} tidak dikenal"),
        )),
    }
}

fn kind(field: &str, raw: i32) -> Result<Kind, Violation> {
    optional_kind(field, raw)?
        .ok_or_else(|| Violation::new(field, "is required", "Jenis instansi wajib diisi"))
}

/// The paths of a mask: at least one, each among `known`.
fn mask(mask: Option<FieldMask>, known: &[&str], faults: &mut Faults) -> Vec<String> {
    let paths = mask.unwrap_or_default().paths;
    let field = "update_mask";
    let list = known.join(", ");
    if paths.is_empty() {
        faults.add(Violation::new(
            field,
            format!("must name at least one field of: {list}"),
            format!("Sebutkan paling sedikit satu isian: {list}"),
        ));
    }
    for path in paths.iter().filter(|path| !known.contains(&path.as_str())) {
        // The caller's own text, cut and cleaned so that it can be repeated.
        let shown: String = path.chars().filter(|c| !c.is_control()).take(64).collect();
        faults.add(Violation::new(
            field,
            format!("`{shown}` can't be changed; only: {list}"),
            format!("`{shown}` tidak dapat diubah; hanya: {list}"),
        ));
    }
    paths
}

/// Parses a field that the mask names. The outer `None` is a fault, the inner one a field left as it is.
fn masked<T>(
    paths: &[String],
    path: &str,
    faults: &mut Faults,
    parse: impl FnOnce() -> Result<T, Violation>,
) -> Option<Option<T>> {
    if paths.iter().any(|p| p == path) {
        faults.take(parse()).map(Some)
    } else {
        Some(None)
    }
}

pub(super) fn checked_request_id(request_id: String, faults: &mut Faults) -> Option<String> {
    faults
        .take(request_id::check("request_id", &request_id))
        .map(|()| request_id)
}

/// CreateAgency.
pub fn create_agency(request: v1::CreateAgencyRequest) -> Result<create_agency::Request, Failure> {
    let mut faults = Faults::default();
    let request_id = checked_request_id(request.request_id, &mut faults);
    let name = faults.take(name_rule::new_agency("agency_id", &request.agency_id));
    let draft = faults.required("agency", request.agency).and_then(|agency| {
        let display_name = faults.take(text::display_name("agency.display_name", &agency.display_name));
        let kind = faults.take(kind("agency.kind", agency.kind));
        let parent = faults.take(optional_agency("agency.parent", &agency.parent));
        if let (Some(kind), Some(parent)) = (kind, &parent) {
            faults.take(agency::check_parent("agency.parent", kind, parent.as_ref()));
        }
        Some((display_name?, kind?, parent?))
    });
    let new = match (request_id, name, draft) {
        (Some(request_id), Some(name), Some((display_name, kind, parent))) => {
            let body = v1::CreateAgencyRequest {
                agency_id: name.agency.clone(),
                agency: Some(v1::Agency {
                    display_name: display_name.clone(),
                    kind: super::render::kind(kind).into(),
                    parent: parent.as_ref().map(ToString::to_string).unwrap_or_default(),
                    ..v1::Agency::default()
                }),
                ..v1::CreateAgencyRequest::default()
            };
            let once = Once {
                request_id,
                digest: request_id::digest(&body),
            };
            Some(create_agency::Request {
                once,
                name,
                display_name,
                kind,
                parent,
            })
        }
        _ => None,
    };
    faults.settle(new)
}

/// UpdateAgency.
pub fn update_agency(request: v1::UpdateAgencyRequest) -> Result<update_agency::Request, Failure> {
    let mut faults = Faults::default();
    let paths = mask(request.update_mask, &["display_name", "parent"], &mut faults);
    let change = faults.required("agency", request.agency).and_then(|agency_| {
        let name = faults.take(agency("agency.name", &agency_.name));
        let display_name = masked(&paths, "display_name", &mut faults, || {
            text::display_name("agency.display_name", &agency_.display_name)
        });
        let parent = masked(&paths, "parent", &mut faults, || {
            optional_agency("agency.parent", &agency_.parent)
        });
        let change = agency::Change {
            display_name: display_name?,
            parent: parent?,
        };
        Some(update_agency::Request {
            name: name?,
            etag: agency_.etag,
            change,
        })
    });
    faults.settle(change)
}

/// CreateUnit.
pub fn create_unit(request: v1::CreateUnitRequest) -> Result<create_unit::Request, Failure> {
    let mut faults = Faults::default();
    let request_id = checked_request_id(request.request_id, &mut faults);
    let parent = faults.take(agency("parent", &request.parent));
    let id = faults.take(name_rule::new_child("unit_id", &request.unit_id));
    let draft = faults.required("unit", request.unit).and_then(|unit| {
        let display_name = faults.take(text::display_name("unit.display_name", &unit.display_name));
        let unit_type = faults.take(unit_type::key("unit.unit_type", &unit.unit_type));
        Some((display_name?, unit_type?))
    });
    let new = match (request_id, parent, id, draft) {
        (Some(request_id), Some(parent), Some(id), Some((display_name, unit_type))) => {
            let body = v1::CreateUnitRequest {
                parent: parent.to_string(),
                unit_id: id.clone(),
                unit: Some(v1::Unit {
                    display_name: display_name.clone(),
                    unit_type: unit_type.clone(),
                    ..v1::Unit::default()
                }),
                ..v1::CreateUnitRequest::default()
            };
            let once = Once {
                request_id,
                digest: request_id::digest(&body),
            };
            let name = name::Unit {
                agency: parent.agency,
                unit: id,
            };
            Some(create_unit::Request {
                once,
                name,
                display_name,
                unit_type,
            })
        }
        _ => None,
    };
    faults.settle(new)
}

/// UpdateUnit.
pub fn update_unit(request: v1::UpdateUnitRequest) -> Result<update_unit::Request, Failure> {
    let mut faults = Faults::default();
    let paths = mask(request.update_mask, &["display_name", "unit_type"], &mut faults);
    let change = faults.required("unit", request.unit).and_then(|unit_| {
        let name = faults.take(unit("unit.name", &unit_.name));
        let display_name = masked(&paths, "display_name", &mut faults, || {
            text::display_name("unit.display_name", &unit_.display_name)
        });
        let unit_type = masked(&paths, "unit_type", &mut faults, || {
            unit_type::key("unit.unit_type", &unit_.unit_type)
        });
        let change = unit::Change {
            display_name: display_name?,
            unit_type: unit_type?,
        };
        Some(update_unit::Request {
            name: name?,
            etag: unit_.etag,
            change,
        })
    });
    faults.settle(change)
}

/// CloseUnit.
pub fn close_unit(request: v1::CloseUnitRequest) -> Result<close_unit::Request, Failure> {
    let mut faults = Faults::default();
    let name = faults.take(unit("name", &request.name));
    let date = faults.take(text::day("close_date", &request.close_date));
    let successors = faults.take_all(unit::successors("successors", name.as_ref(), &request.successors));
    let close = match (name, date, successors) {
        (Some(name), Some(date), Some(successors)) => Some(close_unit::Request {
            name,
            etag: request.etag,
            date,
            successors,
        }),
        _ => None,
    };
    faults.settle(close)
}

/// CreatePublicService.
pub fn create_public_service(
    request: v1::CreatePublicServiceRequest,
) -> Result<create_public_service::Request, Failure> {
    let mut faults = Faults::default();
    let request_id = checked_request_id(request.request_id, &mut faults);
    let parent = faults.take(unit("parent", &request.parent));
    let id = faults.take(name_rule::new_child(
        "public_service_id",
        &request.public_service_id,
    ));
    let draft = faults
        .required("public_service", request.public_service)
        .and_then(|service| {
            let display_name = faults.take(text::display_name(
                "public_service.display_name",
                &service.display_name,
            ));
            let description = faults.take(text::description(
                "public_service.description",
                &service.description,
            ));
            Some((display_name?, description?))
        });
    let new = match (request_id, parent, id, draft) {
        (Some(request_id), Some(unit), Some(id), Some((display_name, description))) => {
            let body = v1::CreatePublicServiceRequest {
                parent: unit.to_string(),
                public_service_id: id.clone(),
                public_service: Some(v1::PublicService {
                    display_name: display_name.clone(),
                    description: description.clone(),
                    ..v1::PublicService::default()
                }),
                ..v1::CreatePublicServiceRequest::default()
            };
            let once = Once {
                request_id,
                digest: request_id::digest(&body),
            };
            let name = name::PublicService { unit, service: id };
            Some(create_public_service::Request {
                once,
                name,
                display_name,
                description,
            })
        }
        _ => None,
    };
    faults.settle(new)
}

/// UpdatePublicService.
pub fn update_public_service(
    request: v1::UpdatePublicServiceRequest,
) -> Result<update_public_service::Request, Failure> {
    let mut faults = Faults::default();
    let paths = mask(request.update_mask, &["display_name", "description"], &mut faults);
    let change = faults
        .required("public_service", request.public_service)
        .and_then(|service| {
            let name = faults.take(public_service("public_service.name", &service.name));
            let display_name = masked(&paths, "display_name", &mut faults, || {
                text::display_name("public_service.display_name", &service.display_name)
            });
            let description = masked(&paths, "description", &mut faults, || {
                text::description("public_service.description", &service.description)
            });
            let change = public_service::Change {
                display_name: display_name?,
                description: description?,
            };
            Some(update_public_service::Request {
                name: name?,
                etag: service.etag,
                change,
            })
        });
    faults.settle(change)
}

/// GetAgency.
pub fn get_agency(request: &v1::GetAgencyRequest) -> Result<name::Agency, Failure> {
    agency("name", &request.name).map_err(|fault| Failure::invalid(vec![fault]))
}

/// GetUnit.
pub fn get_unit(request: &v1::GetUnitRequest) -> Result<name::Unit, Failure> {
    unit("name", &request.name).map_err(|fault| Failure::invalid(vec![fault]))
}

/// GetPublicService.
pub fn get_public_service(request: &v1::GetPublicServiceRequest) -> Result<name::PublicService, Failure> {
    public_service("name", &request.name).map_err(|fault| Failure::invalid(vec![fault]))
}

/// ListAgencies.
pub fn list_agencies(request: &v1::ListAgenciesRequest) -> Result<(AgencyFilter, Page), Failure> {
    let mut faults = Faults::default();
    let raw_kind = request.kind.to_string();
    let fields = [raw_kind.as_str(), request.parent.as_str()];
    let page = faults.take_all(Page::parse(request.page_size, &request.page_token, &fields));
    let kind = faults.take(optional_kind("kind", request.kind));
    let parent = faults.take(optional_agency("parent", &request.parent));
    faults.settle(
        kind.zip(parent)
            .map(|(kind, parent)| AgencyFilter { kind, parent })
            .zip(page),
    )
}

/// ListUnits.
pub fn list_units(request: &v1::ListUnitsRequest) -> Result<(UnitFilter, Page), Failure> {
    let mut faults = Faults::default();
    let fields = [request.parent.as_str(), request.unit_type.as_str()];
    let page = faults.take_all(Page::parse(request.page_size, &request.page_token, &fields));
    let agency = faults.take(agency("parent", &request.parent));
    let unit_type = match request.unit_type.as_str() {
        "" => Some(None),
        key => faults.take(unit_type::key("unit_type", key)).map(Some),
    };
    let agency = agency.map(|agency| (agency.agency != name_rule::WILDCARD).then_some(agency));
    faults.settle(
        agency
            .zip(unit_type)
            .map(|(agency, unit_type)| UnitFilter { agency, unit_type })
            .zip(page),
    )
}

/// ListPublicServices.
pub fn list_public_services(request: &v1::ListPublicServicesRequest) -> Result<(name::Unit, Page), Failure> {
    let mut faults = Faults::default();
    let fields = [request.parent.as_str()];
    let page = faults.take_all(Page::parse(request.page_size, &request.page_token, &fields));
    let unit = faults.take(unit("parent", &request.parent));
    faults.settle(unit.zip(page))
}
