//! Names and repeats, with their faults.

use prima_platform::{failure::Violation, faults::Faults, request_id, vault::Keyring};
use prima_proto::name;
use prost::Message;

use crate::app::Once;

/// What requests of this service are made of.
pub trait Fields {
    /// A resource name.
    fn name<T>(
        &mut self,
        field: &str,
        raw: &str,
        parse: impl Fn(&str) -> Result<T, name::Error>,
    ) -> Option<T>;

    /// The request's id with the digest of its body; take it before the body is taken apart.
    fn once(&mut self, vault: &Keyring, request_id: &str, body: &impl Message) -> Option<Once>;

    /// `agencies/{agency}` or `agencies/{agency}/units/{unit}`, as ids; `agencies/-` is an agency with an empty id.
    fn parent(&mut self, field: &str, raw: &str) -> Option<(String, String)>;
}

impl Fields for Faults {
    fn name<T>(
        &mut self,
        field: &str,
        raw: &str,
        parse: impl Fn(&str) -> Result<T, name::Error>,
    ) -> Option<T> {
        // What was written is not repeated: a code or a telephone number may stand here by mistake.
        self.take(parse(raw).map_err(|error| match error {
            name::Error::Form { form } => Violation::new(
                field,
                format!("must have the form `{form}`"),
                format!("harus berbentuk `{form}`"),
            ),
            name::Error::Token { max, .. } => Violation::new(
                field,
                format!("has an id that is not 1 to {max} characters of a-z, 0-9 and -"),
                format!("memuat id yang bukan 1 sampai {max} karakter dari a-z, 0-9, dan -"),
            ),
        }))
    }

    fn once(&mut self, vault: &Keyring, request_id: &str, body: &impl Message) -> Option<Once> {
        self.take(request_id::check("request_id", request_id))?;
        Some(Once {
            request_id: request_id.to_owned(),
            digest: vault.digest(&body.encode_to_vec()),
        })
    }

    fn parent(&mut self, field: &str, raw: &str) -> Option<(String, String)> {
        if raw.contains("/units/") {
            let unit = self.name(field, raw, name::Unit::parse)?;
            if unit.agency == "-" || unit.unit == "-" {
                self.add(
                    field,
                    "`-` stands for all agencies, not for units",
                    "`-` berarti semua instansi, bukan unit",
                );
                return None;
            }
            return Some((unit.agency, unit.unit));
        }
        let agency = self.name(field, raw, name::Agency::parse)?.agency;
        Some((if agency == "-" { String::new() } else { agency }, String::new()))
    }
}
