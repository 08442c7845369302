//! `prima audit`.

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand, ValueEnum};

use super::{ServiceArgs, localize};

#[derive(Debug, Clone, Args)]
pub struct AuditArgs {
    #[command(subcommand)]
    pub command: AuditCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum AuditCommand {
    #[command(about = "Siapa melakukan apa, terhadap apa, kapan, dari mana; termasuk yang ditolak")]
    List(AuditListArgs),
    #[command(
        about = "Periksa bahwa catatan audit utuh",
        long_about = "Periksa bahwa catatan audit utuh: setiap catatan memuat sidik jari catatan sebelumnya.\n\nCatat posisi dan \
                      sidik jari terakhir di luar basis data dan berikan lagi dengan --known: hanya itu yang menunjukkan bahwa \
                      catatan terakhir tidak dipotong."
    )]
    Verify(AuditVerifyArgs),
}

#[derive(Debug, Clone, Args)]
pub struct AuditListArgs {
    #[command(flatten)]
    pub of: ServiceArgs,
    #[arg(
        long,
        value_name = "INSTANSI",
        default_value = "agencies/-",
        help = "Hanya catatan tentang instansi ini, agencies/… (bawaan: agencies/-, semua)"
    )]
    pub agency: String,
    #[arg(
        long,
        value_name = "AKUN",
        default_value = "",
        help = "Hanya akun ini (subject token)"
    )]
    pub subject: String,
    #[arg(
        long,
        value_name = "METODE",
        default_value = "",
        help = "Hanya metode ini, misalnya CloseSurvey"
    )]
    pub method: String,
    #[arg(
        long,
        value_name = "KEPUTUSAN",
        help = "Hanya keputusan ini: done (dilakukan), read (dibaca), atau refused (ditolak)"
    )]
    pub decision: Option<AuditDecisionArg>,
    #[arg(
        long,
        value_name = "WAKTU",
        value_parser = localize::time,
        help = "Sejak waktu ini: RFC 3339"
    )]
    pub from: Option<DateTime<Utc>>,
    #[arg(long, value_name = "WAKTU", value_parser = localize::time, help = "Sebelum waktu ini")]
    pub to: Option<DateTime<Utc>>,
    #[arg(
        long,
        value_name = "N",
        default_value_t = 50,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000),
        help = "Paling banyak sekian catatan per layanan, yang terbaru lebih dahulu (bawaan: 50)"
    )]
    pub limit: u32,
    #[arg(
        long,
        value_name = "BENTUK",
        default_value = "table",
        help = "table, json, atau ocsf (satu objek OCSF per baris, untuk SIEM); bawaan: table"
    )]
    pub format: AuditFormat,
}

#[derive(Debug, Clone, Args)]
pub struct AuditVerifyArgs {
    #[command(flatten)]
    pub of: ServiceArgs,
    #[arg(
        long,
        value_name = "LAYANAN=POSISI:SIDIK_JARI",
        help = "Catatan yang sudah dicatat sebelumnya dan harus masih ada. Boleh berulang"
    )]
    pub known: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AuditDecisionArg {
    Done,
    Read,
    Refused,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AuditFormat {
    Table,
    Json,
    Ocsf,
}
