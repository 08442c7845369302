//! Agencies: their kinds, and which kinds belong to a province.

use chrono::{DateTime, Utc};
use prima_platform::failure::Violation;
use prima_proto::name;

/// Kind of an agency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Kementerian: a ministry.
    Kementerian,
    /// Lembaga: a non-ministerial state body.
    Lembaga,
    /// Provinsi: a province.
    Provinsi,
    /// Kabupaten: a regency.
    Kabupaten,
    /// Kota: a city.
    Kota,
}

impl Kind {
    const ALL: [Self; 5] = [
        Self::Kementerian,
        Self::Lembaga,
        Self::Provinsi,
        Self::Kabupaten,
        Self::Kota,
    ];

    /// The kind as it is stored and published.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kementerian => "kementerian",
            Self::Lembaga => "lembaga",
            Self::Provinsi => "provinsi",
            Self::Kabupaten => "kabupaten",
            Self::Kota => "kota",
        }
    }

    /// The kind that [`Self::as_str`] returns as `text`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Whether agencies of this kind belong to a province.
    fn in_province(self) -> bool {
        match self {
            Self::Kabupaten | Self::Kota => true,
            Self::Kementerian | Self::Lembaga | Self::Provinsi => false,
        }
    }
}

/// An agency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agency {
    /// Resource name.
    pub name: name::Agency,
    /// Official name.
    pub display_name: String,
    /// Kind; it never changes.
    pub kind: Kind,
    /// Province of a regency or city; `None` for other kinds.
    pub parent: Option<name::Agency>,
    /// Version; it only grows.
    pub version: i64,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// New values of fields; `None` leaves a field unchanged, `Some(None)` clears it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// New official name.
    pub display_name: Option<String>,
    /// New province.
    pub parent: Option<Option<name::Agency>>,
}

impl Agency {
    /// Changes the given fields.
    ///
    /// # Errors
    ///
    /// The province does not fit the kind; then nothing is changed.
    pub fn change(&mut self, change: Change) -> Result<(), Violation> {
        if let Some(parent) = change.parent {
            check_parent("agency.parent", self.kind, parent.as_ref())?;
            self.parent = parent;
        }
        if let Some(display_name) = change.display_name {
            self.display_name = display_name;
        }
        Ok(())
    }
}

/// A regency or city must name its province, and agencies of other kinds must not name one.
pub fn check_parent(field: &str, kind: Kind, parent: Option<&name::Agency>) -> Result<(), Violation> {
    match (kind.in_province(), parent) {
        (true, Some(_)) | (false, None) => Ok(()),
        (true, None) => Err(Violation::new(
            field,
            "is required for a kabupaten or kota: its province",
            "Provinsi wajib diisi untuk kabupaten atau kota",
        )),
        (false, Some(_)) => Err(Violation::new(
            field,
            "must be empty for an agency that is not a kabupaten or kota",
            "Provinsi hanya diisi untuk kabupaten atau kota",
        )),
    }
}

/// `Ok` when the parent was found and is a province; `found` is its kind, `None` when it does not exist.
pub fn check_province(field: &str, parent: &name::Agency, found: Option<Kind>) -> Result<(), Violation> {
    match found {
        Some(Kind::Provinsi) => Ok(()),
        Some(Kind::Kementerian | Kind::Lembaga | Kind::Kabupaten | Kind::Kota) => Err(Violation::new(
            field,
            format!("{parent} is not a province"),
            format!("{parent} bukan provinsi"),
        )),
        None => Err(Violation::new(
            field,
            format!("{parent} does not exist"),
            format!("{parent} tidak ditemukan"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bogor() -> Agency {
        Agency {
            name: name::Agency {
                agency: "3271".into(),
            },
            display_name: "Kota Bogor".into(),
            kind: Kind::Kota,
            parent: Some(name::Agency { agency: "32".into() }),
            version: 1,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_stored_kind_is_parsed_back() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(Kind::parse("desa"), None);
    }

    #[test]
    fn only_regencies_and_cities_name_a_province() {
        let province = name::Agency { agency: "32".into() };
        for kind in Kind::ALL {
            let inside = matches!(kind, Kind::Kabupaten | Kind::Kota);
            assert_eq!(
                check_parent("p", kind, Some(&province)).is_ok(),
                inside,
                "{kind:?}"
            );
            assert_eq!(check_parent("p", kind, None).is_ok(), !inside, "{kind:?}");
            assert_eq!(
                check_province("p", &province, Some(kind)).is_ok(),
                kind == Kind::Provinsi,
                "{kind:?}"
            );
        }
        assert!(check_province("p", &province, None).is_err());
    }

    #[test]
    fn an_invalid_change_changes_nothing() {
        let mut agency = bogor();
        let change = Change {
            display_name: Some("Bogor".into()),
            parent: Some(None),
        };
        assert_eq!(agency.change(change).unwrap_err().field, "agency.parent");
        assert_eq!(agency, bogor());
        let moved = Some(name::Agency { agency: "31".into() });
        agency
            .change(Change {
                display_name: None,
                parent: Some(moved.clone()),
            })
            .unwrap();
        assert_eq!((agency.display_name, agency.parent), ("Kota Bogor".into(), moved));
    }
}
