//! Arguments of `prima report`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::ReportEvaluationArgs;

/// Arguments of `prima report`.
#[derive(Debug, Clone, Args)]
pub struct ReportArgs {
    /// What to report.
    #[command(subcommand)]
    pub what: ReportWhat,
}

/// What to report.
#[derive(Debug, Clone, Subcommand)]
pub enum ReportWhat {
    /// Writes the report of a survey.
    #[command(
        about = "Laporan Survei Kepuasan Masyarakat: HTML yang siap dicetak pada A4, data XLSX dan CSV",
        override_usage = "prima report skm [PILIHAN] <SURVEI>\n           \
                          prima report skm [PILIHAN] --unit <NAMA> --period <PERIODE>"
    )]
    Skm(ReportSkmArgs),
    /// Writes the record of an evaluation.
    #[command(about = "Berita acara evaluasi satu unit dalam satu siklus: HTML yang siap dicetak pada A4")]
    Evaluation(ReportEvaluationArgs),
}

/// Arguments of `prima report skm`.
#[derive(Debug, Clone, Args)]
pub struct ReportSkmArgs {
    /// The survey.
    #[arg(
        value_name = "SURVEI",
        help = "agencies/…/units/…/surveys/…",
        required_unless_present = "unit",
        conflicts_with_all = ["unit", "period"]
    )]
    pub survey: Option<String>,
    /// The unit whose survey of `period` is meant.
    #[arg(
        long,
        value_name = "NAMA",
        requires = "period",
        help = "Unit, agencies/…/units/…; bersama --period sebagai ganti SURVEI"
    )]
    pub unit: Option<String>,
    /// Period of that survey.
    #[arg(
        long,
        value_name = "PERIODE",
        requires = "unit",
        help = "2024, 2024-s1, 2024-q3, atau 2024-m09"
    )]
    pub period: Option<String>,
    /// Period to compare with.
    #[arg(
        long,
        value_name = "PERIODE",
        help = "Bandingkan dengan periode ini (bawaan: periode sebelumnya)"
    )]
    pub compare: Option<String>,
    /// Compare although the instruments differ.
    #[arg(
        long,
        requires = "compare",
        help = "Bandingkan walaupun instrumen kedua periode berbeda"
    )]
    pub across_instruments: bool,
    /// Where the files go.
    #[arg(
        long,
        value_name = "DIREKTORI",
        default_value = ".",
        help = "Tempat berkas laporan; dibuat bila belum ada (bawaan: direktori ini)"
    )]
    pub out: PathBuf,
    /// Forms to write.
    #[arg(
        long,
        value_name = "BENTUK",
        value_delimiter = ',',
        default_values = ["html", "xlsx", "csv"],
        help = "html, xlsx, csv, dipisah koma (bawaan: ketiganya)"
    )]
    pub format: Vec<ReportFormat>,
}

/// Form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// One printable page.
    Html,
    /// One workbook.
    Xlsx,
    /// A file per table.
    Csv,
}
