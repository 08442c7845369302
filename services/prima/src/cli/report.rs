//! Arguments of `prima report`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::ReportEvaluationArgs;

#[derive(Debug, Clone, Args)]
pub struct ReportArgs {
    #[command(subcommand)]
    pub command: ReportCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum ReportCommand {
    #[command(
        about = "Laporan Survei Kepuasan Masyarakat: HTML yang siap dicetak pada A4, data XLSX dan CSV",
        override_usage = "prima report skm [PILIHAN] <SURVEI>\n           \
                          prima report skm [PILIHAN] --unit <NAMA> --period <PERIODE>"
    )]
    Skm(ReportSkmArgs),
    #[command(about = "Berita acara evaluasi satu unit dalam satu siklus: HTML yang siap dicetak pada A4")]
    Evaluation(ReportEvaluationArgs),
    #[command(
        about = "Laporan satu tabel peringkat: HTML yang siap dicetak pada A4, data XLSX, CSV, dan JSON",
        long_about = "Laporan satu tabel peringkat: seberapa pasti peringkatnya, apa yang berubah dan mengapa, keadaan tiap provinsi, \
                      penghargaan, siapa yang tidak ada, dan asal datanya. HTML yang siap dicetak pada A4 tanpa berkas lain, data \
                      XLSX, CSV, dan JSON; nomor acuan tabel ada di setiap berkas."
    )]
    League(ReportLeagueArgs),
}

#[derive(Debug, Clone, Args)]
pub struct ReportSkmArgs {
    #[arg(
        value_name = "SURVEI",
        help = "agencies/…/units/…/surveys/…",
        required_unless_present = "unit",
        conflicts_with_all = ["unit", "period"]
    )]
    pub survey: Option<String>,
    #[arg(
        long,
        value_name = "NAMA",
        requires = "period",
        help = "Unit, agencies/…/units/…; bersama --period sebagai ganti SURVEI"
    )]
    pub unit: Option<String>,
    #[arg(
        long,
        value_name = "PERIODE",
        requires = "unit",
        help = "2024, 2024-s1, 2024-q3, atau 2024-m09"
    )]
    pub period: Option<String>,
    #[arg(
        long,
        value_name = "PERIODE",
        help = "Bandingkan dengan periode ini (bawaan: periode sebelumnya)"
    )]
    pub compare: Option<String>,
    #[arg(
        long,
        requires = "compare",
        help = "Bandingkan walaupun instrumen kedua periode berbeda"
    )]
    pub across_instruments: bool,
    #[arg(
        long,
        value_name = "DIREKTORI",
        default_value = ".",
        help = "Tempat berkas laporan; dibuat bila belum ada (bawaan: direktori ini)"
    )]
    pub out: PathBuf,
    #[arg(
        long,
        value_name = "BENTUK",
        value_delimiter = ',',
        default_values = ["html", "xlsx", "csv"],
        help = "html, xlsx, csv, dipisah koma (bawaan: ketiganya)"
    )]
    pub format: Vec<ReportFormat>,
}

#[derive(Debug, Clone, Args)]
pub struct ReportLeagueArgs {
    #[arg(value_name = "TABEL", help = "metrics/…/periods/…/cohorts/…")]
    pub table: String,
    #[arg(
        long,
        value_name = "PERIODE",
        help = "Bandingkan dengan periode ini (bawaan: periode sebelumnya, bila ada tabelnya)"
    )]
    pub compare: Option<String>,
    #[arg(
        long,
        value_name = "N",
        default_value_t = 10,
        value_parser = clap::value_parser!(i32).range(1..=100),
        help = "Banyaknya tempat penghargaan, 1 sampai 100 (bawaan: 10)"
    )]
    pub best: i32,
    #[arg(
        long,
        value_name = "DIREKTORI",
        default_value = ".",
        help = "Tempat berkas laporan; dibuat bila belum ada (bawaan: direktori ini)"
    )]
    pub out: PathBuf,
    #[arg(
        long,
        value_name = "BENTUK",
        value_delimiter = ',',
        default_values = ["html", "xlsx", "csv", "json"],
        help = "html, xlsx, csv, json, dipisah koma (bawaan: semuanya)"
    )]
    pub format: Vec<ReportLeagueFormat>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportLeagueFormat {
    Html,
    Xlsx,
    Csv,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    Html,
    Xlsx,
    Csv,
}
