//! Arguments of the commands that read a survey, and of its tokens.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::cli::{CsvFormatArgs, FormatArgs, localize};

const SURVEY: &str = "Survei, agencies/…/units/…/surveys/…";

#[derive(Debug, Clone, Args)]
pub struct SurveyReadArgs {
    #[arg(value_name = "SURVEI", help = SURVEY)]
    pub survey: String,
    #[command(flatten)]
    pub output: FormatArgs,
}

#[derive(Debug, Clone, Args)]
pub struct SurveyQuestionsArgs {
    #[arg(value_name = "SURVEI", help = SURVEY)]
    pub survey: String,
    #[arg(
        long,
        value_name = "BERKAS",
        conflicts_with = "link",
        help = "Baca dengan token sekali pakai di berkas ini (- untuk masukan baku), tanpa memakainya"
    )]
    pub token: Option<PathBuf>,
    #[arg(
        long,
        value_name = "BERKAS",
        help = "Baca dengan tautan terbuka di berkas ini (- untuk masukan baku)"
    )]
    pub link: Option<PathBuf>,
    #[command(flatten)]
    pub output: FormatArgs,
}

#[derive(Debug, Clone, Args)]
pub struct SurveyExactArgs {
    #[arg(value_name = "SURVEI", help = SURVEY)]
    pub survey: String,
    #[arg(
        long,
        value_name = "KEPERLUAN",
        help = "Untuk apa angka pasti dibaca (5 sampai 500 karakter); tercatat"
    )]
    pub purpose: String,
    #[command(flatten)]
    pub output: FormatArgs,
}

#[derive(Debug, Clone, Args)]
pub struct SurveyReopenArgs {
    #[arg(value_name = "SURVEI", help = SURVEY)]
    pub survey: String,
    #[arg(
        long,
        value_name = "ALASAN",
        help = "Mengapa dibuka kembali (5 sampai 500 karakter); tercatat"
    )]
    pub reason: String,
    #[arg(
        long,
        value_name = "WAKTU",
        value_parser = localize::time,
        help = "Batas menerima jawaban (RFC 3339; bawaan: sampai survei ditutup)"
    )]
    pub close: Option<chrono::DateTime<chrono::Utc>>,
}

#[derive(Debug, Clone, Args)]
pub struct FollowUpArgs {
    #[command(subcommand)]
    pub command: FollowUpCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum FollowUpCommand {
    #[command(about = "Daftar rencana tindak lanjut, unsur terlemah dahulu")]
    List(FollowUpListArgs),
}

#[derive(Debug, Clone, Args)]
pub struct FollowUpListArgs {
    #[arg(value_name = "SURVEI", help = SURVEY)]
    pub survey: String,
    #[command(flatten)]
    pub output: CsvFormatArgs,
}

#[derive(Debug, Clone, Args)]
pub struct TokensArgs {
    #[arg(value_name = "SURVEI", help = SURVEY)]
    pub survey: String,
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=1_000_000),
        help = "Jumlah token; lebih dari 10.000 dibagi dalam beberapa kelompok"
    )]
    pub count: u32,
    #[arg(
        long,
        value_name = "LOKET",
        default_value = "",
        help = "Loket tempat token dibagikan"
    )]
    pub counter: String,
    #[arg(
        long,
        value_name = "LAYANAN",
        default_value = "",
        help = "Id jenis layanan; mengisi profil jawaban"
    )]
    pub service: String,
    #[arg(long, value_name = "WAKTU", value_parser = localize::time, help = "Batas berlaku (RFC 3339; bawaan: sampai survei ditutup)")]
    pub expire: Option<chrono::DateTime<chrono::Utc>>,
    #[arg(
        long,
        value_name = "BERKAS.csv",
        help = "Berkas baru untuk token (bawaan: keluaran baku)"
    )]
    pub out: Option<PathBuf>,
    #[arg(
        long,
        value_name = "ID",
        help = "Id permintaan; dengan id yang sama token yang sama diberikan lagi (bawaan: id baru)"
    )]
    pub request_id: Option<String>,
    #[arg(
        long,
        value_name = "BENTUK",
        default_value = "csv",
        help = "csv atau json (bawaan: csv)"
    )]
    pub format: TokensFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TokensFormat {
    Csv,
    Json,
}

#[derive(Debug, Clone, Args)]
pub struct CommentsArgs {
    #[arg(value_name = "SURVEI", help = SURVEY)]
    pub survey: String,
    #[arg(long, value_name = "JENIS", help = "Hanya saran atau hanya kritik")]
    pub kind: Option<CommentKind>,
    #[arg(
        long,
        value_name = "LAYANAN",
        default_value = "",
        help = "Hanya jenis layanan ini"
    )]
    pub service: String,
    #[arg(
        long,
        value_name = "TEKS",
        default_value = "",
        help = "Hanya yang memuat teks ini"
    )]
    pub contains: String,
    #[arg(
        long,
        value_name = "TANGGAL",
        default_value = "",
        help = "Sejak hari ini, YYYY-MM-DD"
    )]
    pub from: String,
    #[arg(
        long,
        value_name = "TANGGAL",
        default_value = "",
        help = "Sampai hari ini, YYYY-MM-DD"
    )]
    pub to: String,
    #[command(flatten)]
    pub output: CsvFormatArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CommentKind {
    Saran,
    Kritik,
}
