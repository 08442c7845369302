//! What was published and is in no table, or listed there without a rank.

use prima_proto::name::Subject;

use super::member_score::Unranked;

/// A kind of what is not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A score of a unit or agency that the directory has not announced.
    ScoreSubjectUnknown,
    /// A score of a unit or agency that is in no cohort.
    ScoreWithoutTable,
    /// A unit that is compared with no other unit of its type.
    UnitWithoutCohort,
    /// A metric and period of which no score is in a table.
    PeriodWithoutTable,
    /// A score that is listed without a rank.
    ScoreUnranked,
    /// A state of the bus that this release cannot read.
    StateUnreadable,
}

impl Kind {
    /// All kinds, in the order in which they are listed.
    pub const ALL: [Self; 6] = [
        Self::ScoreSubjectUnknown,
        Self::ScoreWithoutTable,
        Self::UnitWithoutCohort,
        Self::PeriodWithoutTable,
        Self::ScoreUnranked,
        Self::StateUnreadable,
    ];

    /// The stable key.
    pub fn key(self) -> &'static str {
        match self {
            Self::ScoreSubjectUnknown => "score-subject-unknown",
            Self::ScoreWithoutTable => "score-without-table",
            Self::UnitWithoutCohort => "unit-without-cohort",
            Self::PeriodWithoutTable => "period-without-table",
            Self::ScoreUnranked => "score-unranked",
            Self::StateUnreadable => "state-unreadable",
        }
    }

    /// Its name for people.
    pub fn display_name(self) -> &'static str {
        match self {
            Self::ScoreSubjectUnknown => "Nilai subjek yang tidak terdaftar",
            Self::ScoreWithoutTable => "Nilai tanpa tabel",
            Self::UnitWithoutCohort => "Unit tanpa kelompok",
            Self::PeriodWithoutTable => "Periode tanpa tabel",
            Self::ScoreUnranked => "Nilai tanpa peringkat",
            Self::StateUnreadable => "Keadaan yang tidak terbaca",
        }
    }

    /// What can be done about it.
    pub fn action(self) -> &'static str {
        match self {
            Self::ScoreSubjectUnknown => {
                "Daftarkan instansi atau unit itu di direktori (prima import agencies, prima import units)"
            }
            Self::ScoreWithoutTable => {
                "Periksa instansi atau unit itu di direktori (prima call GetAgency, GetUnit) dan kelompok pada definisi \
                 ukurannya (prima table list)"
            }
            Self::UnitWithoutCohort => "Beri unit itu jenis lain (prima call UpdateUnit)",
            Self::PeriodWithoutTable => "Daftarkan instansi atau unit yang punya nilai dalam periode itu",
            Self::ScoreUnranked => "Lengkapi yang kurang menurut sebabnya",
            Self::StateUnreadable => "Mutakhirkan layanan ranking ke rilis layanan yang menerbitkannya",
        }
    }

    /// Why it is not counted; `unranked` is why a score has no rank.
    pub fn reason(self, unranked: Option<Unranked>) -> &'static str {
        match self {
            Self::ScoreSubjectUnknown => "Direktori belum mengumumkan instansi atau unit ini",
            Self::ScoreWithoutTable => {
                "Direktori sudah menarik instansi atau unit ini, jenis instansinya tidak dikenal rilis ini, atau definisi \
                 ukurannya tidak punya kelompok baginya"
            }
            Self::UnitWithoutCohort => {
                "Jenis unit ini bukan nama kelompok, sehingga unitnya hanya ada di tabel instansinya"
            }
            Self::PeriodWithoutTable => "Tidak satu pun nilai dalam periode ini masuk tabel",
            Self::ScoreUnranked => match unranked {
                Some(Unranked::SampleTooSmall) => "Responden atau laporannya kurang dari jumlah minimum",
                Some(Unranked::UnitsMissing) => {
                    "Belum semua unit instansi ini punya nilai, dan periodenya belum final"
                }
                Some(Unranked::UnitsUnfit) => "Terlalu sedikit unit instansi ini yang layak diperingkat",
                Some(Unranked::NoValue) => "Hanya kategorinya yang terbit, tanpa nilai",
                Some(Unranked::TooFew) => "Respondennya terlalu sedikit untuk menampilkan nilai",
                Some(Unranked::DefinitionUnreadable) => {
                    "Definisi terbaru ukuran ini tidak dapat dibaca rilis ini"
                }
                None => "",
            },
            Self::StateUnreadable => "Isinya tidak dapat dibaca rilis ini",
        }
    }
}

/// One thing that is not counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uncounted {
    /// What it is, by its name.
    pub name: String,
    /// The unit or agency that it is of; `None` for a period, and where it can't be read.
    pub subject: Option<Subject>,
    /// Its period; empty when it has none.
    pub period: String,
    /// Version of the state that is not counted.
    pub version: i64,
    /// Why a score has no rank.
    pub unranked: Option<Unranked>,
}
