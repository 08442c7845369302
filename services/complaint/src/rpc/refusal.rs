//! The failure that a caller gets for a refusal of the domain rules.

use prima_platform::failure::{Failure, Kind, Violation};

use super::{class, rights::precondition};
use crate::domain::{case::Refusal, workflow::ActionKind};

/// The failure for a refusal. It repeats nothing that the caller wrote.
pub fn refused(refusal: &Refusal) -> Failure {
    let listed = |list: &[ActionKind], name: fn(ActionKind) -> &'static str| {
        let names: Vec<&str> = list.iter().map(|action| name(*action)).collect();
        if names.is_empty() {
            "-".to_owned()
        } else {
            names.join(", ")
        }
    };
    let invalid = |field: &str, english: &str, indonesian: &str| {
        Failure::invalid(vec![Violation::new(field, english, indonesian)])
    };
    let reason = refusal.reason();
    match refusal {
        Refusal::UnknownClass => class::unknown("class").into(),
        Refusal::UnknownReason => invalid(
            "reason",
            "is not a reason of the workflow; a report with a wrong address must be forwarded",
            "bukan alasan yang dikenal; laporan salah alamat dialihkan, bukan ditolak",
        ),
        Refusal::SameAgency => invalid(
            "to",
            "already has the report",
            "instansi atau unit ini sudah menangani laporan ini",
        ),
        Refusal::StarsOutOfRange => invalid("rating", "must be 1 to 5", "harus 1 sampai 5"),
        Refusal::IllegalTransition {
            state,
            action,
            allowed,
        } => precondition(
            reason,
            format!(
                "`{}` is not possible in state `{state}`; possible: {}",
                action.key(),
                listed(allowed, ActionKind::key)
            ),
            format!(
                "Tindakan ini tidak dapat dilakukan pada status laporan sekarang; yang dapat dilakukan: {}",
                listed(allowed, ActionKind::label)
            ),
        ),
        Refusal::WrongRole { needs } => {
            let roles: Vec<&str> = needs.iter().map(|role| role.key()).collect();
            let labels: Vec<&str> = needs.iter().map(|role| role.label()).collect();
            Failure::new(
                Kind::Denied,
                reason,
                format!("needs the role {}", roles.join(" or ")),
                format!("Perlu peran {}", labels.join(" atau ")),
            )
        }
        Refusal::WindowPassed { clock } => precondition(
            reason,
            format!("the window `{clock}` has passed"),
            "Batas waktu untuk tindakan ini sudah lewat",
        ),
        Refusal::NotAnswered => precondition(
            reason,
            "only an answered report can be rated",
            "Hanya laporan yang sudah ditanggapi dapat dinilai",
        ),
        Refusal::AlreadyRated => precondition(
            reason,
            "the report was rated already",
            "Laporan ini sudah dinilai",
        ),
        Refusal::TopLevel => precondition(
            reason,
            "the report is at the highest level",
            "Laporan sudah pada jenjang eskalasi tertinggi",
        ),
        Refusal::Settled => precondition(
            reason,
            "the report is closed or archived",
            "Laporan sudah selesai atau diarsipkan",
        ),
    }
}
