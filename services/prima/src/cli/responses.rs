//! Arguments of `prima responses`.

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand, ValueEnum};

use super::{CsvFormatArgs, FormatArgs, localize};

const SURVEY: &str = "Survei, agencies/…/units/…/surveys/…";

#[derive(Debug, Clone, Args)]
pub struct ResponsesCommandArgs {
    #[command(subcommand)]
    pub command: ResponsesCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum ResponsesCommand {
    #[command(about = "Daftar jawaban menurut sumber, waktu, dan tanda; tanpa isi jawabannya")]
    List(ResponsesListArgs),
    #[command(
        about = "Batalkan jawaban menurut sumber, waktu, dan tanda, beserta alasannya",
        after_help = "Contoh, banjir jawaban lewat tautan: prima responses void SURVEI --source link --flag burst \
                      --reason \"Banjir jawaban otomatis\""
    )]
    Void(ResponsesVoidArgs),
    #[command(
        about = "Daftar karantina: banyak jawaban lewat tautan dalam waktu singkat, menunggu keputusan"
    )]
    Quarantines(QuarantinesArgs),
    #[command(about = "Terima jawaban satu karantina, beserta alasannya; sejak itu dihitung")]
    Accept(AcceptArgs),
}

/// Which responses; every condition that is given must hold.
#[derive(Debug, Clone, Default, Args)]
pub struct SelectionArgs {
    #[arg(
        long,
        value_name = "SUMBER",
        default_value = "",
        hide_default_value = true,
        help = "Hanya dari sumber ini: link, agent, token:KELOMPOK, atau kiosk:PERANGKAT"
    )]
    pub source: String,
    #[arg(long, value_name = "WAKTU", value_parser = localize::time, help = "Hanya yang diterima sejak waktu ini (RFC 3339)")]
    pub accepted_from: Option<DateTime<Utc>>,
    #[arg(long, value_name = "WAKTU", value_parser = localize::time, help = "Hanya yang diterima sebelum waktu ini (RFC 3339)")]
    pub accepted_until: Option<DateTime<Utc>>,
    #[arg(long, value_name = "WAKTU", value_parser = localize::time, help = "Hanya yang diisi sejak waktu ini (RFC 3339)")]
    pub submitted_from: Option<DateTime<Utc>>,
    #[arg(long, value_name = "WAKTU", value_parser = localize::time, help = "Hanya yang diisi sebelum waktu ini (RFC 3339)")]
    pub submitted_until: Option<DateTime<Utc>>,
    #[arg(
        long = "flag",
        value_name = "TANDA",
        help = "Hanya yang bertanda ini: straight-line (semua jawaban sama), burst (banyak dalam waktu singkat), atau \
                shared-device (banyak dari satu perangkat dalam sehari). Boleh berulang: semuanya berlaku"
    )]
    pub flags: Vec<ResponseFlag>,
    #[arg(
        long,
        value_name = "IMPOR",
        default_value = "",
        hide_default_value = true,
        help = "Hanya dari impor ini"
    )]
    pub import_id: String,
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        hide_default_value = true,
        value_parser = clap::value_parser!(i64).range(0..),
        help = "Hanya yang ada dalam karantina nomor ini"
    )]
    pub quarantine: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ResponseFlag {
    StraightLine,
    Burst,
    SharedDevice,
}

#[derive(Debug, Clone, Args)]
pub struct ResponsesListArgs {
    #[arg(value_name = "SURVEI", help = SURVEY)]
    pub survey: String,
    #[command(flatten)]
    pub selection: SelectionArgs,
    #[command(flatten)]
    pub output: CsvFormatArgs,
}

#[derive(Debug, Clone, Args)]
pub struct ResponsesVoidArgs {
    #[arg(value_name = "SURVEI", help = SURVEY)]
    pub survey: String,
    #[command(flatten)]
    pub selection: SelectionArgs,
    #[arg(long, value_name = "TEKS", help = "Alasan, 5 sampai 500 karakter")]
    pub reason: String,
    #[arg(
        long,
        value_name = "ID",
        help = "Id permintaan; dengan id yang sama tidak ada yang dibatalkan lagi (bawaan: id baru)"
    )]
    pub request_id: Option<String>,
    #[command(flatten)]
    pub output: FormatArgs,
}

#[derive(Debug, Clone, Args)]
pub struct QuarantinesArgs {
    #[arg(value_name = "SURVEI", help = SURVEY)]
    pub survey: String,
    #[arg(long, help = "Hanya yang menunggu keputusan")]
    pub open: bool,
    #[command(flatten)]
    pub output: FormatArgs,
}

#[derive(Debug, Clone, Args)]
pub struct AcceptArgs {
    #[arg(
        value_name = "KARANTINA",
        help = "Karantina, agencies/…/units/…/surveys/…/quarantines/N"
    )]
    pub quarantine: String,
    #[arg(long, value_name = "TEKS", help = "Alasan, 5 sampai 500 karakter")]
    pub reason: String,
    #[arg(
        long,
        value_name = "VERSI",
        default_value = "",
        hide_default_value = true,
        help = "etag dari daftar karantina; ditolak bila karantinanya berubah sejak itu"
    )]
    pub etag: String,
    #[command(flatten)]
    pub output: FormatArgs,
}
