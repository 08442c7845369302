//! Arguments of the commands that read the index of a unit in a cycle.

use std::path::PathBuf;

use clap::Args;

use super::Plain;

/// Arguments of `prima index show` and `prima index explain`.
#[derive(Debug, Clone, Args)]
pub struct IndexReadArgs {
    /// The unit or agency.
    #[arg(
        value_name = "UNIT",
        help = "agencies/…/units/…, atau agencies/… untuk satu instansi"
    )]
    pub unit: String,
    /// The cycle.
    #[arg(
        long,
        value_name = "SIKLUS",
        help = "Siklus evaluasi, cycles/… atau kodenya saja"
    )]
    pub cycle: String,
    /// Form.
    #[arg(
        long,
        value_name = "BENTUK",
        default_value = "table",
        help = "table atau json (bawaan: table)"
    )]
    pub format: Plain,
}

/// Arguments of `prima report evaluation`.
#[derive(Debug, Clone, Args)]
pub struct ReportEvaluationArgs {
    /// The unit.
    #[arg(value_name = "UNIT", help = "agencies/…/units/…")]
    pub unit: String,
    /// The cycle.
    #[arg(
        long,
        value_name = "SIKLUS",
        help = "Siklus evaluasi, cycles/… atau kodenya saja"
    )]
    pub cycle: String,
    /// Where the file goes.
    #[arg(
        long,
        value_name = "DIREKTORI",
        default_value = ".",
        help = "Tempat berkas berita acara; dibuat bila belum ada (bawaan: direktori ini)"
    )]
    pub out: PathBuf,
}
