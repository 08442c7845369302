//! Arguments of what happens to a survey beside its questions: voids, publication, follow-up, tokens, reading.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use prima_proto::survey::v1 as pb;

use crate::cli::{Format, TABLE_JSON_OR_CSV, TABLE_OR_JSON, localize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum TableOrJson {
    #[default]
    Table,
    Json,
}

const SURVEY: &str = "Survei, agencies/…/units/…/surveys/…";

#[derive(Debug, Clone, Args)]
#[command(group(ArgGroup::new("which").required(true).args(["import_id", "response"])))]
pub struct VoidArgs {
    #[arg(value_name = "SURVEI", help = SURVEY)]
    pub survey: String,
    #[arg(long, value_name = "ID", help = "Semua jawaban dari impor ini")]
    pub import_id: Option<String>,
    #[arg(long, value_name = "ID", num_args = 1.., help = "Jawaban dengan id ini; boleh berulang")]
    pub response: Vec<String>,
    #[arg(
        long,
        value_name = "TEKS",
        help = "Alasan, 5 sampai 500 karakter; disimpan bersama siapa dan kapan"
    )]
    pub reason: String,
    #[arg(long, value_name = "BENTUK", default_value = "table", help = TABLE_OR_JSON)]
    pub format: TableOrJson,
}

#[derive(Debug, Clone, Args)]
pub struct VoidsArgs {
    #[arg(value_name = "SURVEI", help = SURVEY)]
    pub survey: String,
    #[arg(long, value_name = "BENTUK", default_value = "table", help = TABLE_OR_JSON)]
    pub format: TableOrJson,
}

#[derive(Debug, Clone, Args)]
pub struct PublishArgs {
    #[arg(value_name = "SURVEI", help = SURVEY)]
    pub survey: String,
    #[arg(
        long,
        required = true,
        value_name = "JENIS[=TAUTAN]",
        value_parser = medium,
        help = "Media: papan-pengumuman, media-cetak, media-elektronik, media-sosial=https://…, situs-web=https://…, \
                aplikasi, atau videotron. Boleh berulang"
    )]
    pub media: Vec<pb::Medium>,
    #[arg(
        long,
        value_name = "TANGGAL",
        default_value = "",
        help = "Hari pertama, YYYY-MM-DD (bawaan: hari ini, WIB)"
    )]
    pub date: String,
    #[arg(long, value_name = "BENTUK", default_value = "table", help = TABLE_OR_JSON)]
    pub format: TableOrJson,
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

#[derive(Debug, Clone, Args)]
pub struct FollowUpArgs {
    #[command(subcommand)]
    pub command: FollowUpCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum FollowUpCommand {
    #[command(about = "Rencanakan satu tindakan untuk satu unsur")]
    Add(FollowUpAddArgs),
    #[command(about = "Catat bahwa satu tindakan sudah dilaksanakan, dengan buktinya")]
    Done(FollowUpDoneArgs),
    #[command(about = "Daftar rencana tindak lanjut, unsur terlemah dahulu")]
    List(FollowUpListArgs),
}

#[derive(Debug, Clone, Args)]
pub struct FollowUpAddArgs {
    #[arg(value_name = "SURVEI", help = SURVEY)]
    pub survey: String,
    #[arg(
        long,
        value_name = "ID",
        help = "Bagian akhir nama tindakan, misalnya kotak-saran"
    )]
    pub id: String,
    #[arg(
        long,
        value_name = "UNSUR",
        help = "Kunci unsur yang ditanyakan survei, misalnya procedure"
    )]
    pub element: String,
    #[arg(long, value_name = "TEKS", help = "Program atau kegiatan")]
    pub program: String,
    #[arg(long, value_name = "TRIWULAN", help = "Triwulan rencana, misalnya 2025-q1")]
    pub quarter: String,
    #[arg(
        long,
        value_name = "TEKS",
        help = "Jabatan atau bagian yang bertanggung jawab, bukan nama orang"
    )]
    pub responsible: String,
    #[arg(long, value_name = "BENTUK", default_value = "table", help = TABLE_OR_JSON)]
    pub format: TableOrJson,
}

#[derive(Debug, Clone, Args)]
pub struct FollowUpDoneArgs {
    #[arg(value_name = "TINDAKAN", help = "agencies/…/units/…/surveys/…/followUps/…")]
    pub name: String,
    #[arg(long, value_name = "TANGGAL", help = "Hari pelaksanaan, YYYY-MM-DD")]
    pub date: String,
    #[arg(long, value_name = "TAUTAN", help = "Tautan bukti, https://…")]
    pub evidence: String,
    #[arg(long, value_name = "TEKS", default_value = "", help = "Catatan")]
    pub note: String,
    #[arg(long, value_name = "BENTUK", default_value = "table", help = TABLE_OR_JSON)]
    pub format: TableOrJson,
}

#[derive(Debug, Clone, Args)]
pub struct FollowUpListArgs {
    #[arg(value_name = "SURVEI", help = SURVEY)]
    pub survey: String,
    #[arg(long, value_name = "BENTUK", default_value = "table", help = TABLE_JSON_OR_CSV)]
    pub format: Format,
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
    #[arg(long, value_name = "BENTUK", default_value = "table", help = TABLE_JSON_OR_CSV)]
    pub format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CommentKind {
    Saran,
    Kritik,
}

#[derive(Debug, Clone, Args)]
pub struct AnalysisArgs {
    #[arg(value_name = "SURVEI", help = SURVEY)]
    pub survey: String,
    #[arg(long, value_name = "BENTUK", default_value = "table", help = TABLE_OR_JSON)]
    pub format: TableOrJson,
}
