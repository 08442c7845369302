//! What was received and is in the figures of no unit, or of one that is in no table.

/// A kind of what is not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An open report that was not forwarded to a unit.
    ReportWithoutUnit,
    /// A report of a unit that the directory has not announced.
    ReportUnitUnknown,
    /// A consultation of such a unit.
    ConsultationUnitUnknown,
}

impl Kind {
    /// All kinds, in the order in which they are listed.
    pub const ALL: [Self; 3] = [
        Self::ReportWithoutUnit,
        Self::ReportUnitUnknown,
        Self::ConsultationUnitUnknown,
    ];

    /// The stable key.
    pub fn key(self) -> &'static str {
        match self {
            Self::ReportWithoutUnit => "report-without-unit",
            Self::ReportUnitUnknown => "report-unit-unknown",
            Self::ConsultationUnitUnknown => "consultation-unit-unknown",
        }
    }

    /// Its name for people.
    pub fn display_name(self) -> &'static str {
        match self {
            Self::ReportWithoutUnit => "Laporan tanpa unit",
            Self::ReportUnitUnknown => "Laporan unit yang tidak terdaftar",
            Self::ConsultationUnitUnknown => "Konsultasi unit yang tidak terdaftar",
        }
    }

    /// Why it is not counted.
    pub fn reason(self) -> &'static str {
        match self {
            Self::ReportWithoutUnit => {
                "Laporan ini belum diteruskan ke unit, sehingga tidak masuk angka unit mana pun"
            }
            Self::ReportUnitUnknown => {
                "Unit laporan ini tidak ada di direktori, sehingga angka unitnya tidak masuk tabel mana pun"
            }
            Self::ConsultationUnitUnknown => {
                "Unit konsultasi ini tidak ada di direktori, sehingga angka unitnya tidak masuk tabel mana pun"
            }
        }
    }

    /// What can be done about it.
    pub fn action(self) -> &'static str {
        match self {
            Self::ReportWithoutUnit => {
                "Teruskan laporan itu ke unit yang berwenang (prima call ForwardComplaint)"
            }
            Self::ReportUnitUnknown => {
                "Daftarkan unit itu di direktori (prima import units), atau perbaiki unit laporannya"
            }
            Self::ConsultationUnitUnknown => "Daftarkan unit itu di direktori (prima import units)",
        }
    }
}
