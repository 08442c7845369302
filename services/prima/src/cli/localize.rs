//! Indonesian help pages and messages for the command line, because the texts of clap are English.

use chrono::{DateTime, Utc};
use clap::{
    Arg, ArgAction, Command, CommandFactory, FromArgMatches,
    error::{ContextKind, ContextValue, ErrorKind},
};

use prima_platform::config;

use super::Cli;

const HELP: &str = "{about}\n\nPemakaian: {usage}\n\n{all-args}{after-help}";

/// Parses the command line of this process. For help and for an error it prints the text and ends the process.
pub fn parse() -> Cli {
    let mut command = localized();
    let parsed = command.try_get_matches_from_mut(std::env::args_os());
    match parsed.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            use std::io::Write;
            let text = message(&error);
            // When stderr is closed there is no one left to inform.
            let _ = writeln!(std::io::stderr(), "galat: {text}\n\nUntuk bantuan: prima --help");
            std::process::exit(2)
        }
        Err(error) => error.exit(),
    }
}

/// Reads a time given on the command line.
pub(super) fn time(text: &str) -> Result<DateTime<Utc>, String> {
    DateTime::parse_from_rfc3339(text)
        .map(|time| time.to_utc())
        .map_err(|_| "harus berbentuk RFC 3339, misalnya 2024-07-01T08:00:00+07:00".to_owned())
}

fn localized() -> Command {
    let mut command = dress(Cli::command());
    command.build();
    usage(command)
}

fn dress(command: Command) -> Command {
    let children: Vec<String> = command
        .get_subcommands()
        .map(|c| c.get_name().to_owned())
        .collect();
    let mut command = command
        .help_template(HELP)
        .disable_help_flag(true)
        .disable_help_subcommand(true)
        .subcommand_help_heading("Perintah")
        .subcommand_value_name("PERINTAH")
        .mut_args(|arg| {
            let heading = match (arg.is_positional(), arg.is_global_set()) {
                (true, _) => "Masukan",
                (false, true) => "Sambungan",
                (false, false) => "Pilihan",
            };
            let arg = arg.help_heading(heading);
            if arg.get_action().takes_values() {
                arg.hide_possible_values(true)
                    .hide_default_value(true)
                    .hide_env(true)
            } else {
                arg
            }
        })
        .arg(
            Arg::new("help")
                .short('h')
                .long("help")
                .action(ArgAction::Help)
                .help_heading("Pilihan")
                .help("Tampilkan bantuan ini"),
        );
    if command.get_version().is_some() {
        command = command.disable_version_flag(true).arg(
            Arg::new("version")
                .short('V')
                .long("version")
                .action(ArgAction::Version)
                .help_heading("Pilihan")
                .help("Tampilkan versi"),
        );
    }
    for child in children {
        command = command.mut_subcommand(child, dress);
    }
    command
}

/// Replaces the English words that clap writes into the usage line.
fn usage(mut command: Command) -> Command {
    let line = command.render_usage().to_string();
    let line = line
        .trim_start_matches("Usage: ")
        .replace("[OPTIONS]", "[PILIHAN]");
    for child in command.get_subcommands_mut() {
        *child = usage(std::mem::take(child));
    }
    command.override_usage(line)
}

fn message(error: &clap::Error) -> String {
    let of = |kind: ContextKind| {
        error.get(kind).map(|value| match value {
            ContextValue::Strings(list) => list.join(", "),
            other => other.to_string(),
        })
    };
    let arg = of(ContextKind::InvalidArg).unwrap_or_default();
    let value = of(ContextKind::InvalidValue).unwrap_or_default();
    let near = |kind| {
        of(kind)
            .filter(|text| !text.is_empty())
            .map(|text| format!("; maksudnya {text}?"))
    };
    match error.kind() {
        ErrorKind::InvalidSubcommand => format!(
            "perintah `{}` tidak dikenal{}",
            of(ContextKind::InvalidSubcommand).unwrap_or_default(),
            near(ContextKind::SuggestedSubcommand).unwrap_or_default()
        ),
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            "perintah belum disebut".to_owned()
        }
        ErrorKind::UnknownArgument => {
            format!(
                "pilihan `{arg}` tidak dikenal{}",
                near(ContextKind::SuggestedArg).unwrap_or_default()
            )
        }
        ErrorKind::MissingRequiredArgument => format!("wajib diisi: {arg}"),
        ErrorKind::InvalidValue if value.is_empty() => format!("{arg} memerlukan nilai"),
        ErrorKind::InvalidValue => format!(
            "nilai `{value}` untuk {arg} tidak dikenal{}",
            of(ContextKind::ValidValue)
                .map(|valid| format!("; pilihannya: {valid}"))
                .unwrap_or_default()
        ),
        ErrorKind::ValueValidation => {
            let cause = std::error::Error::source(error)
                .map(|source| format!(": {}", cause(&source.to_string())))
                .unwrap_or_default();
            let value = config::mask(&value);
            format!("nilai `{value}` untuk {arg} tidak sah{cause}")
        }
        ErrorKind::ArgumentConflict => {
            format!(
                "{arg} tidak dapat dipakai bersama {}",
                of(ContextKind::PriorArg).unwrap_or_default()
            )
        }
        ErrorKind::TooManyValues | ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            format!("jumlah nilai untuk {arg} tidak sesuai")
        }
        ErrorKind::NoEquals => format!("{arg} memerlukan tanda ="),
        ErrorKind::InvalidUtf8 => "baris perintah bukan UTF-8".to_owned(),
        _ => error.to_string(),
    }
}

/// Translates the errors of Rust's number parser; the errors of our own parsers are Indonesian already.
fn cause(text: &str) -> String {
    if let Some((_, range)) = text.split_once(" is not in ") {
        return match range.split_once("..=") {
            Some(("", most)) => format!("paling besar {most}"),
            Some((least, most)) => format!("harus {least} sampai {most}"),
            None => format!("paling kecil {}", range.trim_end_matches("..")),
        };
    }
    let no_number = ["invalid digit", "cannot parse integer", "number too"];
    if no_number.iter().any(|start| text.starts_with(start)) {
        return "harus bilangan bulat yang tidak terlalu besar".to_owned();
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Cli, String> {
        localized()
            .try_get_matches_from_mut(line.split(' '))
            .and_then(|matches| Cli::from_arg_matches(&matches))
            .map_err(|error| {
                if error.use_stderr() {
                    message(&error)
                } else {
                    error.to_string()
                }
            })
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
        localized().debug_assert();
    }

    #[test]
    fn help_has_no_english_heading() {
        for line in [
            "prima --help",
            "prima survey create --help",
            "prima import responses -h",
            "prima result unit -h",
            "prima league -h",
            "prima report skm -h",
            "prima import scores -h",
            "prima index simulate -h",
            "prima instrument check -h",
            "prima scores -h",
            "prima survey follow-up list -h",
            "prima complaint -h",
            "prima workdays -h",
            "prima access -h",
            "prima api -h",
            "prima audit list -h",
            "prima audit verify -h",
            "prima complaint submit --help",
            "prima complaint list -h",
            "prima complaint track -h",
            "prima consultation list -h",
            "prima knowledge search -h",
            "prima workflow check --help",
            "prima call --help",
            "prima completions -h",
        ] {
            let text = read(line).unwrap_err();
            for word in [
                "Usage",
                "Options",
                "Commands",
                "Arguments",
                "[OPTIONS]",
                "default:",
                "Print",
                "possible",
            ] {
                assert!(!text.contains(word), "{line}: {word} in\n{text}");
            }
            assert!(
                text.contains("Pemakaian: prima") && text.contains("Pilihan:"),
                "{text}"
            );
        }
    }

    #[test]
    fn errors_are_reported_in_indonesian() {
        assert!(
            read("prima ligue")
                .unwrap_err()
                .starts_with("perintah `ligue` tidak dikenal")
        );
        assert!(
            read("prima league --cohort kota")
                .unwrap_err()
                .contains("wajib diisi: --period")
        );
        assert!(
            read("prima league --format xml --period 2024")
                .unwrap_err()
                .contains("pilihannya: table, json, csv")
        );
        assert!(
            read("prima workdays 2025-03-26 x")
                .unwrap_err()
                .starts_with("nilai `x` untuk <HARI> tidak sah: harus bilangan bulat")
        );
        assert!(
            read("prima survey tokens s --count 0")
                .unwrap_err()
                .contains("tidak sah: harus 1 sampai 1000000")
        );
        assert!(
            read("prima report skm")
                .unwrap_err()
                .contains("wajib diisi: <SURVEI>")
        );
        let error = read("prima survey create --unit u --id i --period 2024 --open kemarin").unwrap_err();
        assert!(error.contains("RFC 3339"), "{error}");
    }

    #[test]
    fn options_that_belong_together_are_required_together() {
        for (line, expected) in [
            ("prima result s", Ok(())),
            ("prima result", Err("<SURVEI>")),
            ("prima result unit agencies/1/units/a 2024 --compare 2022", Ok(())),
            ("prima result agency agencies/1", Err("<PERIODE>")),
            ("prima survey tokens s --count 0", Err("--count")),
            (
                "prima import responses f.csv --survey s --timezone WITA --map Usia=age",
                Ok(()),
            ),
            (
                "prima import responses f.csv --survey s --timezone -03:30 --date-order mdy",
                Ok(()),
            ),
            (
                "prima import responses f.csv --survey s --timezone JKT",
                Err("WIB, WITA, WIT"),
            ),
            (
                "prima import responses f.csv --survey s --map Usia",
                Err("KOLOM=ISIAN"),
            ),
            (
                "prima survey create --unit u --id i --period 2024 --element cost?=U4 --service ktp=12",
                Ok(()),
            ),
            (
                "prima survey create --unit u --id i --period 2024 --service ktp",
                Err("LAYANAN=N"),
            ),
            (
                "prima survey create --unit u --id i --period 2024 --access token,kiosk",
                Ok(()),
            ),
            (
                "prima index simulate --instrument pekppp-2022 --form offline --levels f.csv --f03 4,2 --respondents 30 \
                 --aspect-weight innovation=0.1 --aspect-weight service_policy=1/4 --leave-out innovation",
                Ok(()),
            ),
            ("prima index simulate --form offline", Err("--instrument")),
            (
                "prima index simulate --instrument i --form luring",
                Err("pilihannya: offline, online"),
            ),
            (
                "prima index simulate --instrument i --f03 tinggi",
                Err("harus angka"),
            ),
            (
                "prima index simulate --instrument i --aspect-weight innovation",
                Err("KUNCI=N"),
            ),
            ("prima instrument check", Err("<BERKAS.json>")),
            (
                "prima workdays 2025-03-26 14 --explain --holidays f.csv --first-day same-day",
                Ok(()),
            ),
            ("prima workdays 2025-03-26", Err("<HARI>")),
            ("prima workdays 2025-3-26 14", Err("harus tanggal")),
            ("prima workdays 2025-02-29 14", Err("harus tanggal")),
            ("prima workdays 1999-12-31 14", Err("2000 sampai 2100")),
            ("prima workdays 2025-03-26 10001", Err("0 sampai 10000")),
            ("prima workdays 2025-03-26 3,5", Err("bilangan bulat")),
            (
                "prima workdays 2025-03-26 14 --first-day besok",
                Err("pilihannya: next-working-day, same-day"),
            ),
            (
                "prima complaint list agencies/3271 --overdue --order due --limit 20",
                Ok(()),
            ),
            ("prima complaint list", Err("<INDUK>")),
            (
                "prima complaint list agencies/- --limit 0",
                Err("harus 1 sampai 1000"),
            ),
            (
                "prima complaint list agencies/- --order name",
                Err("pilihannya: newest, due"),
            ),
            ("prima complaint watch agencies/- --after 0 --format json", Ok(())),
            ("prima complaint performance agencies/1/units/a", Err("<PERIODE>")),
            ("prima knowledge search syarat izin", Ok(())),
            ("prima workflow check", Err("<BERKAS.json>")),
            ("prima import scores f.csv --skip-bad-rows", Ok(())),
            ("prima call GetUnit name=agencies/1/units/a --json -", Ok(())),
            ("prima call --list", Ok(())),
            ("prima call --list unit", Ok(())),
            ("prima call", Err("<METODE>")),
            (
                "prima call GetUnit --describe --json -",
                Err("tidak dapat dipakai bersama"),
            ),
            ("prima completions tcsh", Err("pilihannya: bash")),
            ("prima scores --unconfirmed", Ok(())),
            ("prima import holidays f.csv", Err("--citation")),
            ("prima import holidays f.xlsx --citation SKB --add", Ok(())),
            (
                "prima import holidays f.csv --citation SKB --add --replace",
                Err("tidak dapat dipakai bersama"),
            ),
            ("prima import regions f.csv --replace --dry-run", Ok(())),
            ("prima import units f.ods --replace", Ok(())),
            (
                "prima import complaints f.xlsx --parent agencies/3271 --class aspiration --channel surat --codes k.csv",
                Ok(()),
            ),
            ("prima import complaints f.xlsx --channel merpati", Err("surat")),
            (
                "prima import innovations f.csv --parent agencies/3271/units/a --replace",
                Ok(()),
            ),
            ("prima import levels f.xlsx --dry-run", Ok(())),
            (
                "prima index form 2026 --form f02 --unit agencies/1/units/a --out f.xlsx",
                Ok(()),
            ),
            (
                "prima index form 2026 --form f03 --out f.xlsx",
                Err("pilihannya: f01, f02"),
            ),
            ("prima index form 2026 --form f01", Err("--out")),
            (
                "prima scores --metric ombudsman --subject agencies/3271/units/-",
                Ok(()),
            ),
        ] {
            match (read(line), expected) {
                (Ok(_), Ok(())) => {}
                (Err(error), Err(part)) if error.contains(part) => {}
                (read, _) => panic!("{line}: {:?}", read.err()),
            }
        }
    }

    #[test]
    fn connection_options_may_follow_the_command() {
        let cli =
            read("prima health --endpoint directory=http://a:1,survey=http://b:2 --endpoint http://c:3")
                .unwrap();
        assert_eq!(
            cli.connection.endpoint,
            ["directory=http://a:1", "survey=http://b:2", "http://c:3"]
        );
    }

    #[test]
    fn a_report_is_of_a_survey_or_of_a_unit_and_period() {
        assert!(read("prima report skm s --format html,csv --out x").is_ok());
        assert!(read("prima report skm --unit u --period 2024").is_ok());
        for line in [
            "prima report skm --unit u",
            "prima report skm s --unit u --period 2024",
            "prima report skm s --format pdf",
            "prima report skm s --across-instruments",
        ] {
            assert!(read(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_password_is_refused_as_an_argument_and_not_repeated() {
        for line in [
            "prima serve survey --database postgres://u:rahasia@h/x",
            "prima migrate survey --database postgres://h/x?password=rahasia",
            "prima up --bus nats://rahasia@h:4222",
        ] {
            let error = read(line).unwrap_err();
            assert!(
                error.contains("PRIMA_DATABASE__URL") && !error.contains("rahasia"),
                "{error}"
            );
        }
        assert!(read("prima migrate survey --database postgres://u@h/x").is_ok());
    }

    #[test]
    fn a_token_needs_a_subject_and_roles_unless_the_public_key_is_asked() {
        assert!(read("prima token").is_err());
        assert!(read("prima token --public").is_ok());
        assert!(read("prima token --subject a --roles admin,intake --agencies 3271").is_ok());
    }
}
