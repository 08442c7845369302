//! Unit types that agencies define.

use std::collections::{BTreeMap, BTreeSet};

use prima_proto::{directory::v1 as pb, name};
use tonic::Status;

use super::cells;
use super::change::{Change, Changes};
use super::progress::Progress;
use super::sheet::{Column, Sheet};
use super::{BadRows, Options, Outcome, Seen, Step, What, agencies, apply, check_display_name, request_id};
use crate::client::call::{pages, repeat};
use crate::client::connect::{Connection, Directory};

/// Position of the column of the built-in type.
const NATIONAL: usize = 3;

/// A row that was checked.
#[derive(Debug, Clone, PartialEq)]
struct Row {
    name: name::UnitType,
    display_name: String,
    /// Key of the built-in type; `None` when the file has no such column.
    national: Option<String>,
}

/// What the directory holds.
#[derive(Default)]
struct Known {
    agencies: BTreeSet<String>,
    built_in: BTreeSet<String>,
    defined: BTreeMap<String, pb::UnitType>,
}

fn columns() -> [Column; 4] {
    [
        Column::required("agency").or(&["instansi", "kodeinstansi"]),
        Column::required("unit_type").or(&["jenisunit", "kodejenisunit", "jenis", "tipe", "kode"]),
        Column::required("name").or(&["nama", "namajenisunit", "namajenis"]),
        Column::optional("national_unit_type").or(&["jenisnasional", "jenisunitnasional", "jenisbawaan"]),
    ]
}

/// Loads `agency,unit_type,name` and `national_unit_type`: creates unit types that do not exist; those that differ are
/// shown, and changed with `replace`.
///
/// # Errors
///
/// When the file or one of its rows is bad, or the directory cannot be reached; nothing was loaded then.
pub async fn unit_types(
    connection: &Connection,
    options: &Options,
    replace: bool,
) -> anyhow::Result<Outcome> {
    let mut sheet = Sheet::open(&options.source(), &columns())?;
    let client = connection.directory().await?;
    let known = Known {
        agencies: agencies(&client).await?.into_keys().collect(),
        built_in: built_in(&client).await?,
        defined: defined(&client).await?,
    };
    let mut outcome = Outcome::new(What::UnitTypes);
    let mut bad = BadRows::default();
    let (rows, repeats) = read(&mut sheet, &known, &mut bad)?;
    outcome.skipped = bad.settle(options, &mut sheet)?;
    outcome.unchanged = repeats;
    changes(&rows, &known.defined).settle(options.dry_run, replace)?;

    let mut steps = Vec::new();
    for (line, row) in rows {
        match plan(row, &known.defined) {
            Some(step) => steps.push((line, step)),
            None => outcome.unchanged += 1,
        }
    }
    if options.dry_run {
        return Ok(outcome.foresee(&steps));
    }
    let progress = Progress::rows("Mengimpor", steps.len() as u64, options.quiet);
    apply(steps, &progress, &mut outcome, |step| send(client.clone(), step)).await;
    Ok(outcome)
}

/// The keys of the built-in unit types.
///
/// # Errors
///
/// When the directory cannot be reached.
pub(super) async fn built_in(client: &Directory) -> anyhow::Result<BTreeSet<String>> {
    let message = pb::ListUnitTypesRequest::default();
    let all = pages!(client, list_unit_types, message, unit_types);
    Ok(all
        .unit_types
        .into_iter()
        .map(|unit_type| unit_type.key)
        .collect())
}

/// The unit types that agencies have defined, by name. A directory of an earlier release, which has none, returns the
/// built-in ones, which have no name.
///
/// # Errors
///
/// When the directory cannot be reached.
pub(super) async fn defined(client: &Directory) -> anyhow::Result<BTreeMap<String, pb::UnitType>> {
    let message = pb::ListUnitTypesRequest {
        parent: "agencies/-".to_owned(),
        ..Default::default()
    };
    let all = pages!(client, list_unit_types, message, unit_types);
    let named = all
        .unit_types
        .into_iter()
        .filter(|unit_type| !unit_type.name.is_empty());
    Ok(named
        .map(|unit_type| (unit_type.name.clone(), unit_type))
        .collect())
}

/// Returns the good rows with their lines, and the number of rows that only repeat another row.
fn read(sheet: &mut Sheet, known: &Known, bad: &mut BadRows) -> anyhow::Result<(Vec<(u64, Row)>, u64)> {
    let [.., national] = columns();
    let has_national = sheet.header().iter().any(|name| national.is(name));
    let mut rows = Vec::new();
    let mut repeats = 0;
    let mut seen = Seen::new();
    while let Some(cells) = sheet.next()? {
        let line = cells.line;
        if let Some(fault) = cells.fault() {
            bad.add(line, fault);
            continue;
        }
        let [agency, key, name] = [0, 1, 2].map(|column| cells.cell(column));
        let national = has_national.then(|| cells.cell(NATIONAL));
        let Some(row) = row(line, agency, key, name, national, known, bad) else {
            continue;
        };
        let id = row.name.to_string();
        match seen.check(&id, line, row.clone()) {
            Ok(true) => rows.push((line, row)),
            Ok(false) => repeats += 1,
            Err(before) => bad.add(
                line,
                format!("jenis unit `{id}` sudah ada di baris {before} dengan isi lain"),
            ),
        }
    }
    Ok((rows, repeats))
}

fn row(
    line: u64,
    agency: &str,
    key: &str,
    display_name: &str,
    national: Option<&str>,
    known: &Known,
    bad: &mut BadRows,
) -> Option<Row> {
    let agency_id = cells::agency(agency);
    if !known.agencies.contains(&format!("agencies/{agency_id}")) {
        bad.add(line, format!("instansi `{agency}` tidak terdaftar"));
    }
    if name::id(key).is_err() || key == "-" {
        bad.add(
            line,
            format!(
                "unit_type `{key}` harus 1 sampai {} karakter a-z, 0-9, dan -",
                name::TOKEN_MAX
            ),
        );
    } else if known.built_in.contains(key) {
        bad.add(
            line,
            format!("unit_type `{key}` sudah menjadi kunci jenis unit bawaan"),
        );
    }
    check_display_name(line, display_name, bad);
    if let Some(national) = national.filter(|key| !key.is_empty())
        && !known.built_in.contains(national)
    {
        let keys: Vec<&str> = known.built_in.iter().map(String::as_str).collect();
        bad.add(
            line,
            format!(
                "national_unit_type `{national}` bukan jenis unit bawaan; pilihannya: {}",
                keys.join(", ")
            ),
        );
    }
    (!bad.has(line)).then(|| Row {
        name: name::UnitType {
            agency: agency_id,
            unit_type: key.to_owned(),
        },
        display_name: display_name.to_owned(),
        national: national.map(str::to_owned),
    })
}

/// The fields in which a row differs from a stored type, with the old and the new value.
fn differing(stored: &pb::UnitType, row: &Row) -> Vec<Change> {
    let national = row.national.as_ref().unwrap_or(&stored.national_unit_type);
    let both = [
        ("name", &stored.display_name, &row.display_name),
        ("national_unit_type", &stored.national_unit_type, national),
    ];
    both.into_iter()
        .filter(|(_, before, after)| before != after)
        .map(|(field, before, after)| Change {
            field,
            before: before.clone(),
            after: after.clone(),
        })
        .collect()
}

/// Returns the changes that the rows would make.
fn changes(rows: &[(u64, Row)], defined: &BTreeMap<String, pb::UnitType>) -> Changes {
    let mut changes = Changes::default();
    for (line, row) in rows {
        let name = row.name.to_string();
        if let Some(stored) = defined.get(&name) {
            changes.extend(*line, &name, differing(stored, row));
        }
    }
    changes
}

/// Returns what to do for a row, with the etag of the type that it changes; `None` when the type is already as the row
/// says.
fn plan(row: Row, defined: &BTreeMap<String, pb::UnitType>) -> Option<Step<(Row, String)>> {
    match defined.get(&row.name.to_string()) {
        None => Some(Step::Create((row, String::new()))),
        Some(stored) if differing(stored, &row).is_empty() => None,
        Some(stored) => Some(Step::Update((row, stored.etag.clone()))),
    }
}

async fn send(client: Directory, step: Step<(Row, String)>) -> Result<(), Status> {
    let unit_type = |row: &Row, etag: String| pb::UnitType {
        name: row.name.to_string(),
        display_name: row.display_name.clone(),
        national_unit_type: row.national.clone().unwrap_or_default(),
        etag,
        ..Default::default()
    };
    match step {
        Step::Create((row, etag)) => {
            let content = [
                row.display_name.as_str(),
                row.national.as_deref().unwrap_or_default(),
            ];
            let message = pb::CreateUnitTypeRequest {
                request_id: request_id("CreateUnitType", &row.name.to_string(), &content),
                parent: row.name.agency_name().to_string(),
                unit_type_id: row.name.unit_type.clone(),
                unit_type: Some(unit_type(&row, etag)),
            };
            repeat!(client, create_unit_type, message).map(|_| ())
        }
        Step::Update((row, etag)) => {
            let mut paths = vec!["display_name".to_owned()];
            paths.extend(row.national.is_some().then(|| "national_unit_type".to_owned()));
            let message = pb::UpdateUnitTypeRequest {
                unit_type: Some(unit_type(&row, etag)),
                update_mask: Some(prost_types::FieldMask { paths }),
            };
            repeat!(client, update_unit_type, message).map(|_| ())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        let stored = pb::UnitType {
            name: "agencies/3271/unitTypes/balai".into(),
            display_name: "Balai".into(),
            national_unit_type: "lainnya".into(),
            ..Default::default()
        };
        Known {
            agencies: BTreeSet::from(["agencies/3271".to_owned()]),
            built_in: ["kelurahan", "lainnya"].map(str::to_owned).into(),
            defined: BTreeMap::from([(stored.name.clone(), stored)]),
        }
    }

    #[test]
    fn every_bad_cell_of_a_row_is_named() {
        for (cells, faults) in [
            (["3271", "balai-kota", "Balai Kota", ""], 0),
            (["32.71", "balai-kota", "Balai Kota", "lainnya"], 0),
            (["3271", "kelurahan", "Kelurahan", ""], 1),
            (["9999", "-", "", "balai"], 4),
        ] {
            let mut bad = BadRows::default();
            let [agency, key, name, national] = cells;
            let row = row(2, agency, key, name, Some(national), &known(), &mut bad);
            assert_eq!(bad.0.get(&2).map_or(0, Vec::len), faults, "{cells:?} {bad:?}");
            assert_eq!(row.is_some(), faults == 0);
        }
    }

    #[test]
    fn a_file_without_the_column_of_built_in_types_leaves_them() {
        let row = |name: &str, national: Option<&str>| Row {
            name: name::UnitType {
                agency: "3271".into(),
                unit_type: "balai".into(),
            },
            display_name: name.into(),
            national: national.map(str::to_owned),
        };
        let defined = known().defined;
        assert!(plan(row("Balai", None), &defined).is_none());
        let change = changes(&[(2, row("Balai Kota", None))], &defined);
        assert!(change.settle(false, false).is_err() && change.settle(false, true).is_ok());
        let cleared = differing(&defined["agencies/3271/unitTypes/balai"], &row("Balai", Some("")));
        assert_eq!(cleared.len(), 1);
        assert_eq!(cleared[0].field, "national_unit_type");
    }
}
