//! Service units.

use std::collections::{BTreeMap, BTreeSet};

use prima_proto::{directory::v1 as pb, name};
use tonic::Status;

use super::cells;
use super::change::{Change, Changes};
use super::progress::Progress;
use super::sheet::{Column, Sheet};
use super::{
    BadRows, Options, Outcome, PAGE, Seen, Step, What, agencies, apply, check_display_name, request_id,
    unit_types,
};
use crate::client::call::{request, retry};
use crate::client::connect::{Connection, Directory};

/// A row that was checked.
#[derive(Debug, Clone, PartialEq)]
struct Row {
    name: name::Unit,
    unit_type: String,
    display_name: String,
}

/// The agencies, unit types and units of the directory.
#[derive(Default)]
struct Known {
    agencies: BTreeSet<String>,
    /// Keys of the built-in unit types.
    unit_types: BTreeSet<String>,
    /// Names of the unit types that agencies have defined.
    defined: BTreeSet<String>,
    units: BTreeMap<String, pb::Unit>,
}

fn columns() -> [Column; 4] {
    [
        Column::required("agency").or(&["instansi", "kodeinstansi"]),
        Column::required("unit").or(&["kodeunit", "idunit"]),
        Column::required("unit_type").or(&["jenisunit", "jenis", "tipe"]),
        Column::required("name").or(&["nama", "namaunit"]),
    ]
}

/// Loads `agency,unit,unit_type,name`: creates units that do not exist; those that differ are shown, and changed with
/// `replace`. A change of type moves a unit to another league table.
///
/// # Errors
///
/// When the file or one of its rows is bad, or the directory cannot be reached; nothing was loaded then.
pub async fn units(connection: &Connection, options: &Options, replace: bool) -> anyhow::Result<Outcome> {
    let mut sheet = Sheet::open(&options.source(), &columns())?;
    let client = connection.directory().await?;
    let known = known(&client).await?;
    let mut outcome = Outcome::new(What::Units);
    let mut bad = BadRows::default();
    let (rows, repeats) = read(&mut sheet, &known, &mut bad)?;
    outcome.skipped = bad.settle(options, &mut sheet)?;
    outcome.unchanged = repeats;
    changes(&rows, &known.units).settle(options.dry_run, replace)?;

    let mut steps = Vec::new();
    for (line, row) in rows {
        match plan(row, &known.units) {
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

async fn known(client: &Directory) -> anyhow::Result<Known> {
    let unit_types = unit_types::built_in(client).await?;
    let defined = unit_types::defined(client).await?.into_keys().collect();
    let agencies = agencies(client).await?.into_keys().collect();
    let mut units = BTreeMap::new();
    let mut page_token = String::new();
    loop {
        let message = pb::ListUnitsRequest {
            parent: "agencies/-".to_owned(),
            page_size: PAGE,
            page_token,
            unit_type: String::new(),
        };
        let page = retry(|| {
            let (mut client, message) = (client.clone(), message.clone());
            async move { client.list_units(request(message)).await }
        });
        let page = page.await?;
        units.extend(page.units.into_iter().map(|unit| (unit.name.clone(), unit)));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(Known {
                agencies,
                unit_types,
                defined,
                units,
            });
        }
    }
}

/// Returns the good rows with their lines, and the number of rows that only repeat another row.
fn read(sheet: &mut Sheet, known: &Known, bad: &mut BadRows) -> anyhow::Result<(Vec<(u64, Row)>, u64)> {
    let mut rows = Vec::new();
    let mut repeats = 0;
    let mut seen = Seen::new();
    while let Some(cells) = sheet.next()? {
        let line = cells.line;
        if let Some(fault) = cells.fault() {
            bad.add(line, fault);
            continue;
        }
        let [agency, unit, unit_type, name] = [0, 1, 2, 3].map(|column| cells.cell(column));
        let Some(row) = row(line, agency, unit, unit_type, name, known, bad) else {
            continue;
        };
        let id = row.name.to_string();
        match seen.check(&id, line, row.clone()) {
            Ok(true) => rows.push((line, row)),
            Ok(false) => repeats += 1,
            Err(before) => bad.add(
                line,
                format!("unit `{id}` sudah ada di baris {before} dengan isi lain"),
            ),
        }
    }
    Ok((rows, repeats))
}

fn row(
    line: u64,
    agency: &str,
    unit: &str,
    unit_type: &str,
    display_name: &str,
    known: &Known,
    bad: &mut BadRows,
) -> Option<Row> {
    let agency_id = cells::agency(agency);
    if name::token(&agency_id, name::AGENCY_MAX).is_err() {
        bad.add(
            line,
            format!(
                "agency `{agency}` harus 1 sampai {} karakter a-z, 0-9, dan -",
                name::AGENCY_MAX
            ),
        );
    } else if !known.agencies.contains(&format!("agencies/{agency_id}")) {
        bad.add(line, format!("instansi `{agency}` tidak terdaftar"));
    }
    if name::token(unit, name::TOKEN_MAX).is_err() {
        bad.add(
            line,
            format!(
                "unit `{unit}` harus 1 sampai {} karakter a-z, 0-9, dan -",
                name::TOKEN_MAX
            ),
        );
    }
    let own = format!("agencies/{agency_id}/unitTypes/");
    if !known.unit_types.contains(unit_type) && !known.defined.contains(&format!("{own}{unit_type}")) {
        let defined = known.defined.iter().filter_map(|name| name.strip_prefix(&own));
        let types: Vec<&str> = known
            .unit_types
            .iter()
            .map(String::as_str)
            .chain(defined)
            .collect();
        bad.add(
            line,
            format!(
                "unit_type `{unit_type}` tidak dikenal; pilihannya: {}",
                types.join(", ")
            ),
        );
    }
    check_display_name(line, display_name, bad);
    let row = Row {
        name: name::Unit {
            agency: agency_id,
            unit: unit.to_owned(),
        },
        unit_type: unit_type.to_owned(),
        display_name: display_name.to_owned(),
    };
    if let Some(unit) = known.units.get(&row.name.to_string())
        && unit.state() == pb::UnitState::Closed
        && differs(unit, &row)
    {
        bad.add(
            line,
            format!("unit sudah ditutup ({}) dan tidak dapat diubah", unit.close_date),
        );
    }
    (!bad.has(line)).then_some(row)
}

/// Returns the changes that the rows would make.
fn changes(rows: &[(u64, Row)], units: &BTreeMap<String, pb::Unit>) -> Changes {
    let mut changes = Changes::default();
    for (line, row) in rows {
        let name = row.name.to_string();
        let Some(unit) = units.get(&name) else {
            continue;
        };
        let both = [
            ("unit_type", &unit.unit_type, &row.unit_type),
            ("name", &unit.display_name, &row.display_name),
        ];
        let changed = both.into_iter().filter(|(_, before, after)| before != after);
        let changed = changed.map(|(field, before, after)| Change {
            field,
            before: before.clone(),
            after: after.clone(),
        });
        changes.extend(*line, &name, changed.collect());
    }
    changes
}

fn differs(unit: &pb::Unit, row: &Row) -> bool {
    unit.display_name != row.display_name || unit.unit_type != row.unit_type
}

/// Returns what to do for a row, with the etag of the unit that it changes; `None` when the unit is already as the row
/// says.
fn plan(row: Row, units: &BTreeMap<String, pb::Unit>) -> Option<Step<(Row, String)>> {
    match units.get(&row.name.to_string()) {
        None => Some(Step::Create((row, String::new()))),
        Some(unit) if differs(unit, &row) => Some(Step::Update((row, unit.etag.clone()))),
        Some(_) => None,
    }
}

async fn send(client: Directory, step: Step<(Row, String)>) -> Result<(), Status> {
    let unit = |row: &Row, etag: String| pb::Unit {
        name: row.name.to_string(),
        display_name: row.display_name.clone(),
        unit_type: row.unit_type.clone(),
        etag,
        ..Default::default()
    };
    match step {
        Step::Create((row, etag)) => {
            let name = row.name.to_string();
            let message = pb::CreateUnitRequest {
                request_id: request_id("CreateUnit", &name, &[&row.display_name, &row.unit_type]),
                parent: row.name.agency_name().to_string(),
                unit_id: row.name.unit.clone(),
                unit: Some(unit(&row, etag)),
            };
            let answer = retry(|| {
                let (mut client, message) = (client.clone(), message.clone());
                async move { client.create_unit(request(message)).await }
            });
            answer.await.map(|_| ())
        }
        Step::Update((row, etag)) => {
            let paths = vec!["display_name".to_owned(), "unit_type".to_owned()];
            let message = pb::UpdateUnitRequest {
                unit: Some(unit(&row, etag)),
                update_mask: Some(prost_types::FieldMask { paths }),
            };
            let answer = retry(|| {
                let (mut client, message) = (client.clone(), message.clone());
                async move { client.update_unit(request(message)).await }
            });
            answer.await.map(|_| ())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_moves_to_another_league_only_when_confirmed() {
        let name = name::Unit {
            agency: "3271".into(),
            unit: "dpmptsp".into(),
        };
        let held = pb::Unit {
            name: name.to_string(),
            display_name: "DPMPTSP Kota Bogor".into(),
            unit_type: "dpmptsp".into(),
            ..Default::default()
        };
        let units = BTreeMap::from([(held.name.clone(), held)]);
        let row = |unit_type: &str| Row {
            name: name.clone(),
            unit_type: unit_type.into(),
            display_name: "DPMPTSP Kota Bogor".into(),
        };
        let moved = changes(&[(2, row("rsud"))], &units);
        assert!(
            format!("{moved:?}").contains("unit_type: dpmptsp -> rsud"),
            "{moved:?}"
        );
        assert!(moved.settle(false, false).is_err() && moved.settle(false, true).is_ok());
        assert!(
            changes(&[(2, row("dpmptsp"))], &units)
                .settle(false, false)
                .is_ok()
        );
    }

    #[test]
    fn every_bad_cell_of_a_row_is_named() {
        let known = Known {
            agencies: BTreeSet::from(["agencies/3271".to_owned()]),
            unit_types: BTreeSet::from(["dpmptsp".to_owned()]),
            defined: ["agencies/3271/unitTypes/balai", "agencies/3272/unitTypes/loka"]
                .map(str::to_owned)
                .into(),
            units: BTreeMap::from([(
                "agencies/3271/units/lama".to_owned(),
                pb::Unit {
                    display_name: "Lama".into(),
                    unit_type: "dpmptsp".into(),
                    state: pb::UnitState::Closed.into(),
                    ..Default::default()
                },
            )]),
        };
        for (cells, faults) in [
            (["3271", "dpmptsp", "dpmptsp", "DPMPTSP Kota Bogor"], 0),
            (["32.71", "dpmptsp", "dpmptsp", "DPMPTSP Kota Bogor"], 0),
            (["9999", "dpmptsp", "dpmptsp", "X"], 1),
            (["32.71", "balai-1", "balai", "Balai Satu"], 0),
            (["3271", "loka-1", "loka", "Loka Satu"], 1),
            (["A B", "", "", ""], 4),
            (["3271", "lama", "dpmptsp", "Lama"], 0),
            (["3271", "lama", "dpmptsp", "Baru"], 1),
        ] {
            let mut bad = BadRows::default();
            let [agency, unit, unit_type, name] = cells;
            let row = row(2, agency, unit, unit_type, name, &known, &mut bad);
            assert_eq!(bad.0.get(&2).map_or(0, Vec::len), faults, "{cells:?} {bad:?}");
            assert_eq!(row.is_some(), faults == 0);
            if let Some(row) = row {
                assert_eq!(row.name.agency, "3271");
            }
        }
    }
}
