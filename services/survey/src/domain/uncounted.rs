//! What was accepted and is in no table, or not finally.

/// A kind of what is not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A survey of a unit that the directory has not announced.
    SurveyUnitUnknown,
    /// A recorded result of such a unit.
    ResultUnitUnknown,
    /// A survey without a closing time whose period has ended.
    SurveyNeverClosed,
}

impl Kind {
    /// All kinds, in the order in which they are listed.
    pub const ALL: [Self; 3] = [
        Self::SurveyUnitUnknown,
        Self::ResultUnitUnknown,
        Self::SurveyNeverClosed,
    ];

    /// The stable key.
    pub fn key(self) -> &'static str {
        match self {
            Self::SurveyUnitUnknown => "survey-unit-unknown",
            Self::ResultUnitUnknown => "result-unit-unknown",
            Self::SurveyNeverClosed => "survey-never-closed",
        }
    }

    /// Its name for people.
    pub fn display_name(self) -> &'static str {
        match self {
            Self::SurveyUnitUnknown => "Survei unit yang tidak terdaftar",
            Self::ResultUnitUnknown => "Hasil terbitan unit yang tidak terdaftar",
            Self::SurveyNeverClosed => "Survei yang tidak pernah ditutup",
        }
    }

    /// Why it is not counted.
    pub fn reason(self) -> &'static str {
        match self {
            Self::SurveyUnitUnknown => {
                "Unit survei ini tidak ada di direktori, sehingga nilainya tidak masuk tabel mana pun"
            }
            Self::ResultUnitUnknown => {
                "Unit hasil ini tidak ada di direktori, sehingga nilainya tidak masuk tabel mana pun"
            }
            Self::SurveyNeverClosed => {
                "Periodenya sudah berakhir dan survei ini tidak punya waktu tutup, sehingga nilainya tetap sementara"
            }
        }
    }

    /// What can be done about it.
    pub fn action(self) -> &'static str {
        match self {
            Self::SurveyUnitUnknown => {
                "Daftarkan unit itu di direktori (prima import units), atau perbaiki nama unitnya"
            }
            Self::ResultUnitUnknown => {
                "Daftarkan unit itu di direktori (prima import units), atau perbaiki nama unitnya"
            }
            Self::SurveyNeverClosed => "Tutup survei itu (prima call CloseSurvey)",
        }
    }
}
