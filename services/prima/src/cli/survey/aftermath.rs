//! Arguments of what happens to a survey beside its questions: voids, publication, follow-up, tokens, reading.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use prima_proto::survey::v1 as pb;

use crate::cli::{Format, words};

/// Form of what is printed, where CSV has no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Plain {
    /// Text for people.
    #[default]
    Table,
    /// JSON.
    Json,
}

const SURVEY: &str = "Survei, agencies/…/units/…/surveys/…";

/// Arguments of `prima survey void`.
#[derive(Debug, Clone, Args)]
#[command(group(ArgGroup::new("which").required(true).args(["import_id", "response"])))]
pub struct VoidArgs {
    /// The survey.
    #[arg(value_name = "SURVEI", help = SURVEY)]
    pub survey: String,
    /// Everything of one import.
    #[arg(long, value_name = "ID", help = "Semua jawaban dari impor ini")]
    pub import_id: Option<String>,
    /// These responses.
    #[arg(long, value_name = "ID", num_args = 1.., help = "Jawaban dengan id ini; boleh berulang")]
    pub response: Vec<String>,
    /// Why.
    #[arg(
        long,
        value_name = "TEKS",
        help = "Alasan, 5 sampai 500 karakter; disimpan bersama siapa dan kapan"
    )]
    pub reason: String,
    /// Form.
    #[arg(
        long,
        value_name = "BENTUK",
        default_value = "table",
        help = "table atau json (bawaan: table)"
    )]
    pub format: Plain,
}

/// Arguments of `prima survey voids`.
#[derive(Debug, Clone, Args)]
pub struct VoidsArgs {
    /// The survey.
    #[arg(value_name = "SURVEI", help = SURVEY)]
    pub survey: String,
    /// Form.
    #[arg(
        long,
        value_name = "BENTUK",
        default_value = "table",
        help = "table atau json (bawaan: table)"
    )]
    pub format: Plain,
}

/// Arguments of `prima survey publish`.
#[derive(Debug, Clone, Args)]
pub struct PublishArgs {
    /// The survey.
    #[arg(value_name = "SURVEI", help = SURVEY)]
    pub survey: String,
    /// Media used.
    #[arg(
        long,
        required = true,
        value_name = "JENIS[=TAUTAN]",
        value_parser = medium,
        help = "Media: papan-pengumuman, media-cetak, media-elektronik, media-sosial=https://…, situs-web=https://…, \
                aplikasi, atau videotron. Boleh berulang"
    )]
    pub media: Vec<pb::Medium>,
    /// First day it was public.
    #[arg(
        long,
        value_name = "TANGGAL",
        default_value = "",
        help = "Hari pertama, YYYY-MM-DD (bawaan: hari ini, WIB)"
    )]
    pub date: String,
    /// Form.
    #[arg(
        long,
        value_name = "BENTUK",
        default_value = "table",
        help = "table atau json (bawaan: table)"
    )]
    pub format: Plain,
}

/// Reads `KIND[=LINK]`.
fn medium(text: &str) -> Result<pb::Medium, String> {
    let (kind, link) = text.split_once('=').unwrap_or((text, ""));
    if kind.trim().is_empty() {
        return Err("harus berbentuk JENIS atau JENIS=TAUTAN".to_owned());
    }
    Ok(pb::Medium {
        kind: kind.trim().to_owned(),
        link: link.trim().to_owned(),
        description: String::new(),
    })
}

/// Arguments of `prima survey follow-up`.
#[derive(Debug, Clone, Args)]
pub struct FollowUpArgs {
    /// What to do.
    #[command(subcommand)]
    pub what: FollowUpWhat,
}

/// What to do with the follow-up plan.
#[derive(Debug, Clone, Subcommand)]
pub enum FollowUpWhat {
    /// Plans an action.
    #[command(about = "Rencanakan satu tindakan untuk satu unsur")]
    Add(FollowUpAddArgs),
    /// Records that an action was done.
    #[command(about = "Catat bahwa satu tindakan sudah dilaksanakan, dengan buktinya")]
    Done(FollowUpDoneArgs),
    /// Prints the plan.
    #[command(about = "Daftar rencana tindak lanjut, unsur terlemah dahulu")]
    List(FollowUpListArgs),
}

/// Arguments of `prima survey follow-up add`.
#[derive(Debug, Clone, Args)]
pub struct FollowUpAddArgs {
    /// The survey.
    #[arg(value_name = "SURVEI", help = SURVEY)]
    pub survey: String,
    /// Last part of its name.
    #[arg(
        long,
        value_name = "ID",
        help = "Bagian akhir nama tindakan, misalnya kotak-saran"
    )]
    pub id: String,
    /// Element.
    #[arg(
        long,
        value_name = "UNSUR",
        help = "Kunci unsur yang ditanyakan survei, misalnya procedure"
    )]
    pub element: String,
    /// Program or activity.
    #[arg(long, value_name = "TEKS", help = "Program atau kegiatan")]
    pub program: String,
    /// Quarter.
    #[arg(long, value_name = "TRIWULAN", help = "Triwulan rencana, misalnya 2025-q1")]
    pub quarter: String,
    /// Office that is responsible.
    #[arg(
        long,
        value_name = "TEKS",
        help = "Jabatan atau bagian yang bertanggung jawab, bukan nama orang"
    )]
    pub responsible: String,
    /// Form.
    #[arg(
        long,
        value_name = "BENTUK",
        default_value = "table",
        help = "table atau json (bawaan: table)"
    )]
    pub format: Plain,
}

/// Arguments of `prima survey follow-up done`.
#[derive(Debug, Clone, Args)]
pub struct FollowUpDoneArgs {
    /// The action.
    #[arg(value_name = "TINDAKAN", help = "agencies/…/units/…/surveys/…/followUps/…")]
    pub name: String,
    /// Day it was done.
    #[arg(long, value_name = "TANGGAL", help = "Hari pelaksanaan, YYYY-MM-DD")]
    pub date: String,
    /// Link to the evidence.
    #[arg(long, value_name = "TAUTAN", help = "Tautan bukti, https://…")]
    pub evidence: String,
    /// Remark.
    #[arg(long, value_name = "TEKS", default_value = "", help = "Catatan")]
    pub note: String,
    /// Form.
    #[arg(
        long,
        value_name = "BENTUK",
        default_value = "table",
        help = "table atau json (bawaan: table)"
    )]
    pub format: Plain,
}

/// Arguments of `prima survey follow-up list`.
#[derive(Debug, Clone, Args)]
pub struct FollowUpListArgs {
    /// The survey.
    #[arg(value_name = "SURVEI", help = SURVEY)]
    pub survey: String,
    /// Form.
    #[arg(
        long,
        value_name = "BENTUK",
        default_value = "table",
        help = "table, json, atau csv (bawaan: table)"
    )]
    pub format: Format,
}

/// Arguments of `prima survey tokens`.
#[derive(Debug, Clone, Args)]
pub struct TokensArgs {
    /// The survey.
    #[arg(value_name = "SURVEI", help = SURVEY)]
    pub survey: String,
    /// How many.
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=1_000_000),
        help = "Jumlah token; lebih dari 10.000 dibagi dalam beberapa kelompok"
    )]
    pub count: u32,
    /// Service counter.
    #[arg(
        long,
        value_name = "LOKET",
        default_value = "",
        help = "Loket tempat token dibagikan"
    )]
    pub counter: String,
    /// Public service.
    #[arg(
        long,
        value_name = "LAYANAN",
        default_value = "",
        help = "Id jenis layanan; mengisi profil jawaban"
    )]
    pub service: String,
    /// Until when they are taken.
    #[arg(long, value_name = "WAKTU", value_parser = words::time, help = "Batas berlaku (RFC 3339; bawaan: sampai survei ditutup)")]
    pub expire: Option<chrono::DateTime<chrono::Utc>>,
    /// File for them.
    #[arg(
        long,
        value_name = "BERKAS.csv",
        help = "Berkas baru untuk token (bawaan: keluaran baku)"
    )]
    pub out: Option<PathBuf>,
    /// Id of this request.
    #[arg(
        long,
        value_name = "ID",
        help = "Id permintaan; dengan id yang sama token yang sama diberikan lagi (bawaan: id baru)"
    )]
    pub request_id: Option<String>,
    /// Form.
    #[arg(
        long,
        value_name = "BENTUK",
        default_value = "csv",
        help = "csv atau json (bawaan: csv)"
    )]
    pub format: TokensFormat,
}

/// Form of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TokensFormat {
    /// CSV with a header.
    Csv,
    /// JSON, a document per batch and line.
    Json,
}

/// Arguments of `prima survey comments`.
#[derive(Debug, Clone, Args)]
pub struct CommentsArgs {
    /// The survey.
    #[arg(value_name = "SURVEI", help = SURVEY)]
    pub survey: String,
    /// Only this kind.
    #[arg(long, value_name = "JENIS", help = "Hanya saran atau hanya kritik")]
    pub kind: Option<CommentKind>,
    /// Only this public service.
    #[arg(
        long,
        value_name = "LAYANAN",
        default_value = "",
        help = "Hanya jenis layanan ini"
    )]
    pub service: String,
    /// Only texts that contain this.
    #[arg(
        long,
        value_name = "TEKS",
        default_value = "",
        help = "Hanya yang memuat teks ini"
    )]
    pub contains: String,
    /// From this day on.
    #[arg(
        long,
        value_name = "TANGGAL",
        default_value = "",
        help = "Sejak hari ini, YYYY-MM-DD"
    )]
    pub from: String,
    /// Until this day.
    #[arg(
        long,
        value_name = "TANGGAL",
        default_value = "",
        help = "Sampai hari ini, YYYY-MM-DD"
    )]
    pub to: String,
    /// Form.
    #[arg(
        long,
        value_name = "BENTUK",
        default_value = "table",
        help = "table, json, atau csv (bawaan: table)"
    )]
    pub format: Format,
}

/// What a free text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CommentKind {
    /// Suggestion.
    Saran,
    /// Criticism.
    Kritik,
}

/// Arguments of `prima survey analysis`.
#[derive(Debug, Clone, Args)]
pub struct AnalysisArgs {
    /// The survey.
    #[arg(value_name = "SURVEI", help = SURVEY)]
    pub survey: String,
    /// Form.
    #[arg(
        long,
        value_name = "BENTUK",
        default_value = "table",
        help = "table atau json (bawaan: table)"
    )]
    pub format: Plain,
}
