//! Converts agencies from and to messages.

use prima_platform::{clock::to_proto, etag, failure::Violation, request::Choice};
use prima_proto::{directory::v1, name};

use crate::domain::agency::{Agency, Kind};

const KIND: Choice = Choice {
    english: "kind of agency",
    indonesian: "Jenis instansi",
};

fn kind_given(kind: v1::AgencyKind) -> Option<Kind> {
    match kind {
        v1::AgencyKind::Unspecified => None,
        v1::AgencyKind::Kementerian => Some(Kind::Kementerian),
        v1::AgencyKind::Lembaga => Some(Kind::Lembaga),
        v1::AgencyKind::Provinsi => Some(Kind::Provinsi),
        v1::AgencyKind::Kabupaten => Some(Kind::Kabupaten),
        v1::AgencyKind::Kota => Some(Kind::Kota),
    }
}

/// The required kind in a field.
pub fn kind(field: &str, raw: i32) -> Result<Kind, Violation> {
    KIND.required(field, raw, kind_given)
}

/// The optional kind in a field.
pub fn optional_kind(field: &str, raw: i32) -> Result<Option<Kind>, Violation> {
    KIND.optional(field, raw, kind_given)
}

/// A kind as its enumeration value.
pub fn kind_message(kind: Kind) -> v1::AgencyKind {
    match kind {
        Kind::Kementerian => v1::AgencyKind::Kementerian,
        Kind::Lembaga => v1::AgencyKind::Lembaga,
        Kind::Provinsi => v1::AgencyKind::Provinsi,
        Kind::Kabupaten => v1::AgencyKind::Kabupaten,
        Kind::Kota => v1::AgencyKind::Kota,
    }
}

/// The name of a province; empty when there is none.
pub fn parent(parent: Option<&name::Agency>) -> String {
    parent.map(ToString::to_string).unwrap_or_default()
}

/// An agency as its message.
pub fn agency(agency: &Agency) -> v1::Agency {
    v1::Agency {
        name: agency.name.to_string(),
        display_name: agency.display_name.clone(),
        kind: kind_message(agency.kind).into(),
        parent: parent(agency.parent.as_ref()),
        etag: etag::of(agency.version),
        create_time: Some(to_proto(agency.created_at)),
        update_time: Some(to_proto(agency.updated_at)),
    }
}
