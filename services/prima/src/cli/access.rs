//! `prima access`.

use clap::{Args, ValueEnum};

use super::TableOrJson;

#[derive(Debug, Clone, Args)]
pub struct AccessArgs {
    #[arg(
        value_name = "METODE",
        help = "Hanya metode atau layanan yang namanya memuat teks ini, misalnya SubmitResponse atau survey"
    )]
    pub method: Option<String>,
    #[arg(
        long,
        value_enum,
        value_name = "PERAN",
        help = "Hanya metode yang boleh dipanggil peran ini, misalnya operator; public: tanpa token"
    )]
    pub role: Option<AccessRole>,
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "BENTUK",
        help = "Bentuk keluaran: table atau json"
    )]
    pub format: TableOrJson,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AccessRole {
    Public,
    Admin,
    Operator,
    Intake,
    Evaluator,
}
