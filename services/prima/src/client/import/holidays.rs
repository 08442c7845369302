//! The national calendar: the public holidays and collective leave days of whole years.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::bail;
use chrono::Datelike;
use prima_complaint::domain::calendar::{Holiday, HolidayKind};
use prima_proto::complaint::v1 as pb;

use super::sheet::{Column, Sheet};
use super::words::squash;
use super::{BadRows, Options, request_id, when};
use crate::cli::{DateOrder, HolidaysArgs};
use crate::client::call::repeat;
use crate::client::connect::{Connection, Settings};
use crate::client::print;

/// Month and day of the holidays that have the same date each year: New Year, Labour Day, Pancasila Day, Independence
/// Day, Christmas.
const FIXED: [(u32, u32); 5] = [(1, 1), (5, 1), (6, 1), (8, 17), (12, 25)];

fn columns() -> [Column; 4] {
    [
        Column::required("date").or(&["tanggal", "tgl", "holidaydate", "tanggallibur"]),
        Column::required("kind").or(&["jenis", "tipe", "kategori", "status", "isnationalholiday"]),
        Column::required("name").or(&[
            "nama",
            "namalibur",
            "namaharilibur",
            "harilibur",
            "keterangan",
            "holidayname",
            "peringatan",
        ]),
        // Official lists also name the day of the week, which follows from the date.
        Column::optional("weekday").or(&["hari"]),
    ]
}

/// Loads holidays and returns what changed, and whether bad rows were left out.
///
/// # Errors
///
/// When the file or one of its rows is bad (all bad rows were printed then); when a year would lose holidays and the
/// caller did not confirm it; when the service rejects the request; when the same file was imported before and another
/// import has changed the calendar since.
pub async fn holidays(connection: &Connection, args: &HolidaysArgs) -> anyhow::Result<(String, bool)> {
    let options = Options::of(&args.file);
    let mut sheet = Sheet::open(&options.source(), &columns())?;
    let mut bad = BadRows::default();
    let given = read(&mut sheet, &mut bad)?;
    let partial = bad.settle(&options, &mut sheet)? > 0;
    if given.is_empty() {
        bail!(
            "berkas `{}` tidak berisi satu hari pun yang benar",
            options.file.display()
        )
    }
    let client = connection.settings().await?;
    let years: BTreeSet<i32> = given.values().map(|day| day.date.year()).collect();
    let held = held(&client, &years).await?;
    let mut days: BTreeMap<String, pb::Holiday> = if args.add { held.clone() } else { BTreeMap::new() };
    days.extend(given.values().map(|day| (day.date.to_string(), message(day))));
    for line in changes(&held, &days) {
        print::note(&print::clean(&line));
    }
    for line in lacking(&held, &days) {
        print::note(&line);
    }
    let lost = losses(&held, &days);
    if options.dry_run {
        for loss in lost {
            print::note(&loss);
        }
        let read = format!("{} hari dibaca; tidak ada yang dikirim\n", given.len());
        return Ok((read, partial));
    }
    if !lost.is_empty() && !args.replace {
        bail!(
            "{}; tidak ada yang diimpor. Berkas ini mengganti seluruh kalender tahunnya: pakai --add untuk hanya menambahkan \
             harinya, atau --replace bila memang mengganti",
            lost.join("; ")
        )
    }
    let days: Vec<pb::Holiday> = days.into_values().collect();
    let message = pb::ImportHolidaysRequest {
        request_id: id(&days, &args.citation),
        holidays: days.clone(),
        citation: args.citation.clone(),
    };
    let answer = repeat!(client, import_holidays, message)?;
    if differs(&client, &answer.years, &days).await? {
        bail!(
            "berkas ini sudah pernah diimpor (versi {}), tetapi kalender sesudahnya diganti oleh impor lain; agar berkas \
             ini berlaku lagi, impor dengan --citation yang berbeda",
            answer.version
        )
    }
    Ok((summary(&answer), partial))
}

/// Returns the holidays of a file, by date.
fn read(sheet: &mut Sheet, bad: &mut BadRows) -> anyhow::Result<BTreeMap<String, Holiday>> {
    let mut cells: Vec<(u64, [String; 3])> = Vec::new();
    while let Some(row) = sheet.next()? {
        match row.fault() {
            Some(fault) => bad.add(row.line, fault),
            None => cells.push((row.line, [0, 1, 2].map(|column| row.cell(column).to_owned()))),
        }
    }
    let order = when::order(cells.iter().map(|(_, [date, ..])| date.as_str()));
    let mut days: BTreeMap<String, (u64, Holiday)> = BTreeMap::new();
    for (line, [date, kind, name]) in &cells {
        let line = *line;
        let Some(day) = holiday(line, [date, kind, name], order, bad) else {
            continue;
        };
        match days.get(&day.date.to_string()) {
            Some((_, before)) if *before == day => {}
            Some((before, _)) => bad.add(
                line,
                format!("tanggal {} sudah ada di baris {before} dengan isi lain", day.date),
            ),
            None => {
                days.insert(day.date.to_string(), (line, day));
            }
        }
    }
    Ok(days.into_iter().map(|(date, (_, day))| (date, day)).collect())
}

fn holiday(line: u64, [date, kind, name]: [&str; 3], order: DateOrder, bad: &mut BadRows) -> Option<Holiday> {
    let day = when::day(date, order).map_err(|fault| bad.add(line, fault)).ok();
    let known = match squash(kind).as_str() {
        "liburnasional" | "libur" | "nasional" | "true" | "publicholiday" => Some(HolidayKind::LiburNasional),
        "cutibersama" | "cuti" | "jointleave" => Some(HolidayKind::CutiBersama),
        _ => None,
    };
    if known.is_none() {
        bad.add(
            line,
            format!("kind `{kind}` harus libur_nasional (Libur Nasional) atau cuti_bersama (Cuti Bersama)"),
        );
    }
    // The name is checked even when the other cells are wrong, so that every fault is reported.
    let read = Holiday::read(
        &day.unwrap_or_default().to_string(),
        known.unwrap_or(HolidayKind::LiburNasional).key(),
        name,
    );
    match read {
        Ok(holiday) => day.and(known).map(|_| holiday),
        Err(mut faults) => {
            faults.retain(|fault| day.is_some() || fault.field != "date");
            for fault in faults {
                bad.add(line, format!("{}: {}", fault.field, fault.localized));
            }
            None
        }
    }
}

/// Returns the stored holidays of these years, by date.
async fn held(client: &Settings, years: &BTreeSet<i32>) -> anyhow::Result<BTreeMap<String, pb::Holiday>> {
    let mut held = BTreeMap::new();
    for year in years {
        let request = pb::ListHolidaysRequest { year: *year };
        let days = repeat!(client, list_holidays, request)?.holidays;
        held.extend(days.into_iter().map(|day| (day.date.clone(), day)));
    }
    Ok(held)
}

fn kind_name(day: &pb::Holiday) -> &'static str {
    match day.kind() {
        pb::HolidayKind::CutiBersama => "cuti bersama",
        pb::HolidayKind::LiburNasional | pb::HolidayKind::Unspecified => "libur nasional",
    }
}

/// Returns a line with old and new value for each day that changes.
fn changes(held: &BTreeMap<String, pb::Holiday>, days: &BTreeMap<String, pb::Holiday>) -> Vec<String> {
    let dates: BTreeSet<&String> = held.keys().chain(days.keys()).collect();
    let shown = |day: Option<&pb::Holiday>| match day {
        Some(day) => format!("{} ({})", day.display_name, kind_name(day)),
        None => "-".to_owned(),
    };
    // A year without stored holidays has no old values.
    if held.is_empty() {
        return Vec::new();
    }
    let changed = dates
        .into_iter()
        .filter(|date| held.get(*date) != days.get(*date));
    changed
        .map(|date| format!("{date}: {} -> {}", shown(held.get(date)), shown(days.get(date))))
        .collect()
}

/// Returns why a year probably loses holidays by mistake: one with a fixed date is missing, or more than half of the
/// stored ones are.
fn losses(held: &BTreeMap<String, pb::Holiday>, days: &BTreeMap<String, pb::Holiday>) -> Vec<String> {
    let year = |date: &str| date.get(..4).unwrap_or_default().to_owned();
    let years: BTreeSet<String> = held.keys().map(|date| year(date)).collect();
    let mut losses = Vec::new();
    for of in years {
        let own = || held.keys().filter(|date| year(date) == of);
        let lost: Vec<&String> = own().filter(|date| !days.contains_key(*date)).collect();
        let fixed: Vec<String> = lost
            .iter()
            .filter(|date| {
                FIXED
                    .iter()
                    .any(|(month, day)| date.ends_with(&format!("-{month:02}-{day:02}")))
            })
            .map(|date| (*date).clone())
            .collect();
        if !fixed.is_empty() {
            losses.push(format!(
                "tahun {of} kehilangan hari libur bertanggal tetap: {}",
                fixed.join(", ")
            ));
        }
        if lost.len() * 2 > own().count() {
            losses.push(format!(
                "tahun {of} kehilangan {} dari {} hari",
                lost.len(),
                own().count()
            ));
        }
    }
    losses
}

/// Returns which holidays with a fixed date are missing in a new year, because the file may hold only a part of the
/// year.
fn lacking(held: &BTreeMap<String, pb::Holiday>, days: &BTreeMap<String, pb::Holiday>) -> Vec<String> {
    let years: BTreeSet<&str> = days.keys().filter_map(|date| date.get(..4)).collect();
    let new = years
        .into_iter()
        .filter(|year| !held.keys().any(|date| date.starts_with(*year)));
    let lacking = new.filter_map(|year| {
        let dates = FIXED.iter().map(|(month, day)| format!("{year}-{month:02}-{day:02}"));
        let lacking: Vec<String> = dates.filter(|date| !days.contains_key(date)).collect();
        let line = || {
            format!(
                "tahun {year} baru, dan hari libur tetapnya belum lengkap ({} tidak ada); tenggat dihitung seolah hari itu hari \
                 kerja sampai kalendernya dilengkapi dengan --add",
                lacking.join(", ")
            )
        };
        (!lacking.is_empty()).then(line)
    });
    lacking.collect()
}

fn message(day: &Holiday) -> pb::Holiday {
    let kind = match day.kind {
        HolidayKind::LiburNasional => pb::HolidayKind::LiburNasional,
        HolidayKind::CutiBersama => pb::HolidayKind::CutiBersama,
    };
    pb::Holiday {
        date: day.date.to_string(),
        kind: kind.into(),
        display_name: day.name.clone(),
    }
}

/// The request id: the same days with the same source are the same request.
fn id(days: &[pb::Holiday], citation: &str) -> String {
    let rows: Vec<String> = days
        .iter()
        .map(|day| format!("{:?}", (&day.date, day.kind, &day.display_name)))
        .collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    request_id("ImportHolidays", citation, &rows)
}

/// Whether the stored calendar of these years differs from these days.
async fn differs(client: &Settings, years: &[i32], days: &[pb::Holiday]) -> anyhow::Result<bool> {
    let now = held(client, &years.iter().copied().collect()).await?;
    Ok(!now.values().eq(days))
}

fn summary(answer: &pb::ImportHolidaysResponse) -> String {
    let years: Vec<String> = answer.years.iter().map(i32::to_string).collect();
    format!(
        "Kalender versi {}: tahun {} diganti, {} hari ditambahkan, {} hari dihapus; tenggat {} laporan terbuka dihitung \
         ulang\n",
        answer.version,
        years.join(", "),
        answer.added,
        answer.removed,
        answer.open_complaints
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn try_read(text: &str) -> (BTreeMap<String, Holiday>, BadRows) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let mut sheet = Sheet::open(&file.path().into(), &columns()).unwrap();
        let mut bad = BadRows::default();
        let days = read(&mut sheet, &mut bad).unwrap();
        (days, bad)
    }

    fn days(text: &str) -> Vec<pb::Holiday> {
        let (days, bad) = try_read(text);
        assert!(bad.0.is_empty(), "{bad:?}");
        days.values().map(message).collect()
    }

    const FILE: &str =
        "date,kind,name\n2027-01-01,libur_nasional,Tahun Baru\n2027-03-09,cuti_bersama,Nyepi\n";

    #[test]
    fn the_same_days_in_any_shape_are_the_same_request() {
        let first = id(&days(FILE), "SKB 1");
        for text in [
            "date,kind,name\n2027-03-09,cuti_bersama,Nyepi\n2027-01-01,libur_nasional,Tahun Baru\n",
            "\u{feff}date;kind;name\r\n01/01/2027;Libur Nasional;Tahun Baru\r\n\r\n09/03/2027;Cuti Bersama;Nyepi\r\n",
            "Tanggal\tJenis\tKeterangan\n1 Januari 2027\tlibur nasional\tTahun Baru\n9 Maret 2027\tCuti bersama\tNyepi\n",
            "No;Tanggal;Hari;Jenis;Keterangan\n1;1–1–2027;Jumat;Libur Nasional;Tahun Baru\n2;9–3–2027;Selasa;Cuti Bersama;Nyepi\n",
        ] {
            assert_eq!(id(&days(text), "SKB 1"), first, "{text}");
        }
        assert_ne!(first, id(&days(FILE), "SKB 2"));
        let other = FILE.replace("cuti_bersama", "libur_nasional");
        assert_ne!(first, id(&days(&other), "SKB 1"));
        assert!(first.len() <= 64);
    }

    #[test]
    fn every_fault_is_named_with_its_row() {
        let text = "date,kind,name\n2027-02-30,libur,\n2027-01-01,tanggal merah,X\n2027-01-01,libur_nasional,A\n\
                    2027-01-01,libur_nasional,B\n2027-01-01,libur_nasional,A\n";
        let (days, bad) = try_read(text);
        let faults: Vec<(u64, usize)> = bad.0.iter().map(|(line, faults)| (*line, faults.len())).collect();
        assert_eq!(faults, [(2, 2), (3, 1), (5, 1)], "{bad:?}");
        assert_eq!(days.len(), 1);
    }

    #[test]
    fn a_year_that_loses_days_is_reported_and_added_days_lose_none() {
        let year = |dates: &[&str]| -> BTreeMap<String, pb::Holiday> {
            let day = |date: &&str| pb::Holiday {
                date: (*date).to_owned(),
                kind: pb::HolidayKind::LiburNasional.into(),
                display_name: format!("Hari {date}"),
            };
            dates.iter().map(|date| ((*date).to_owned(), day(date))).collect()
        };
        let held = year(&[
            "2026-01-01",
            "2026-03-19",
            "2026-05-01",
            "2026-08-17",
            "2026-12-25",
        ]);
        let one = year(&["2026-12-31"]);
        let losses_of_one = losses(&held, &one);
        assert_eq!(losses_of_one.len(), 2, "{losses_of_one:?}");
        assert!(losses_of_one[0].contains("2026-08-17") && losses_of_one[1].contains("5 dari 5"));
        let moved = year(&[
            "2026-01-01",
            "2026-03-20",
            "2026-05-01",
            "2026-08-17",
            "2026-12-25",
        ]);
        assert!(losses(&held, &moved).is_empty(), "a day that moves is no loss");
        assert_eq!(
            changes(&held, &moved),
            [
                "2026-03-19: Hari 2026-03-19 (libur nasional) -> -",
                "2026-03-20: - -> Hari 2026-03-20 (libur nasional)"
            ]
        );
        let mut added = held.clone();
        added.extend(one);
        assert!(losses(&held, &added).is_empty());
        assert!(
            losses(&BTreeMap::new(), &moved).is_empty(),
            "a new year has nothing to lose"
        );
    }

    #[test]
    fn a_new_year_without_holidays_of_a_fixed_date_is_reported() {
        let days = |dates: &[&str]| -> BTreeMap<String, pb::Holiday> {
            dates
                .iter()
                .map(|date| ((*date).to_owned(), pb::Holiday::default()))
                .collect()
        };
        let some = days(&["2028-01-01", "2028-05-01"]);
        let told = lacking(&BTreeMap::new(), &some);
        assert!(
            told.len() == 1 && told[0].contains("2028-06-01") && !told[0].contains("2028-01-01"),
            "{told:?}"
        );
        assert!(lacking(&some, &some).is_empty());
        let whole = days(&[
            "2028-01-01",
            "2028-05-01",
            "2028-06-01",
            "2028-08-17",
            "2028-12-25",
        ]);
        assert!(lacking(&BTreeMap::new(), &whole).is_empty());
    }

    #[test]
    fn changes_are_reported() {
        let answer = pb::ImportHolidaysResponse {
            version: 3,
            years: vec![2026, 2027],
            added: 24,
            removed: 1,
            open_complaints: 12,
        };
        assert_eq!(
            summary(&answer),
            "Kalender versi 3: tahun 2026, 2027 diganti, 24 hari ditambahkan, 1 hari dihapus; tenggat 12 laporan terbuka \
             dihitung ulang\n"
        );
    }
}
