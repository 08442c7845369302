//! `prima workdays`: counts working days on this machine by the rules of the complaint service.

use std::{fs, io::Read as _, iter, path::Path, process::ExitCode, sync::Arc};

use chrono::{Datelike, NaiveDate, Weekday};
use prima_complaint::domain::{
    calendar::{Calendar, LineFault, read_csv},
    worktime::{Hours, WorkTime},
};

use crate::{
    cli::WorkdaysArgs,
    client::{fault, print},
};

/// Longest file of holidays, in bytes: enough for every day of every supported year with long names.
const FILE_MAX: u64 = 8 * 1024 * 1024;

/// Prints the day on which a deadline ends, or every fault of the calendar in a file.
pub fn run(args: &WorkdaysArgs) -> anyhow::Result<ExitCode> {
    let (code, lines) = match answer(args) {
        Ok(answer) => {
            print::out(&answer.text)?;
            (ExitCode::SUCCESS, answer.note.into_iter().collect())
        }
        Err(lines) => (ExitCode::FAILURE, lines),
    };
    for line in lines {
        print::note(&line);
    }
    Ok(code)
}

#[derive(Debug)]
struct Answer {
    /// The text for stdout, with the due day on the first line.
    text: String,
    /// The text for stderr, when the day may still change.
    note: Option<String>,
}

/// Counts the days, or returns every fault.
fn answer(args: &WorkdaysArgs) -> Result<Answer, Vec<String>> {
    let calendar = args
        .holidays
        .as_deref()
        .map_or_else(|| Ok(Calendar::built_in()), read)?;
    // The argument is already a local date, in whichever time zone.
    let work = WorkTime::new(Arc::clone(&calendar), Hours::default(), args.first_day.into());
    let (due, provisional) = work.due_day(args.date, args.days);
    let mut text = format!("{due}\n");
    if args.explain {
        explain(&mut text, args, &work, due);
    }
    let note = provisional.then(|| {
        let years = args.date.year()..=due.year();
        format!(
            "sementara: kalender libur {} belum dimuat; tanggal ini masih dapat berubah",
            spans(years.filter(|year| !calendar.covers(*year)))
        )
    });
    Ok(Answer { text, note })
}

/// Ascending years as ranges: `2023, 2027-2059`.
fn spans(years: impl Iterator<Item = i32>) -> String {
    let mut spans: Vec<(i32, i32)> = Vec::new();
    for year in years {
        match spans.last_mut() {
            Some((_, last)) if *last + 1 == year => *last = year,
            _ => spans.push((year, year)),
        }
    }
    let ranges = spans.iter().map(|(first, last)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    });
    ranges.collect::<Vec<_>>().join(", ")
}

fn read(file: &Path) -> Result<Arc<Calendar>, Vec<String>> {
    let name = print::clean(&file.display().to_string());
    let mut text = String::new();
    let read = fs::File::open(file).and_then(|file| file.take(FILE_MAX + 1).read_to_string(&mut text));
    let size = read.map_err(|error| fault::lines(&anyhow::Error::from(error).context(name.clone())))?;
    if u64::try_from(size).is_ok_and(|size| size > FILE_MAX) {
        return Err(vec![format!("galat: {name}: lebih dari 8 MiB")]);
    }
    let holidays = read_csv(&text).map_err(|faults| {
        let lines = faults.iter().map(|fault| {
            let LineFault { line, violation } = fault;
            format!("  baris {line}: {}: {}", violation.field, violation.localized)
        });
        let first = format!("galat: {name}: kalender libur tidak sah");
        iter::once(first).chain(lines).collect::<Vec<_>>()
    })?;
    Ok(Arc::new(Calendar::of(holidays, 0)))
}

/// One line for the day of the event, for each day that counts and for each holiday. Other weekends are left out.
fn explain(text: &mut String, args: &WorkdaysArgs, work: &WorkTime, due: NaiveDate) {
    let first = work.due_day(args.date, args.days.min(1)).0;
    let mut number = 0_u32;
    for day in args.date.iter_days().take_while(|day| *day <= due) {
        let word = if let Some(holiday) = work.calendar().holiday(day) {
            format!("libur: {}", print::clean(&holiday.name))
        } else if day == args.date && day < first {
            "hari kejadian, tidak dihitung".to_owned()
        } else if !work.is_working_day(day) {
            continue;
        } else if args.days == 0 {
            "jatuh tempo".to_owned()
        } else {
            number += 1;
            format!("hari kerja ke-{number}")
        };
        text.push_str(&format!("{day}  {:6}  {word}\n", weekday(day.weekday())));
    }
}

fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Mon => "Senin",
        Weekday::Tue => "Selasa",
        Weekday::Wed => "Rabu",
        Weekday::Thu => "Kamis",
        Weekday::Fri => "Jumat",
        Weekday::Sat => "Sabtu",
        Weekday::Sun => "Minggu",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::workdays::FirstDayRule;

    fn args(date: &str, days: u32) -> WorkdaysArgs {
        WorkdaysArgs {
            date: date.parse().unwrap(),
            days,
            first_day: FirstDayRule::NextWorkingDay,
            holidays: None,
            explain: false,
        }
    }

    fn file(text: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn only_the_due_day_is_printed() {
        let output = answer(&args("2025-03-26", 14)).unwrap();
        assert_eq!((output.text.as_str(), output.note), ("2025-04-25\n", None));
        let same_day = WorkdaysArgs {
            first_day: FirstDayRule::SameDay,
            ..args("2025-03-26", 14)
        };
        assert_eq!(answer(&same_day).unwrap().text, "2025-04-24\n");
    }

    #[test]
    fn a_day_past_the_loaded_years_is_called_provisional() {
        let output = answer(&args("2026-12-21", 300)).unwrap();
        let note = output.note.unwrap();
        assert!(
            note.starts_with("sementara: kalender libur 2027-2028 belum"),
            "{note}"
        );
        assert_eq!(output.text.lines().count(), 1);
        let output = answer(&args("2023-12-29", 1000)).unwrap();
        assert!(output.note.unwrap().contains("libur 2023, 2027-2028 belum"));
    }

    #[test]
    fn the_days_counted_and_the_holidays_skipped_are_explained() {
        let explained = |date, days, first_day| {
            let args = WorkdaysArgs {
                explain: true,
                first_day,
                ..args(date, days)
            };
            answer(&args).unwrap().text
        };
        insta::assert_snapshot!(explained("2025-06-04", 2, FirstDayRule::NextWorkingDay), @"
        2025-06-10
        2025-06-04  Rabu    hari kejadian, tidak dihitung
        2025-06-05  Kamis   hari kerja ke-1
        2025-06-06  Jumat   libur: Hari Raya Idul Adha
        2025-06-09  Senin   libur: Cuti Bersama Hari Raya Idul Adha
        2025-06-10  Selasa  hari kerja ke-2
        ");
        insta::assert_snapshot!(explained("2025-06-05", 2, FirstDayRule::SameDay), @"
        2025-06-10
        2025-06-05  Kamis   hari kerja ke-1
        2025-06-06  Jumat   libur: Hari Raya Idul Adha
        2025-06-09  Senin   libur: Cuti Bersama Hari Raya Idul Adha
        2025-06-10  Selasa  hari kerja ke-2
        ");
        insta::assert_snapshot!(explained("2025-06-14", 0, FirstDayRule::NextWorkingDay), @"
        2025-06-16
        2025-06-14  Sabtu   hari kejadian, tidak dihitung
        2025-06-16  Senin   jatuh tempo
        ");
    }

    #[test]
    fn a_calendar_of_ones_own_replaces_the_shipped_one() {
        let file = file(b"date,kind,name\n2027-01-01,libur_nasional,Tahun Baru\n");
        let with = |date, days| {
            let args = WorkdaysArgs {
                holidays: Some(file.path().to_owned()),
                ..args(date, days)
            };
            answer(&args).unwrap()
        };
        let output = with("2027-01-01", 1);
        assert_eq!((output.text.as_str(), output.note), ("2027-01-04\n", None));
        let output = with("2025-03-26", 1);
        assert_eq!(output.text, "2025-03-27\n");
        assert!(output.note.unwrap().contains("libur 2025 belum"));
    }

    #[test]
    fn every_fault_of_a_calendar_has_its_own_line() {
        let faults = |path: &Path| {
            let args = WorkdaysArgs {
                holidays: Some(path.to_owned()),
                ..args("2025-03-26", 14)
            };
            answer(&args).unwrap_err()
        };
        let bad = file(b"date,kind,name\n2025-13-01,libur,x\n2025-01-01,cuti_bersama,\n");
        let lines = faults(bad.path());
        assert_eq!(lines.len(), 4, "{lines:?}");
        assert!(lines[0].ends_with(": kalender libur tidak sah"));
        assert!(
            lines[1].starts_with("  baris 2: date: harus tanggal") && lines[3].starts_with("  baris 3: name")
        );
        assert!(faults(file(b"\xff").path())[0].ends_with("isinya bukan teks UTF-8"));
        assert!(faults(Path::new("/nowhere/libur.csv"))[0].ends_with("libur.csv: tidak ada"));
        assert!(faults(Path::new("/"))[0].ends_with("adalah direktori"));
        let large = file(&vec![b'a'; usize::try_from(FILE_MAX).unwrap() + 1]);
        assert!(faults(large.path())[0].ends_with("lebih dari 8 MiB"));
    }
}
