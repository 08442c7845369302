//! Agencies: provinces, regencies and cities, ministries and national bodies.

use std::collections::{BTreeMap, BTreeSet};

use prima_proto::{directory::v1 as pb, name};
use tonic::Status;

use super::cells::same_name;
use super::change::{Change, Changes};
use super::progress::Progress;
use super::sheet::{Column, Sheet};
use super::{BadRows, Options, Outcome, Seen, Step, What, agencies, apply, check_display_name, request_id};
use crate::client::call::{request, retry};
use crate::client::connect::{Connection, Directory};

/// A row that was checked without the directory.
#[derive(Debug, Clone, PartialEq)]
struct Region {
    name: String,
    display_name: String,
    kind: pb::AgencyKind,
    /// Name of the province; empty for a province.
    parent: String,
}

fn columns() -> [Column; 4] {
    [
        Column::required("code").or(&["kode", "kodewilayah", "kodekemendagri", "id"]),
        Column::required("name").or(&["nama", "namawilayah", "wilayah"]),
        Column::required("kind").or(&["jenis", "tipe"]),
        Column::required("parent").or(&["induk", "kodeprovinsi"]),
    ]
}

/// Loads `code,name,kind,parent`: creates agencies that do not exist; those that differ are shown, and changed with
/// `replace`. The id of a region is its code without dots, that of a ministry or national body its code.
///
/// # Errors
///
/// When the file or one of its rows is bad, or the directory cannot be reached; nothing was loaded then.
pub async fn regions(connection: &Connection, options: &Options, replace: bool) -> anyhow::Result<Outcome> {
    let mut sheet = Sheet::open(&options.source(), &columns())?;
    let client = connection.directory().await?;
    let existing = agencies(&client).await?;
    let mut outcome = Outcome::new(What::Regions);
    let mut bad = BadRows::default();
    let (rows, repeats) = read(&mut sheet, &existing, &mut bad)?;
    outcome.skipped = bad.settle(options, &mut sheet)?;
    outcome.unchanged = repeats;
    changes(&rows, &existing).settle(options.dry_run, replace)?;

    let (mut provinces, mut others) = (Vec::new(), Vec::new());
    for (line, region) in rows {
        let Some(step) = plan(region, &existing) else {
            outcome.unchanged += 1;
            continue;
        };
        let (Step::Create((region, _)) | Step::Update((region, _))) = &step;
        let list = if region.kind == pb::AgencyKind::Provinsi {
            &mut provinces
        } else {
            &mut others
        };
        list.push((line, step));
    }
    if options.dry_run {
        return Ok(outcome.foresee(&provinces).foresee(&others));
    }
    let total = (provinces.len() + others.len()) as u64;
    let progress = Progress::rows("Mengimpor", total, options.quiet);
    // Provinces are created first, because a regency refers to its province.
    for steps in [provinces, others] {
        apply(steps, &progress, &mut outcome, |step| send(client.clone(), step)).await;
    }
    Ok(outcome)
}

/// Returns the good rows with their lines, and the number of rows that only repeat another row.
fn read(
    sheet: &mut Sheet,
    existing: &BTreeMap<String, pb::Agency>,
    bad: &mut BadRows,
) -> anyhow::Result<(Vec<(u64, Region)>, u64)> {
    let mut rows = Vec::new();
    let mut repeats = 0;
    let mut seen = Seen::new();
    while let Some(row) = sheet.next()? {
        if let Some(fault) = row.fault() {
            bad.add(row.line, fault);
            continue;
        }
        let [code, name, kind, parent] = [0, 1, 2, 3].map(|column| row.cell(column));
        let Some(region) = region(row.line, code, name, kind, parent, bad) else {
            continue;
        };
        if let Some(agency) = existing.get(&region.name)
            && agency.kind() != region.kind
        {
            let held = kind_name(agency.kind());
            bad.add(
                row.line,
                format!(
                    "jenis {} berbeda dari yang terdaftar ({held})",
                    kind_name(region.kind)
                ),
            );
            continue;
        }
        match seen.check(&region.name, row.line, region.clone()) {
            Ok(true) => rows.push((row.line, region)),
            Ok(false) => repeats += 1,
            Err(before) => bad.add(
                row.line,
                format!("kode `{code}` sudah ada di baris {before} dengan isi lain"),
            ),
        }
    }
    let provinces: BTreeSet<String> = rows
        .iter()
        .filter(|(_, region)| region.kind == pb::AgencyKind::Provinsi)
        .map(|(_, region)| region.name.clone())
        .chain(
            existing
                .values()
                .filter(|a| a.kind() == pb::AgencyKind::Provinsi)
                .map(|a| a.name.clone()),
        )
        .collect();
    for (line, region) in &rows {
        if !region.parent.is_empty() && !provinces.contains(&region.parent) {
            let code = region.parent.trim_start_matches("agencies/");
            bad.add(
                *line,
                format!("provinsi `{code}` tidak ada di berkas ini maupun di direktori"),
            );
        }
    }
    rows.retain(|(line, _)| !bad.has(*line));
    Ok((rows, repeats))
}

fn region(
    line: u64,
    code: &str,
    display_name: &str,
    kind: &str,
    parent: &str,
    bad: &mut BadRows,
) -> Option<Region> {
    let id = code.replace('.', "");
    let parent_id = parent.replace('.', "");
    let digits = |text: &str, length: usize| text.len() == length && text.bytes().all(|b| b.is_ascii_digit());
    let known = match kind.to_ascii_lowercase().as_str() {
        "provinsi" => Some(pb::AgencyKind::Provinsi),
        "kabupaten" => Some(pb::AgencyKind::Kabupaten),
        "kota" => Some(pb::AgencyKind::Kota),
        "kementerian" => Some(pb::AgencyKind::Kementerian),
        "lembaga" => Some(pb::AgencyKind::Lembaga),
        _ => None,
    };
    match known {
        None => bad.add(
            line,
            format!("kind `{kind}` harus kementerian, lembaga, provinsi, kabupaten, atau kota"),
        ),
        Some(pb::AgencyKind::Provinsi) => {
            if !digits(&id, 2) {
                bad.add(line, format!("kode provinsi `{code}` harus dua angka"));
            }
            if !parent.is_empty() {
                bad.add(line, "parent provinsi harus kosong");
            }
        }
        Some(pb::AgencyKind::Kementerian | pb::AgencyKind::Lembaga) => {
            if name::agency_id(code).is_err() || code.bytes().all(|b| b.is_ascii_digit()) {
                bad.add(
                    line,
                    format!("kode `{code}` harus huruf kecil, angka, dan `-`, bukan kode wilayah, seperti kemenkes"),
                );
            }
            if !parent.is_empty() {
                bad.add(line, "parent kementerian atau lembaga harus kosong");
            }
        }
        Some(_) => {
            if !digits(&id, 4) {
                bad.add(
                    line,
                    format!("kode `{code}` harus empat angka, boleh bertitik seperti 32.71"),
                );
            }
            if !digits(&parent_id, 2) {
                bad.add(line, format!("parent `{parent}` harus kode provinsi, dua angka"));
            }
        }
    }
    check_display_name(line, display_name, bad);
    if bad.has(line) {
        return None;
    }
    Some(Region {
        name: format!("agencies/{id}"),
        display_name: display_name.to_owned(),
        kind: known?,
        parent: if parent_id.is_empty() {
            parent_id
        } else {
            format!("agencies/{parent_id}")
        },
    })
}

/// Returns the changes that the rows would make. When a new name is already the name of another agency in the
/// directory, the file probably uses another list of codes.
fn changes(rows: &[(u64, Region)], existing: &BTreeMap<String, pb::Agency>) -> Changes {
    let mut changes = Changes::default();
    let mut other_codes = 0_usize;
    for (line, region) in rows {
        let Some(agency) = existing.get(&region.name) else {
            continue;
        };
        let both = [
            ("name", &agency.display_name, &region.display_name),
            ("parent", &agency.parent, &region.parent),
        ];
        let changed = both.into_iter().filter(|(_, before, after)| before != after);
        let changed = changed.map(|(field, before, after)| Change {
            field,
            before: before.clone(),
            after: after.clone(),
        });
        changes.extend(*line, &region.name, changed.collect());
        let elsewhere = |other: &&pb::Agency| {
            other.name != region.name && same_name(&other.display_name, &region.display_name)
        };
        if !same_name(&agency.display_name, &region.display_name)
            && existing.values().any(|other| elsewhere(&other))
        {
            other_codes += 1;
        }
    }
    if other_codes > 0 {
        changes.hint(format!(
            "{other_codes} nama sudah terdaftar dengan kode lain: berkas ini tampaknya memakai kode BPS; direktori memakai kode \
             Kemendagri"
        ));
    }
    changes
}

/// Returns what to do for a row, with the etag of the agency that it changes; `None` when the agency is already as the
/// row says.
fn plan(region: Region, existing: &BTreeMap<String, pb::Agency>) -> Option<Step<(Region, String)>> {
    match existing.get(&region.name) {
        None => Some(Step::Create((region, String::new()))),
        Some(agency) if agency.display_name == region.display_name && agency.parent == region.parent => None,
        Some(agency) => Some(Step::Update((region, agency.etag.clone()))),
    }
}

async fn send(client: Directory, step: Step<(Region, String)>) -> Result<(), Status> {
    let agency = |region: &Region, etag: String| pb::Agency {
        name: region.name.clone(),
        display_name: region.display_name.clone(),
        kind: region.kind.into(),
        parent: region.parent.clone(),
        etag,
        ..Default::default()
    };
    match step {
        Step::Create((region, etag)) => {
            let content = [
                region.display_name.as_str(),
                kind_name(region.kind),
                region.parent.as_str(),
            ];
            let message = pb::CreateAgencyRequest {
                request_id: request_id("CreateAgency", &region.name, &content),
                agency_id: region.name.trim_start_matches("agencies/").to_owned(),
                agency: Some(agency(&region, etag)),
            };
            let answer = retry(|| {
                let (mut client, message) = (client.clone(), message.clone());
                async move { client.create_agency(request(message)).await }
            });
            answer.await.map(|_| ())
        }
        Step::Update((region, etag)) => {
            let paths = vec!["display_name".to_owned(), "parent".to_owned()];
            let message = pb::UpdateAgencyRequest {
                agency: Some(agency(&region, etag)),
                update_mask: Some(prost_types::FieldMask { paths }),
            };
            let answer = retry(|| {
                let (mut client, message) = (client.clone(), message.clone());
                async move { client.update_agency(request(message)).await }
            });
            answer.await.map(|_| ())
        }
    }
}

fn kind_name(kind: pb::AgencyKind) -> &'static str {
    match kind {
        pb::AgencyKind::Unspecified => "-",
        pb::AgencyKind::Kementerian => "kementerian",
        pb::AgencyKind::Lembaga => "lembaga",
        pb::AgencyKind::Provinsi => "provinsi",
        pb::AgencyKind::Kabupaten => "kabupaten",
        pb::AgencyKind::Kota => "kota",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, existing: &BTreeMap<String, pb::Agency>) -> (Vec<(u64, Region)>, u64, BadRows) {
        let file = std::env::temp_dir().join(format!(
            "prima-regions-{}.csv",
            prima_platform::id::Ids::random().next()
        ));
        std::fs::write(&file, text).unwrap();
        let mut sheet = Sheet::open(&file.as_path().into(), &columns()).unwrap();
        let mut bad = BadRows::default();
        let (rows, repeats) = read(&mut sheet, existing, &mut bad).unwrap();
        std::fs::remove_file(&file).unwrap();
        (rows, repeats, bad)
    }

    #[test]
    fn the_regions_of_the_directory_are_all_good() {
        let text = include_str!("../../../../directory/data/regions.csv");
        let (rows, repeats, bad) = check(text, &BTreeMap::new());
        assert_eq!((rows.len(), repeats, bad.0.len()), (552, 0, 0));
    }

    #[test]
    fn ministries_and_bodies_are_agencies_without_a_province() {
        let text = "code,name,kind,parent\nkemenkes,Kementerian Kesehatan,kementerian,\nbkn,Badan Kepegawaian Negara,LEMBAGA,\n\
                    Kemen.Kes,X,kementerian,\n024,Y,lembaga,\nbps,Badan Pusat Statistik,lembaga,32\n";
        let (rows, _, bad) = check(text, &BTreeMap::new());
        let found: Vec<_> = rows
            .iter()
            .map(|(_, r)| (r.name.as_str(), r.kind, r.parent.as_str()))
            .collect();
        let expected = [
            ("agencies/kemenkes", pb::AgencyKind::Kementerian, ""),
            ("agencies/bkn", pb::AgencyKind::Lembaga, ""),
        ];
        assert_eq!(found, expected);
        let lines: Vec<u64> = bad.0.keys().copied().collect();
        assert_eq!(lines, [4, 5, 6]);
    }

    #[test]
    fn every_bad_row_has_its_reasons() {
        let text = "code,name,kind,parent\n32,Jawa Barat,provinsi,\n32.71,Kota Bogor,kota,32\n3271,Kota Bogor,kota,32\n\
                    3271,Bogor,kota,32\n9901,Antah,kota,99\n3,,desa,\n321,X,kabupaten,\n33,Jateng,provinsi,32\n";
        let (rows, repeats, bad) = check(text, &BTreeMap::new());
        let names: Vec<&str> = rows.iter().map(|(_, region)| region.name.as_str()).collect();
        assert_eq!((names, repeats), (vec!["agencies/32", "agencies/3271"], 1));
        let reasons: Vec<(u64, usize)> = bad
            .0
            .iter()
            .map(|(line, reasons)| (*line, reasons.len()))
            .collect();
        assert_eq!(reasons, [(5, 1), (6, 1), (7, 2), (8, 2), (9, 1)]);
    }

    #[test]
    fn a_list_with_other_codes_renames_no_agency_without_confirmation() {
        let held = |code: &str, display_name: &str| {
            let agency = pb::Agency {
                name: format!("agencies/{code}"),
                display_name: display_name.into(),
                kind: pb::AgencyKind::Kabupaten.into(),
                parent: "agencies/11".into(),
                ..Default::default()
            };
            (agency.name.clone(), agency)
        };
        let existing = BTreeMap::from([
            held("1101", "Kabupaten Aceh Selatan"),
            held("1102", "Kabupaten Aceh Tenggara"),
            held("1109", "Kabupaten Simeulue"),
        ]);
        let region = |code: &str, name: &str| Region {
            name: format!("agencies/{code}"),
            display_name: name.into(),
            kind: pb::AgencyKind::Kabupaten,
            parent: "agencies/11".into(),
        };
        let rows = [
            (2, region("1101", "Kabupaten Simeulue")),
            (3, region("1102", "Kabupaten Aceh Tenggara")),
        ];
        let found = changes(&rows, &existing);
        assert!(found.settle(false, false).is_err() && found.settle(false, true).is_ok());
        let shown = format!("{found:?}");
        assert!(
            shown.contains("Kabupaten Aceh Selatan -> Kabupaten Simeulue") && shown.contains("BPS"),
            "{shown}"
        );
        let same = [(2, region("1109", "Kabupaten Simeulue"))];
        assert!(changes(&same, &existing).settle(false, false).is_ok());
    }

    #[test]
    fn a_row_creates_or_changes_an_agency_or_leaves_it_as_it_is() {
        let held = |display_name: &str, kind: pb::AgencyKind| pb::Agency {
            name: "agencies/32".into(),
            display_name: display_name.into(),
            kind: kind.into(),
            etag: "e1".into(),
            ..Default::default()
        };
        let text = "code,name,kind,parent\n32,Jawa Barat,provinsi,\n";
        for (existing, expected) in [
            (None, Some("create")),
            (Some(held("Jawa Barat", pb::AgencyKind::Provinsi)), None),
            (Some(held("Jabar", pb::AgencyKind::Provinsi)), Some("update e1")),
        ] {
            let existing: BTreeMap<_, _> = existing
                .into_iter()
                .map(|agency| (agency.name.clone(), agency))
                .collect();
            let (mut rows, _, _) = check(text, &existing);
            let step = plan(rows.remove(0).1, &existing).map(|step| match step {
                Step::Create(_) => "create".to_owned(),
                Step::Update((_, etag)) => format!("update {etag}"),
            });
            assert_eq!(step.as_deref(), expected);
        }
        let other = BTreeMap::from([("agencies/32".to_owned(), held("Jawa Barat", pb::AgencyKind::Kota))]);
        let (rows, _, bad) = check(text, &other);
        assert!(rows.is_empty() && bad.has(2));
    }
}
