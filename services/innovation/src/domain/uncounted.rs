//! Innovations that are in no score.

/// A kind of what is not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An innovation of an agency that the directory has not announced.
    AgencyUnknown,
    /// An innovation of a unit that the directory has not announced, of an agency that it has.
    UnitUnknown,
}

impl Kind {
    /// All kinds, in the order in which they are listed.
    pub const ALL: [Self; 2] = [Self::AgencyUnknown, Self::UnitUnknown];

    /// The stable key.
    pub fn key(self) -> &'static str {
        match self {
            Self::AgencyUnknown => "innovation-agency-unknown",
            Self::UnitUnknown => "innovation-unit-unknown",
        }
    }

    /// Its name for people.
    pub fn display_name(self) -> &'static str {
        match self {
            Self::AgencyUnknown => "Inovasi instansi yang tidak terdaftar",
            Self::UnitUnknown => "Inovasi unit yang tidak terdaftar",
        }
    }

    /// Why it is not counted.
    pub fn reason(self) -> &'static str {
        match self {
            Self::AgencyUnknown => {
                "Instansi inovasi ini tidak ada di direktori, sehingga inovasinya tidak masuk nilai mana pun"
            }
            Self::UnitUnknown => {
                "Unit inovasi ini tidak ada di direktori, sehingga inovasinya tidak masuk nilai mana pun"
            }
        }
    }

    /// What can be done about it.
    pub fn action(self) -> &'static str {
        match self {
            Self::AgencyUnknown => {
                "Daftarkan instansi itu di direktori (prima import agencies), atau daftarkan inovasinya pada instansi yang benar"
            }
            Self::UnitUnknown => {
                "Daftarkan unit itu di direktori (prima import units), atau daftarkan inovasinya pada unit yang benar"
            }
        }
    }
}
