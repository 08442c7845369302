//! The fields of a survey that may be changed after its creation, and their checks.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use prima_platform::{
    failure::Violation,
    request::{Faults, text::Text},
};
use prima_proto::name;
use serde::{Deserialize, Serialize};

use crate::domain::{
    period::{Invalid, Period},
    sample,
};

const DISPLAY_NAME: Text = Text::name("Judul survei", 0, 200);
/// Most public services of a survey; no unit has as many.
const SERVICES_MAX: usize = 1000;
/// [`sample::POPULATION_MAX`] in Indonesian number format.
const POPULATION_MAX: &str = "1.000.000.000";

/// An access mode: how responses may be submitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessMode {
    /// By a caller with a role in the agency.
    Agent,
    /// With a single-use token.
    Token,
    /// With the open link.
    Link,
    /// By a registered device.
    Kiosk,
}

/// Number of users of one public service in the previous period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServicePopulation {
    /// Id of the public service.
    pub service: String,
    /// Users, 1 to 1,000,000,000.
    pub population: i64,
    /// Whether it has a sample of its own. Services that release 0.1.0 stored have one sample together, so that figures that
    /// were published do not change.
    #[serde(default)]
    pub own_sample: bool,
}

/// Parses a period.
///
/// # Errors
///
/// The text is not a period.
pub fn period(field: &str, raw: &str) -> Result<Period, Violation> {
    raw.parse().map_err(|error: Invalid| {
        Violation::new(
            field,
            error.to_string(),
            "Periode harus `YYYY`, `YYYY-s1` sampai `-s2`, `YYYY-q1` sampai `-q4`, \
             atau `YYYY-m01` sampai `-m12`, dengan tahun 2000 sampai 2100",
        )
    })
}

/// Checks the id of a public service.
///
/// # Errors
///
/// The text is not an id.
pub fn service_id(field: &str, raw: &str) -> Result<String, Violation> {
    let max = name::TOKEN_MAX;
    name::id(raw).map(str::to_owned).map_err(|_| {
        Violation::new(
            field,
            format!("must be 1 to {max} characters of a-z, 0-9 and -"),
            format!("ID jenis layanan harus 1 sampai {max} karakter dari a-z, 0-9, dan -"),
        )
    })
}

pub(in crate::domain) fn display_name(text: &str, faults: &mut Faults) -> String {
    faults.or_default(DISPLAY_NAME.check("survey.display_name", text))
}

pub(in crate::domain) fn check_schedule(
    open_at: Option<DateTime<Utc>>,
    close_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
    order_field: &str,
    faults: &mut Faults,
) {
    if close_at.zip(open_at).is_some_and(|(close, open)| close <= open) {
        faults.add(
            order_field,
            "close_time must be after open_time",
            "Waktu tutup harus setelah waktu buka",
        );
    }
    if close_at.is_some_and(|close| close <= now) {
        faults.add("survey.close_time", "is in the past", "Waktu tutup sudah lewat");
    }
}

/// The declared population; the sum of the public services when there are any. `of` begins the paths of the fields.
pub fn population(of: &str, given: i64, services: &[ServicePopulation], faults: &mut Faults) -> i64 {
    let range = 0..=sample::POPULATION_MAX;
    if !range.contains(&given) {
        faults.add(
            format!("{of}population"),
            format!("must be 0 to {}", sample::POPULATION_MAX),
            format!("Jumlah pengguna layanan harus 0 sampai {POPULATION_MAX}"),
        );
    }
    if services.is_empty() {
        return given;
    }
    if let Err(found) = check_services(of, services) {
        faults.take_all::<()>(Err(found));
        return given;
    }
    let sum = services.iter().map(|s| s.population).fold(0, i64::saturating_add);
    if sum > sample::POPULATION_MAX {
        faults.add(
            format!("{of}service_populations"),
            format!("must add up to at most {}", sample::POPULATION_MAX),
            format!("Jumlah seluruh pengguna layanan paling banyak {POPULATION_MAX}"),
        );
    } else if range.contains(&given) && given != 0 && given != sum {
        faults.add(
            format!("{of}population"),
            format!("must be 0 or {sum}, the sum of service_populations"),
            format!("Jumlah pengguna layanan harus 0 atau {sum}, yaitu jumlah dari semua jenis layanan"),
        );
    }
    sum
}

fn check_services(of: &str, services: &[ServicePopulation]) -> Result<(), Vec<Violation>> {
    let mut faults = Faults::default();
    let field = &format!("{of}service_populations");
    if services.len() > SERVICES_MAX {
        faults.add(
            field,
            format!("must be at most {SERVICES_MAX}"),
            format!("Paling banyak {SERVICES_MAX} jenis layanan"),
        );
        return faults.part(());
    }
    let mut seen = BTreeSet::new();
    for (at, one) in services.iter().enumerate() {
        let service = format!("{field}[{at}].service");
        let id = faults.take(service_id(&service, &one.service));
        if id.is_some_and(|id| !seen.insert(id)) {
            faults.add(
                service,
                format!("`{}` is given more than once", one.service),
                format!("Jenis layanan `{}` disebut lebih dari sekali", one.service),
            );
        }
        if !(1..=sample::POPULATION_MAX).contains(&one.population) {
            faults.add(
                format!("{field}[{at}].population"),
                format!("must be 1 to {}", sample::POPULATION_MAX),
                format!("Jumlah pengguna layanan harus 1 sampai {POPULATION_MAX}"),
            );
        }
    }
    faults.part(())
}

/// The given access modes; [`AccessMode::Agent`] when none are given.
pub(in crate::domain) fn access(mut given: BTreeSet<AccessMode>) -> BTreeSet<AccessMode> {
    if given.is_empty() {
        given.insert(AccessMode::Agent);
    }
    given
}
