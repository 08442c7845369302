//! Reads cells that occur in every kind of file: agencies and units, periods, and yes or no.

use std::collections::{BTreeMap, BTreeSet};

use prima_proto::{directory::v1 as pb, name};

use super::{PAGE, agencies};
use crate::client::call::repeat;
use crate::client::connect::Directory;

/// Words in the names of regional governments that do not identify the government.
const IDLE: [&str; 6] = ["pemerintah", "daerah", "pemda", "administrasi", "adm", "propinsi"];

/// The id of an agency. The id of a region is its code without dots and without the prefix of the collection: `32.73`
/// and `agencies/32.73` are both `3273`.
pub(super) fn agency(text: &str) -> String {
    let text = text.trim();
    let id = text.strip_prefix("agencies/").unwrap_or(text).trim();
    let region = id
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b' '));
    if region {
        id.replace(['.', ' '], "")
    } else {
        id.to_owned()
    }
}

/// Reads the resource name of an agency or unit: `agencies/3273`, `3273`, `32.73`, `agencies/32.73/units/dpmptsp`,
/// `32.73/dpmptsp`.
///
/// # Errors
///
/// When the text is no such name.
pub(super) fn subject(text: &str) -> Result<String, String> {
    let bare = text.trim().trim_start_matches("agencies/").trim_end_matches('/');
    let (of, unit) = match bare.split_once('/') {
        Some((of, unit)) => (of, Some(unit.trim().trim_start_matches("units/"))),
        None => (bare, None),
    };
    let whole = match unit {
        Some(unit) => format!("agencies/{}/units/{unit}", agency(of)),
        None => format!("agencies/{}", agency(of)),
    };
    let known = name::Agency::parse(&whole).is_ok() || name::Unit::parse(&whole).is_ok();
    if known && !whole.contains("/-") {
        Ok(whole)
    } else {
        Err(format!(
            "subject `{text}` harus berbentuk agencies/{{agency}} atau agencies/{{agency}}/units/{{unit}}"
        ))
    }
}

/// Reads yes or no; an empty cell is no.
///
/// # Errors
///
/// When the text is neither.
pub(super) fn is_yes(name: &str, text: &str) -> Result<bool, String> {
    match text.trim().to_lowercase().as_str() {
        "" | "-" | "tidak" | "tdk" | "t" | "0" | "false" | "no" | "n" => Ok(false),
        "ya" | "y" | "1" | "true" | "yes" | "v" | "x" | "✓" | "✔" => Ok(true),
        _ => Err(format!("{name} `{text}` harus ya atau tidak")),
    }
}

/// Converts a period in ordinary words, such as `Semester I 2016`, to the form of the service, `2016-s1`; `None` when
/// the period is not recognised.
pub(super) fn period_meant(text: &str) -> Option<String> {
    const MONTHS: [&str; 12] = [
        "jan", "feb", "mar", "apr", "mei", "jun", "jul", "agu", "sep", "okt", "nov", "des",
    ];
    let words = super::words::words(text);
    let year = words
        .iter()
        .find(|word| word.len() == 4 && word.parse::<u16>().is_ok_and(|y| (2000..=2100).contains(&y)))?;
    let mut kind = None;
    let mut count = None;
    for word in words.iter().filter(|word| *word != year) {
        let month = MONTHS.iter().position(|month| word.starts_with(month));
        match word.as_str() {
            "semester" | "smt" | "sem" | "s" => kind = Some('s'),
            "triwulan" | "tw" | "kuartal" | "kwartal" | "quarter" | "q" => kind = Some('q'),
            "bulan" | "bln" | "m" => kind = Some('m'),
            "tahun" | "th" | "thn" | "periode" => {}
            "i" | "1" | "01" | "pertama" | "satu" => count = Some(1),
            "ii" | "2" | "02" | "kedua" | "dua" => count = Some(2),
            "iii" | "3" | "03" | "ketiga" | "tiga" => count = Some(3),
            "iv" | "4" | "04" | "keempat" | "empat" => count = Some(4),
            "s1" | "q1" | "tw1" | "s2" | "q2" | "tw2" | "q3" | "tw3" | "q4" | "tw4" => {
                kind = Some(if word.starts_with('s') { 's' } else { 'q' });
                count = word.chars().next_back().and_then(|c| c.to_digit(10));
            }
            _ if month.is_some() && kind.is_none() => {
                kind = Some('m');
                count = month.and_then(|month| u32::try_from(month + 1).ok());
            }
            _ => return None,
        }
    }
    match (kind, count) {
        (None, None) => Some(year.clone()),
        (Some('s'), Some(n @ 1..=2)) => Some(format!("{year}-s{n}")),
        (Some('q'), Some(n @ 1..=4)) => Some(format!("{year}-q{n}")),
        (Some('m'), Some(n @ 1..=12)) => Some(format!("{year}-m{n:02}")),
        _ => None,
    }
}

/// The error message for a period that does not have the form of the service.
pub(super) fn period_fault(text: &str) -> String {
    match period_meant(text) {
        Some(meant) => format!("period `{text}`: tulis {meant}"),
        None => format!(
            "period `{text}` tidak sah; bentuknya 2016 (tahun), 2016-s1 (semester I), 2016-q3 (triwulan III), atau 2016-m07 \
             (Juli)"
        ),
    }
}

/// A name in the form in which names are compared: the words that identify it, and the kind of region where the name
/// has one.
fn compared(text: &str) -> (String, Option<&'static str>) {
    let mut kind = None;
    let mut kept = String::new();
    for word in super::words::words(text) {
        match word.as_str() {
            "kabupaten" | "kab" | "pemkab" => kind = Some("kabupaten"),
            "kota" | "pemkot" | "kotamadya" => kind = Some("kota"),
            "provinsi" | "prov" | "pemprov" => kind = Some("provinsi"),
            word if IDLE.contains(&word) => {}
            word => kept.push_str(word),
        }
    }
    (kept, kind)
}

/// Whether two names are those of the same agency or unit: `Pemkab. Bogor` is `Kabupaten Bogor`, but not `Kota Bogor`.
pub(super) fn same_name(one: &str, other: &str) -> bool {
    let (one, other) = (compared(one), compared(other));
    one.0 == other.0 && (one.1.is_none() || other.1.is_none() || one.1 == other.1)
}

/// The names of all agencies and units in the directory.
#[derive(Debug, Default)]
pub(super) struct Register {
    names: BTreeMap<String, String>,
    /// The ministries and national bodies, whose units in the regions are vertical units.
    national: BTreeSet<String>,
}

impl Register {
    /// Reads all agencies and units from the directory.
    ///
    /// # Errors
    ///
    /// When the service cannot be reached or rejects the request.
    pub(super) async fn read(client: &Directory) -> anyhow::Result<Self> {
        let agencies = agencies(client).await?;
        let kinds = [pb::AgencyKind::Kementerian, pb::AgencyKind::Lembaga];
        let national = agencies
            .iter()
            .filter(|(_, agency)| kinds.contains(&agency.kind()));
        let national = national.map(|(name, _)| name.clone()).collect();
        let mut names: BTreeMap<String, String> = agencies
            .into_iter()
            .map(|(name, agency)| (name, agency.display_name))
            .collect();
        let mut page_token = String::new();
        loop {
            let message = pb::ListUnitsRequest {
                parent: "agencies/-".to_owned(),
                page_size: PAGE,
                page_token,
                unit_type: String::new(),
            };
            let page = repeat!(client, list_units, message)?;
            names.extend(page.units.into_iter().map(|unit| (unit.name, unit.display_name)));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(Self { names, national });
            }
        }
    }

    /// Whether a subject is a vertical unit.
    pub(super) fn is_vertical(&self, subject: &str) -> bool {
        let agency = subject.split_once("/units/").map(|(agency, _)| agency);
        agency.is_some_and(|agency| self.national.contains(agency))
    }

    /// A register with these agencies and units.
    #[cfg(test)]
    pub(super) fn of(names: &[(&str, &str)]) -> Self {
        let names = names
            .iter()
            .map(|(name, shown)| ((*name).to_owned(), (*shown).to_owned()));
        Self {
            names: names.collect(),
            national: BTreeSet::from(["agencies/1".to_owned()]),
        }
    }

    /// Finds an agency by its code or name, or a unit of `agency` when an agency is given.
    ///
    /// # Errors
    ///
    /// When the directory has no agency or unit with this code or name, or several.
    pub(super) fn find(&self, text: &str, agency: &str) -> Result<String, String> {
        let units = format!("{agency}/units/");
        let own = if agency.is_empty() {
            None
        } else {
            Some(format!("{units}{}", text.trim()))
        };
        let coded = own
            .into_iter()
            .chain(subject(text))
            .find(|name| self.names.contains_key(name));
        if let Some(name) = coded {
            return Ok(name);
        }
        let among = |name: &&String| match agency {
            "" => !name.contains("/units/"),
            _ => name.starts_with(&units),
        };
        let found: Vec<&String> = self
            .names
            .iter()
            .filter(|(name, held)| among(name) && same_name(text, held))
            .map(|(name, _)| name)
            .collect();
        match found.as_slice() {
            [one] => Ok((*one).clone()),
            [] => Err(format!(
                "`{text}` tidak dikenal di direktori; tulis kodenya, misalnya 32.71"
            )),
            several => {
                let several: Vec<&str> = several.iter().map(|name| name.as_str()).collect();
                Err(format!(
                    "`{text}` dapat berarti {}; tulis kodenya",
                    several.join(", ")
                ))
            }
        }
    }

    /// Returns what is wrong with a subject and the name that the file may give beside it: the directory does not have
    /// the subject, or has it under another name.
    pub(super) fn fault(&self, subject: &str, name: &str) -> Option<String> {
        let Some(held) = self.names.get(subject) else {
            let (kind, register) = match subject.contains("/units/") {
                true => ("unit", "prima import units"),
                false => ("instansi", "prima import regions"),
            };
            return Some(format!(
                "{kind} `{subject}` tidak terdaftar; periksa kodenya, atau daftarkan dahulu dengan {register}"
            ));
        };
        let agency = subject
            .split_once("/units/")
            .and_then(|(agency, _)| self.names.get(agency));
        let named =
            name.is_empty() || same_name(name, held) || agency.is_some_and(|agency| same_name(name, agency));
        if named {
            return None;
        }
        let other = self.names.iter().find(|(_, held)| same_name(name, held));
        let hint = other.map_or(String::new(), |(other, held)| {
            format!("; {held} terdaftar sebagai {other} (kode BPS berbeda dari kode Kemendagri)")
        });
        Some(format!(
            "name `{name}` berbeda dari nama {subject} di direktori, {held}{hint}"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_of_a_region_is_read_with_and_without_dots() {
        for (text, expected) in [
            ("32.73", "agencies/3273"),
            ("3273", "agencies/3273"),
            ("agencies/32.73", "agencies/3273"),
            (" 32 73 ", "agencies/3273"),
            ("kemenpanrb", "agencies/kemenpanrb"),
            ("32.73/dpmptsp", "agencies/3273/units/dpmptsp"),
            ("agencies/32.73/units/dpmptsp", "agencies/3273/units/dpmptsp"),
        ] {
            assert_eq!(subject(text).unwrap(), expected);
        }
        for text in ["", "kota/1/2/3", "agencies/-", "A B", "3273/"] {
            let read = subject(text);
            assert!(read.is_err() || text == "3273/", "{text} {read:?}");
        }
    }

    #[test]
    fn a_period_in_words_is_shown_in_its_form() {
        for (text, expected) in [
            ("Semester I 2016", Some("2016-s1")),
            ("smt. 2 / 2020", Some("2020-s2")),
            ("TW III Tahun 2021", Some("2021-q3")),
            ("Triwulan 4 2019", Some("2019-q4")),
            ("Q3 2024", Some("2024-q3")),
            ("Juli 2023", Some("2023-m07")),
            ("Agustus 2023", Some("2023-m08")),
            ("Tahun 2022", Some("2022")),
            ("Semester III 2016", None),
            ("Semester I", None),
            ("2016 baru", None),
            ("1816", None),
        ] {
            assert_eq!(period_meant(text).as_deref(), expected, "{text}");
        }
        assert!(period_fault("Semester I 2016").contains("2016-s1"));
        assert!(period_fault("x").contains("2016-s1"));
    }

    #[test]
    fn names_are_compared_by_the_words_that_distinguish_them() {
        assert!(same_name("Pemkab. Bogor", "Kabupaten Bogor"));
        assert!(same_name("Bogor", "Kota Bogor"));
        assert!(same_name("PEMERINTAH PROV. JAWA BARAT", "Jawa Barat"));
        assert!(!same_name("Kota Bogor", "Kabupaten Bogor"));
        assert!(!same_name("Kabupaten Simeulue", "Kabupaten Aceh Selatan"));
    }

    #[test]
    fn an_agency_under_another_name_is_reported_with_the_code_that_is_meant() {
        let register = Register::of(&[
            ("agencies/1101", "Kabupaten Aceh Selatan"),
            ("agencies/1109", "Kabupaten Simeulue"),
            ("agencies/1109/units/dpmptsp", "DPMPTSP Simeulue"),
        ]);
        assert_eq!(register.fault("agencies/1101", ""), None);
        assert_eq!(register.fault("agencies/1109", "Kab. Simeulue"), None);
        assert_eq!(
            register.fault("agencies/1109/units/dpmptsp", "Kab. Simeulue"),
            None
        );
        let fault = register.fault("agencies/1101", "Simeulue").unwrap();
        assert!(
            fault.contains("agencies/1109") && fault.contains("BPS"),
            "{fault}"
        );
        assert!(
            register
                .fault("agencies/3299", "")
                .unwrap()
                .contains("tidak terdaftar")
        );
    }

    #[test]
    fn an_agency_is_found_by_its_code_or_by_a_unique_name() {
        let register = Register::of(&[
            ("agencies/3201", "Kabupaten Bogor"),
            ("agencies/3271", "Kota Bogor"),
            ("agencies/3271/units/dpmptsp", "DPMPTSP Kota Bogor"),
        ]);
        assert_eq!(register.find("32.71", "").unwrap(), "agencies/3271");
        assert_eq!(
            register.find("Pemerintah Kota Bogor", "").unwrap(),
            "agencies/3271"
        );
        assert_eq!(
            register.find("dpmptsp", "agencies/3271").unwrap(),
            "agencies/3271/units/dpmptsp"
        );
        assert_eq!(
            register.find("DPMPTSP Kota Bogor", "agencies/3271").unwrap(),
            "agencies/3271/units/dpmptsp"
        );
        assert!(
            register
                .find("Bogor", "")
                .unwrap_err()
                .contains("agencies/3201, agencies/3271")
        );
        assert!(register.find("dinas lain", "agencies/3271").is_err());
    }

    #[test]
    fn yes_and_no_are_written_in_several_ways() {
        for (text, expected) in [
            ("Ya", true),
            ("", false),
            ("TIDAK", false),
            ("✓", true),
            ("1", true),
        ] {
            assert_eq!(is_yes("anonim", text), Ok(expected), "{text}");
        }
        assert!(is_yes("anonim", "mungkin").is_err());
    }
}
