//! Arguments of `prima result`.

use clap::{Args, Subcommand};

use super::{CsvFormatArgs, FormatArgs};

#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct ResultArgs {
    #[command(subcommand)]
    pub command: Option<ResultCommand>,
    #[arg(value_name = "SURVEI", required = true, help = "agencies/…/units/…/surveys/…")]
    pub survey: Option<String>,
    #[arg(long, help = "Tampilkan lagi setiap kali berubah")]
    pub watch: bool,
    #[command(flatten)]
    pub output: CsvFormatArgs,
}

#[derive(Debug, Clone, Subcommand)]
pub enum ResultCommand {
    #[command(about = "Hasil satu unit dalam satu periode: gabungan surveinya, atau yang tercatat")]
    Unit(PeriodArgs),
    #[command(about = "Hasil satu instansi dalam satu periode, menurut kedua aturan penggabungan")]
    Agency(PeriodArgs),
}

#[derive(Debug, Clone, Args)]
pub struct PeriodArgs {
    #[arg(value_name = "SUBJEK", help = "agencies/… atau agencies/…/units/…")]
    pub subject: String,
    #[arg(value_name = "PERIODE", help = "Periode, misalnya 2024 atau 2024-q3")]
    pub period: String,
    #[arg(
        long,
        value_name = "PERIODE",
        default_value = "",
        help = "Periode pembanding (bawaan: satu periode sebelumnya)"
    )]
    pub compare: String,
    #[arg(long, help = "Bandingkan walau instrumennya berbeda")]
    pub across_instruments: bool,
    #[command(flatten)]
    pub output: FormatArgs,
}
