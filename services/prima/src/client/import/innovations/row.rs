//! Converts a row of a file to an innovation.

use std::collections::BTreeSet;

use prima_innovation::domain::{catalogue, round};
use prima_proto::innovation::v1 as pb;

use crate::cli::DateOrder;
use crate::client::import::cells::Register;
use crate::client::import::loose::Wanted;
use crate::client::import::words::{same, squash, words};
use crate::client::import::{request_id, when};

/// Positions of the columns that hold dates.
pub(super) const DATES: [usize; 2] = [4, 5];
/// The columns that are read, in this order.
pub(super) const COLUMNS: [Wanted; 14] = [
    Wanted::of(
        "title",
        &["judul", "judulinovasi", "namainovasi", "inovasi", "nama"],
        true,
    ),
    Wanted::of("agency", &["instansi", "pemerintahdaerah", "pemda"], false),
    Wanted::of(
        "unit",
        &["unitkerja", "opd", "unitpenyelenggara", "perangkatdaerah"],
        false,
    ),
    Wanted::of("status", &["tahapan", "tahapinovasi", "tahapaninovasi"], true),
    Wanted::of(
        "start_date",
        &[
            "mulai",
            "tanggalmulai",
            "waktupenerapan",
            "tanggalpenerapan",
            "waktuimplementasi",
            "tahun",
        ],
        false,
    ),
    Wanted::of("stop_date", &["berhenti", "tanggalberhenti"], false),
    Wanted::of(
        "description",
        &["uraian", "deskripsi", "ringkasan", "rancangbangun"],
        false,
    ),
    Wanted::of("initiator", &["inisiator", "penggagas"], false),
    Wanted::of("category", &["kategori"], false),
    Wanted::of("sdgs", &["tpb", "tpbsdgs", "tujuan"], false),
    Wanted::of("legal_basis", &["payunghukum", "dasarhukum", "regulasi"], false),
    Wanted::of("supports", &["dukungan", "sumberdaya"], false),
    Wanted::of("document", &["tautan", "link", "dokumen", "url"], false),
    Wanted::of("innovation", &["id", "idinovasi", "kode"], false),
];

pub(super) fn status_name(status: pb::InnovationStatus) -> String {
    let name = STATUSES.iter().find(|(value, _)| *value == status);
    name.and_then(|(_, names)| names.first())
        .map_or(String::new(), |name| (*name).to_owned())
}

const STATUSES: [(pb::InnovationStatus, &[&str]); 4] = [
    (
        pb::InnovationStatus::Idea,
        &["gagasan", "ide", "inisiatif", "idea"],
    ),
    (
        pb::InnovationStatus::Preparation,
        &["persiapan", "ujicoba", "preparation"],
    ),
    (
        pb::InnovationStatus::Implemented,
        &[
            "diterapkan",
            "penerapan",
            "implementasi",
            "berjalan",
            "implemented",
        ],
    ),
    (
        pb::InnovationStatus::Stopped,
        &["dihentikan", "berhenti", "tidakberjalan", "stopped"],
    ),
];
const SUPPORTS: [(pb::Support, &[&str]); 3] = [
    (pb::Support::Budget, &["anggaran", "budget"]),
    (
        pb::Support::Facilities,
        &[
            "sarana",
            "prasarana",
            "saranaprasarana",
            "saranadanprasarana",
            "facilities",
        ],
    ),
    (pb::Support::People, &["sdm", "people", "tim"]),
];
const LEGAL: [(pb::LegalBasis, &[&str]); 3] = [
    (
        pb::LegalBasis::Unspecified,
        &["", "belum", "tidak", "tidakada", "belumada"],
    ),
    (pb::LegalBasis::Draft, &["rancangan", "draf", "draft"]),
    (
        pb::LegalBasis::Enacted,
        &["ada", "ya", "berlaku", "ditetapkan", "enacted"],
    ),
];

fn named<T: Copy>(field: &str, text: &str, values: &[(T, &[&str])]) -> Result<T, String> {
    let name = squash(text);
    let found = values.iter().find(|(_, names)| names.contains(&name.as_str()));
    found.map(|(value, _)| *value).ok_or_else(|| {
        let names: Vec<&str> = values
            .iter()
            .filter_map(|(_, names)| names.iter().find(|n| !n.is_empty()).copied())
            .collect();
        format!("{field} `{text}` tidak dikenal; pilihannya: {}", names.join(", "))
    })
}

pub(super) fn innovation<'a>(
    get: &impl Fn(&str) -> &'a str,
    parent: &str,
    order: DateOrder,
    register: &Register,
) -> Result<pb::Innovation, Vec<String>> {
    let mut faults = Vec::new();
    let unit = unit(get("agency"), get("unit"), parent, register)
        .map_err(|fault| faults.push(fault))
        .ok();
    let title = get("title");
    let id = match get("innovation") {
        "" => slug(title),
        id => id.rsplit('/').next().unwrap_or_default().to_owned(),
    };
    if title.is_empty() {
        faults.push("title (judul) wajib diisi".to_owned());
    }
    let status = named("status", get("status"), &STATUSES)
        .map_err(|fault| faults.push(fault))
        .ok();
    let mut day = |name: &str| {
        let text = get(name);
        date(text, order)
            .map_err(|fault| faults.push(format!("{name}: {fault}")))
            .unwrap_or_default()
    };
    let (start_date, stop_date) = (day("start_date"), day("stop_date"));
    let sdgs: Result<Vec<i32>, String> = get("sdgs")
        .split(|c: char| !c.is_ascii_digit())
        .filter(|part| !part.is_empty())
        .map(|part| {
            part.parse()
                .ok()
                .filter(|n| catalogue::goal(*n).is_some())
                .ok_or_else(|| format!("sdgs `{part}` harus 1 sampai 17"))
        })
        .collect::<Result<BTreeSet<i32>, String>>()
        .map(|set| set.into_iter().collect());
    let sdgs = sdgs.map_err(|fault| faults.push(fault)).unwrap_or_default();
    let legal_basis = named("legal_basis", get("legal_basis"), &LEGAL)
        .map_err(|fault| faults.push(fault))
        .ok();
    let mut supports = BTreeSet::new();
    for part in get("supports")
        .split([';', ','])
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        match named("supports", part, &SUPPORTS) {
            Ok(support) => {
                supports.insert(i32::from(support));
            }
            Err(fault) => faults.push(fault),
        }
    }
    let category = category(get("category"))
        .map_err(|fault| faults.push(fault))
        .unwrap_or_default();
    let documents = get("document").split_whitespace().map(|url| pb::Link {
        title: "Dokumen inovasi".to_owned(),
        url: url.trim_end_matches([',', ';']).to_owned(),
    });
    match (unit, status, legal_basis) {
        (Some(unit), Some(status), Some(legal_basis)) if faults.is_empty() => Ok(pb::Innovation {
            name: format!("{unit}/innovations/{id}"),
            title: title.to_owned(),
            description: get("description").to_owned(),
            initiator: get("initiator").to_owned(),
            category,
            sdgs,
            status: status.into(),
            start_date,
            stop_date,
            documents: documents.collect(),
            legal_basis: legal_basis.into(),
            supports: supports.into_iter().collect(),
            ..Default::default()
        }),
        _ => Err(faults),
    }
}

fn unit(agency: &str, unit: &str, parent: &str, register: &Register) -> Result<String, String> {
    let of = match agency {
        "" => parent.split("/units/").next().unwrap_or_default().to_owned(),
        agency => register.find(agency, "")?,
    };
    let whole = match unit {
        "" => parent.to_owned(),
        unit => register.find(unit, &of)?,
    };
    if !whole.contains("/units/") {
        return Err(
            "unit wajib diisi, atau sebutkan --parent agencies/…/units/… untuk seluruh berkas".to_owned(),
        );
    }
    register.fault(&whole, "").map_or(Ok(whole), Err)
}

/// Reads a date. A year alone becomes its first day.
fn date(text: &str, order: DateOrder) -> Result<String, String> {
    if text.is_empty() {
        return Ok(String::new());
    }
    if text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(format!("{text}-01-01"));
    }
    when::day(text, order).map(|day| day.to_string())
}

/// Finds a category by its key or its official name.
fn category(text: &str) -> Result<String, String> {
    let known: Vec<(&str, &str)> = round::templates()
        .values()
        .flat_map(|template| &template.categories)
        .map(|category| (category.key.as_str(), category.name.as_str()))
        .collect();
    let found = known.iter().find(|(key, name)| *key == text || same(name, text));
    match found {
        _ if text.is_empty() => Ok(String::new()),
        Some((key, _)) => Ok((*key).to_owned()),
        None => {
            let keys: BTreeSet<&str> = known.iter().map(|(key, _)| *key).collect();
            let keys: Vec<&str> = keys.into_iter().collect();
            Err(format!(
                "category `{text}` tidak dikenal; pilihannya: {}",
                keys.join(", ")
            ))
        }
    }
}

/// Makes an id from a title: its ASCII words, and a digest when the title was cut or has other letters.
fn slug(title: &str) -> String {
    let words = words(title).join("-");
    let plain: String = words
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .collect();
    let plain = plain.trim_matches('-');
    if plain.len() <= 50 && plain == words && !plain.is_empty() {
        return plain.to_owned();
    }
    let mark: String = request_id("innovation", &words, &[]).chars().take(8).collect();
    let cut: String = plain.chars().take(40).collect();
    format!("{cut}-{mark}").trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_follows_from_the_title_and_differs_where_titles_do() {
        assert_eq!(slug("SI PANDU: Layanan Izin"), "si-pandu-layanan-izin");
        let long = "Sistem informasi pelayanan terpadu untuk perizinan berusaha di kecamatan";
        assert!(slug(long).len() <= 63 && slug(long).starts_with("sistem-informasi"));
        assert_ne!(slug(long), slug(&format!("{long} dua")));
        assert!(!slug("Énergi").is_empty() && slug("Énergi") != slug("nergi"));
    }

    #[test]
    fn the_words_that_officers_use_are_read_as_values() {
        assert_eq!(
            named("status", "Penerapan", &STATUSES),
            Ok(pb::InnovationStatus::Implemented)
        );
        assert_eq!(
            named("status", "Uji Coba", &STATUSES),
            Ok(pb::InnovationStatus::Preparation)
        );
        assert!(
            named("status", "selesai", &STATUSES)
                .unwrap_err()
                .contains("diterapkan")
        );
        assert_eq!(category("Ketahanan Institusi Publik"), Ok("ketahanan".to_owned()));
        assert!(category("lain").unwrap_err().contains("inklusif"));
    }
}
