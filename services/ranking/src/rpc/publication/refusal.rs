//! Why a proposal is not published, replaced or objected to.

use prima_platform::failure::{Failure, Kind};

use crate::domain::publication::Refused;

/// The proposal is published or replaced.
pub fn closed() -> Failure {
    Failure::new(
        Kind::Precondition,
        "PROPOSAL_CLOSED",
        "the proposal is published or replaced, or is of another table",
        "Usulan ini sudah ditetapkan atau diganti, atau bukan usulan tabel tersebut",
    )
}

/// Why a proposal can't be published, or replaced, now.
pub fn refused(refused: Refused) -> Failure {
    let (reason, english, indonesian) = match refused {
        Refused::Closed => return closed(),
        Refused::PeriodRuns(ends_at) => (
            "OBJECTION_PERIOD_RUNS",
            format!("objections can be filed until {}", ends_at.to_rfc3339()),
            format!("Masa sanggah berjalan sampai {}", ends_at.to_rfc3339()),
        ),
        Refused::Undecided(count) => (
            "OBJECTIONS_UNDECIDED",
            format!("{count} objections to the proposal are not decided"),
            format!("{count} sanggah atas usulan ini belum diputuskan"),
        ),
        Refused::Accepted => (
            "OBJECTION_ACCEPTED",
            "an objection was accepted: have the score corrected, and propose the table again".to_owned(),
            "Ada sanggah yang diterima: perbaiki nilainya di layanan asalnya, lalu usulkan ulang tabelnya (replaces)"
                .to_owned(),
        ),
    };
    Failure::new(Kind::Precondition, reason, english, indonesian)
}
