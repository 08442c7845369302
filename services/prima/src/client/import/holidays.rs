//! The national calendar: days off of whole years.

use std::path::Path;

use anyhow::bail;
use prima_complaint::domain::calendar::{Holiday, HolidayKind, LineFault, read_csv};
use prima_proto::complaint::v1 as pb;

use super::request_id;
use crate::cli::HolidaysArgs;
use crate::client::call::repeat;
use crate::client::connect::{Connection, Settings};
use crate::client::{document, print};

/// Largest file, bytes.
const FILE_MAX: u64 = 1 << 20;

/// Loads days off, and tells what changed.
///
/// # Errors
///
/// When the file or one of its lines is bad, every one of which was printed then; when the service refuses; when the
/// file was imported before and another import has changed the calendar since.
pub async fn holidays(connection: &Connection, args: &HolidaysArgs) -> anyhow::Result<String> {
    let text = document(&args.file, FILE_MAX)?;
    let days = read(&args.file, &text)?;
    let client = connection.settings().await?;
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
    Ok(told(&answer))
}

/// The days of a file, by date.
fn read(file: &Path, text: &str) -> anyhow::Result<Vec<pb::Holiday>> {
    match read_csv(text) {
        Ok(days) => Ok(days.iter().map(message).collect()),
        Err(faults) => {
            for LineFault { line, violation } in &faults {
                let fault = format!("baris {line}: {}: {}", violation.field, violation.localized);
                print::note(&print::clean(&fault));
            }
            bail!(
                "berkas `{}`: {} kesalahan; tidak ada yang diimpor",
                file.display(),
                faults.len()
            )
        }
    }
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

/// The same days with the same source are the same request.
fn id(days: &[pb::Holiday], citation: &str) -> String {
    let rows: Vec<String> = days
        .iter()
        .map(|day| format!("{:?}", (&day.date, day.kind, &day.display_name)))
        .collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    request_id("ImportHolidays", citation, &rows)
}

/// Whether the calendar of these years is another one than these days.
async fn differs(client: &Settings, years: &[i32], days: &[pb::Holiday]) -> anyhow::Result<bool> {
    let mut held = Vec::new();
    for year in years {
        let request = pb::ListHolidaysRequest { year: *year };
        held.extend(repeat!(client, list_holidays, request)?.holidays);
    }
    Ok(held != days)
}

fn told(answer: &pb::ImportHolidaysResponse) -> String {
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

    fn days(text: &str) -> Vec<pb::Holiday> {
        read(Path::new("libur.csv"), text).unwrap()
    }

    const FILE: &str =
        "date,kind,name\n2027-01-01,libur_nasional,Tahun Baru\n2027-03-09,cuti_bersama,Nyepi\n";

    #[test]
    fn the_same_days_with_the_same_source_are_the_same_request_in_any_order() {
        let turned = "date,kind,name\n2027-03-09,cuti_bersama,Nyepi\n2027-01-01,libur_nasional,Tahun Baru\n";
        let first = id(&days(FILE), "SKB 1");
        assert_eq!(first, id(&days(turned), "SKB 1"));
        assert_ne!(first, id(&days(FILE), "SKB 2"));
        assert_ne!(
            first,
            id(&days(&FILE.replace("cuti_bersama", "libur_nasional")), "SKB 1")
        );
        assert!(first.len() <= 64);
    }

    #[test]
    fn a_bad_file_is_not_read_at_all() {
        let error = read(Path::new("libur.csv"), "date,kind,name\n2027-02-30,libur,\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "berkas `libur.csv`: 3 kesalahan; tidak ada yang diimpor"
        );
    }

    #[test]
    fn what_changed_is_told() {
        let answer = pb::ImportHolidaysResponse {
            version: 3,
            years: vec![2026, 2027],
            added: 24,
            removed: 1,
            open_complaints: 12,
        };
        assert_eq!(
            told(&answer),
            "Kalender versi 3: tahun 2026, 2027 diganti, 24 hari ditambahkan, 1 hari dihapus; tenggat 12 laporan terbuka \
             dihitung ulang\n"
        );
        assert_eq!(days(FILE).len(), 2);
    }
}
