//! Arguments of the commands that read league tables over time.

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};

use super::{CsvFormatArgs, MetricArgs, localize};

/// At which moment a table is read.
#[derive(Debug, Clone, Default, Args)]
pub struct TimesArgs {
    #[arg(
        long,
        value_name = "WAKTU",
        value_parser = localize::time,
        help = "Keadaan yang berlaku pada waktu ini (RFC 3339; bawaan: sekarang)"
    )]
    pub as_of: Option<DateTime<Utc>>,
    #[arg(
        long,
        value_name = "WAKTU",
        value_parser = localize::time,
        help = "Hanya yang sudah diketahui pada waktu ini (RFC 3339)"
    )]
    pub known_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Args)]
pub struct ScorecardArgs {
    #[arg(
        value_name = "SUBJEK",
        help = "Unit atau instansi, agencies/… atau agencies/…/units/…"
    )]
    pub subject: String,
    #[arg(long, value_name = "UKURAN", help = "Hanya ukuran ini")]
    pub metric: Option<String>,
    #[arg(long, help = "Hitung perubahan walaupun instrumennya berbeda")]
    pub across_instruments: bool,
    #[arg(
        long,
        help = "Hitung perubahan walaupun susunannya berbeda (jenis unit, cara agregasi, tercatat atau dihitung)"
    )]
    pub across_compositions: bool,
    #[command(flatten)]
    pub output: CsvFormatArgs,
}

#[derive(Debug, Clone, Args)]
pub struct AwardsArgs {
    #[command(flatten)]
    pub ranked: MetricArgs,
    #[arg(
        long,
        value_name = "KELOMPOK",
        help = "Kelompok, misalnya dpmptsp, kota, atau units.3271"
    )]
    pub cohort: String,
    #[arg(
        long,
        value_name = "N",
        default_value_t = 10,
        value_parser = clap::value_parser!(i32).range(1..=100),
        help = "Banyaknya tempat, 1 sampai 100 (bawaan: 10)"
    )]
    pub best: i32,
    #[command(flatten)]
    pub times: TimesArgs,
    #[command(flatten)]
    pub output: CsvFormatArgs,
}

#[derive(Debug, Clone, Args)]
pub struct ExplainArgs {
    #[command(subcommand)]
    pub command: ExplainCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum ExplainCommand {
    #[command(about = "Uraikan mengapa peringkat berubah di antara dua periode atau dua waktu")]
    Rank(ExplainRankArgs),
}

#[derive(Debug, Clone, Args)]
pub struct ExplainRankArgs {
    #[arg(
        value_name = "SUBJEK",
        help = "Unit atau instansi, agencies/… atau agencies/…/units/…"
    )]
    pub subject: String,
    #[arg(
        long,
        value_name = "UKURAN",
        default_value = "skm",
        help = "Ukuran (bawaan: skm)"
    )]
    pub metric: String,
    #[arg(long, value_name = "KELOMPOK", help = "Kelompok, misalnya dpmptsp atau kota")]
    pub cohort: String,
    #[arg(long, value_name = "PERIODE", help = "Periode awal, misalnya 2023")]
    pub from: String,
    #[arg(
        long,
        value_name = "PERIODE",
        help = "Periode akhir; boleh sama dengan periode awal bila waktunya berbeda"
    )]
    pub to: String,
    #[arg(long, value_name = "WAKTU", value_parser = localize::time, help = "Keadaan awal yang berlaku pada waktu ini (RFC 3339)")]
    pub from_as_of: Option<DateTime<Utc>>,
    #[arg(long, value_name = "WAKTU", value_parser = localize::time, help = "Keadaan awal yang sudah diketahui pada waktu ini (RFC 3339)")]
    pub from_known_at: Option<DateTime<Utc>>,
    #[arg(long, value_name = "WAKTU", value_parser = localize::time, help = "Keadaan akhir yang berlaku pada waktu ini (RFC 3339)")]
    pub to_as_of: Option<DateTime<Utc>>,
    #[arg(long, value_name = "WAKTU", value_parser = localize::time, help = "Keadaan akhir yang sudah diketahui pada waktu ini (RFC 3339)")]
    pub to_known_at: Option<DateTime<Utc>>,
    #[command(flatten)]
    pub output: CsvFormatArgs,
}
