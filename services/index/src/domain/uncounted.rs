//! What was recorded or evaluated and is in no table.

/// A kind of what is not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A recorded score that waits to be confirmed.
    ScoreUnconfirmed,
    /// A recorded score of a unit that the directory has not announced.
    ScoreUnitUnknown,
    /// An assessment of a unit that the directory has not announced.
    AssessmentUnitUnknown,
    /// An assessment without an index of a unit that was closed.
    AssessmentUnitClosed,
    /// An assessment without an index in a cycle that is final.
    AssessmentWithoutIndex,
}

impl Kind {
    /// All kinds, in the order in which they are listed.
    pub const ALL: [Self; 5] = [
        Self::ScoreUnconfirmed,
        Self::ScoreUnitUnknown,
        Self::AssessmentUnitUnknown,
        Self::AssessmentUnitClosed,
        Self::AssessmentWithoutIndex,
    ];

    /// The stable key.
    pub fn key(self) -> &'static str {
        match self {
            Self::ScoreUnconfirmed => "score-unconfirmed",
            Self::ScoreUnitUnknown => "score-unit-unknown",
            Self::AssessmentUnitUnknown => "assessment-unit-unknown",
            Self::AssessmentUnitClosed => "assessment-unit-closed",
            Self::AssessmentWithoutIndex => "assessment-without-index",
        }
    }

    /// Its name for people.
    pub fn display_name(self) -> &'static str {
        match self {
            Self::ScoreUnconfirmed => "Nilai yang belum dikonfirmasi",
            Self::ScoreUnitUnknown => "Nilai unit yang tidak terdaftar",
            Self::AssessmentUnitUnknown => "Evaluasi unit yang tidak terdaftar",
            Self::AssessmentUnitClosed => "Evaluasi unit yang sudah ditutup",
            Self::AssessmentWithoutIndex => "Evaluasi tanpa indeks dalam siklus yang sudah ditetapkan",
        }
    }

    /// Why it is not counted.
    pub fn reason(self) -> &'static str {
        match self {
            Self::ScoreUnconfirmed => {
                "Nilai yang dicatat ini menunggu konfirmasi, sehingga tidak masuk tabel mana pun"
            }
            Self::ScoreUnitUnknown => {
                "Unit nilai ini tidak ada di direktori, sehingga nilainya tidak masuk tabel mana pun"
            }
            Self::AssessmentUnitUnknown => {
                "Unit yang dievaluasi ini tidak ada di direktori, sehingga indeksnya tidak masuk tabel mana pun"
            }
            Self::AssessmentUnitClosed => {
                "Unit ini sudah ditutup dan belum punya indeks, sehingga evaluasinya tidak akan selesai"
            }
            Self::AssessmentWithoutIndex => {
                "Siklusnya sudah ditetapkan sebelum evaluasi ini lengkap, sehingga unit ini tidak punya indeks"
            }
        }
    }

    /// What can be done about it.
    pub fn action(self) -> &'static str {
        match self {
            Self::ScoreUnconfirmed => {
                "Periksa dokumennya, lalu konfirmasi (prima scores --unconfirmed; prima call ConfirmExternalScore)"
            }
            Self::ScoreUnitUnknown => {
                "Daftarkan unit itu di direktori (prima import units), atau perbaiki nama unitnya"
            }
            Self::AssessmentUnitUnknown => {
                "Daftarkan unit itu di direktori (prima import units), atau perbaiki nama unitnya"
            }
            Self::AssessmentUnitClosed => {
                "Selesaikan evaluasinya, atau tetapkan siklusnya dengan allow_incomplete (prima call FinalizeCycle)"
            }
            Self::AssessmentWithoutIndex => "Evaluasi unit itu dalam siklus berikutnya",
        }
    }
}
