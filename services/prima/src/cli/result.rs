//! Arguments of `prima result`.

use clap::{Args, Subcommand};

use super::{Format, Plain};

/// Arguments of `prima result`.
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct ResultArgs {
    /// Of a unit or an agency instead.
    #[command(subcommand)]
    pub what: Option<ResultWhat>,
    /// The survey.
    #[arg(value_name = "SURVEI", required = true, help = "agencies/…/units/…/surveys/…")]
    pub survey: Option<String>,
    /// Print again after every change.
    #[arg(long, help = "Tampilkan lagi setiap kali berubah")]
    pub watch: bool,
    /// Form.
    #[arg(
        long,
        value_name = "BENTUK",
        default_value = "table",
        help = "table, json, atau csv (bawaan: table)"
    )]
    pub format: Format,
}

/// Whose result in a period.
#[derive(Debug, Clone, Subcommand)]
pub enum ResultWhat {
    /// Of a unit.
    #[command(about = "Hasil satu unit dalam satu periode: gabungan surveinya, atau yang tercatat")]
    Unit(PeriodArgs),
    /// Of an agency.
    #[command(about = "Hasil satu instansi dalam satu periode, menurut kedua aturan penggabungan")]
    Agency(PeriodArgs),
}

/// Arguments of `prima result unit` and `prima result agency`.
#[derive(Debug, Clone, Args)]
pub struct PeriodArgs {
    /// The unit or agency.
    #[arg(value_name = "SUBJEK", help = "agencies/… atau agencies/…/units/…")]
    pub subject: String,
    /// Period.
    #[arg(value_name = "PERIODE", help = "Periode, misalnya 2024 atau 2024-q3")]
    pub period: String,
    /// Period to compare with.
    #[arg(
        long,
        value_name = "PERIODE",
        default_value = "",
        help = "Periode pembanding (bawaan: satu periode sebelumnya)"
    )]
    pub compare: String,
    /// Compare although the instruments differ.
    #[arg(long, help = "Bandingkan walau instrumennya berbeda")]
    pub across_instruments: bool,
    /// Form.
    #[arg(
        long,
        value_name = "BENTUK",
        default_value = "table",
        help = "table atau json (bawaan: table)"
    )]
    pub format: Plain,
}
