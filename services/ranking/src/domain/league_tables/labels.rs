//! Names for people of what the tables show.

use super::{DirectoryEntry, LeagueTables, TableKey};
use crate::domain::cohorts;

impl LeagueTables {
    /// Name for people of the cohort of a table: of a unit type that an agency has defined, the names of the type and of the
    /// agency; of a cohort with a further dimension, what the definition of the metric calls it. `None` for every other
    /// cohort.
    pub fn cohort_display_name(&self, key: &TableKey) -> Option<String> {
        let of_type = self.agency_type_name(key);
        of_type.or_else(|| self.definition_of(&key.metric).cohort_title(&key.cohort))
    }

    fn agency_type_name(&self, key: &TableKey) -> Option<String> {
        let (_, first) = self.table(key)?.ids_from(0).next()?;
        let member = self.member(first)?;
        let DirectoryEntry::Unit(_, unit) = &member.entry else {
            return None;
        };
        let own = cohorts::of_agency_type(&self.subject(first), &unit.facts(&self.names));
        own.filter(|cohort| *cohort == key.cohort)?;
        let name = self.names.get(member.entry.type_display_name()?);
        Some(match self.agency_of(member) {
            Some(agency) => format!("{name}, {}", agency.display_name),
            None => name.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        AgencyType, Kind, UnitFacts,
        tests::{agency, agency_name, cohorts, key, row, score, shown, unit, unit_name},
    };

    fn defined(key: &str, display_name: &str, national: &str) -> UnitFacts {
        UnitFacts {
            agency_type: Some(AgencyType {
                display_name: display_name.to_owned(),
                national: national.to_owned(),
            }),
            ..unit(key)
        }
    }

    #[test]
    fn units_of_a_type_that_an_agency_has_defined_are_compared_within_the_agency() {
        let mut tables = LeagueTables::default();
        for id in ["11", "12"] {
            tables.agency(agency_name(id), 1, agency(Kind::Kota, Some("32")));
        }
        // Two agencies give the same key to types of their own; only one of these is compared nationwide.
        for (name, national) in [("11/a", "clinic"), ("11/b", "clinic"), ("12/a", "")] {
            tables.unit(unit_name(name), 1, defined("balai", "Balai Kota", national));
        }
        tables.unit(unit_name("12/c"), 1, unit("clinic"));
        for (name, value) in [("11/a", "90"), ("11/b", "80"), ("12/a", "70"), ("12/c", "85")] {
            tables.score("index", 1, score(name, value)).unwrap();
        }
        assert_eq!(cohorts(&tables), ["balai.11", "balai.12", "clinic", "clinic.32"]);
        assert_eq!(
            shown(&tables, "balai.11"),
            [row(1, "11/a", "90"), row(2, "11/b", "80")]
        );
        assert_eq!(shown(&tables, "balai.12"), [row(1, "12/a", "70")]);
        assert_eq!(
            shown(&tables, "clinic"),
            [row(1, "11/a", "90"), row(2, "12/c", "85"), row(3, "11/b", "80")]
        );
        let name = |cohort: &str| tables.cohort_display_name(&key(cohort));
        assert_eq!(name("balai.11"), Some("Balai Kota, Agency".to_owned()));
        assert_eq!(
            (name("clinic"), name("clinic.32"), name("units.11")),
            (None, None, None)
        );
    }

    #[test]
    fn a_table_changes_when_its_type_is_renamed_or_leaves_the_national_comparison() {
        let mut tables = LeagueTables::default();
        tables.unit(unit_name("11/a"), 1, defined("balai", "Balai", "clinic"));
        tables.score("index", 1, score("11/a", "90")).unwrap();
        let changed = |changed: crate::domain::Changed| -> Vec<String> {
            changed.iter().map(|key| key.cohort.clone()).collect()
        };
        let renamed = tables.unit(unit_name("11/a"), 2, defined("balai", "Balai Kota", "clinic"));
        assert_eq!(changed(renamed), ["balai.11", "clinic", "units.11"]);
        assert_eq!(
            tables.cohort_display_name(&key("balai.11")).as_deref(),
            Some("Balai Kota")
        );
        let left = tables.unit(unit_name("11/a"), 3, defined("balai", "Balai Kota", ""));
        assert_eq!(changed(left), ["clinic"]);
        assert_eq!(cohorts(&tables), ["balai.11"]);
    }

    #[test]
    fn a_key_that_would_mix_a_type_with_another_cohort_names_none() {
        let mut tables = LeagueTables::default();
        for (name, key) in [
            ("1/a", "units"),
            ("1/b", "agencies"),
            ("1/c", "kota"),
            ("1/d", "a.b"),
        ] {
            tables.unit(unit_name(name), 1, defined(key, "X", "kl"));
            tables.score("index", 1, score(name, "90")).unwrap();
        }
        assert_eq!(cohorts(&tables), Vec::<&str>::new());
    }
}
