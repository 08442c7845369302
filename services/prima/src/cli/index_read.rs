//! Arguments of the commands that read the index of a unit in a cycle.

use std::path::PathBuf;

use clap::Args;

use super::FormatArgs;

#[derive(Debug, Clone, Args)]
pub struct CycleArgs {
    #[arg(
        long,
        value_name = "SIKLUS",
        help = "Siklus evaluasi, cycles/… atau kodenya saja"
    )]
    pub cycle: String,
}

#[derive(Debug, Clone, Args)]
pub struct IndexReadArgs {
    #[arg(
        value_name = "UNIT",
        help = "agencies/…/units/…, atau agencies/… untuk satu instansi"
    )]
    pub unit: String,
    #[command(flatten)]
    pub cycle: CycleArgs,
    #[command(flatten)]
    pub output: FormatArgs,
}

#[derive(Debug, Clone, Args)]
pub struct ReportEvaluationArgs {
    #[arg(value_name = "UNIT", help = "agencies/…/units/…")]
    pub unit: String,
    #[command(flatten)]
    pub cycle: CycleArgs,
    #[arg(
        long,
        value_name = "DIREKTORI",
        default_value = ".",
        help = "Tempat berkas berita acara; dibuat bila belum ada (bawaan: direktori ini)"
    )]
    pub out: PathBuf,
}
