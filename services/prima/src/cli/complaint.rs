//! Arguments of `prima complaint`, `prima consultation`, `prima knowledge` and `prima workflow`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{TABLE_OR_JSON, TableOrJson};

const PARENT: &str = "agencies/…, agencies/…/units/…, atau agencies/- untuk semua instansi";
const NAME: &str = "Laporan, complaints/… atau id-nya saja";
const LIMIT: &str = "Paling banyak N baris, 1 sampai 1000 (bawaan: 100)";

#[derive(Debug, Clone, Args)]
pub struct ComplaintArgs {
    #[command(subcommand)]
    pub command: ComplaintCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum ComplaintCommand {
    #[command(
        about = "Masukkan satu laporan dari berkas JSON; cetak kode lacak dan rahasianya",
        long_about = "Masukkan satu laporan dari berkas JSON; cetak kode lacak dan rahasianya, yang hanya untuk pelapor.\n\n\
                      Isi berkas sama dengan SubmitComplaintRequest, misalnya:\n\
                      {\"parent\": \"agencies/3271/units/dpmptsp\", \"class\": \"complaint_regular\", \"channel\": \"CHANNEL_LETTER\",\n\
                      \x20\"title\": \"…\", \"text\": \"…\", \"reporter\": {\"display_name\": \"…\", \"phone\": \"…\"}}\n\n\
                      Tanpa request_id, isi yang sama dianggap laporan yang sama dan tidak dimasukkan dua kali."
    )]
    Submit(ComplaintSubmitArgs),
    #[command(
        about = "Daftar laporan satu instansi atau unit, yang terbaru atau yang paling mendesak lebih dahulu"
    )]
    List(ComplaintListArgs),
    #[command(about = "Tampilkan satu laporan beserta riwayatnya, tanpa pelapornya")]
    Show(ComplaintShowArgs),
    #[command(about = "Lacak laporan dengan kode lacak, sebagaimana dilihat pelapor")]
    Track(ComplaintTrackArgs),
    #[command(about = "Ikuti kejadian pada laporan satu instansi atau unit, tanpa data pribadi")]
    Watch(ComplaintWatchArgs),
    #[command(about = "Verifikasi: nyatakan laporan sah dan disposisikan ke unit")]
    Verify(ComplaintVerifyArgs),
    #[command(about = "Alihkan laporan ke instansi atau unit yang berwenang")]
    Forward(ComplaintForwardArgs),
    #[command(about = "Tanggapi laporan")]
    Respond(ComplaintTextArgs),
    #[command(about = "Arsipkan laporan dengan salah satu alasan dari alur")]
    Reject(ComplaintRejectArgs),
    #[command(about = "Naikkan laporan satu tingkat")]
    Escalate(ComplaintTextArgs),
    #[command(about = "Tampilkan angka kinerja pengelolaan pengaduan satu unit dalam satu periode")]
    Performance(ComplaintPerformanceArgs),
    #[command(about = "Tampilkan saluran pengaduan dan konsultasi satu unit")]
    Desk(ComplaintDeskArgs),
    #[command(
        about = "Tampilkan berapa baris yang masih dienkripsi dengan tiap kunci; kunci lama dapat dilepas pada angka 0"
    )]
    Keys(ComplaintKeysArgs),
}

#[derive(Debug, Clone, Args)]
pub struct ComplaintSubmitArgs {
    #[arg(value_name = "BERKAS.json", help = "Laporan (JSON, paling besar 1 MiB)")]
    pub file: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ComplaintOrder {
    Newest,
    Due,
}

#[derive(Debug, Clone, Args)]
pub struct ComplaintListArgs {
    #[arg(value_name = "INDUK", help = PARENT)]
    pub parent: String,
    #[arg(
        long,
        value_name = "KEADAAN",
        default_value = "",
        help = "Hanya keadaan ini, misalnya in_progress (bawaan: semua)"
    )]
    pub state: String,
    #[arg(
        long,
        value_name = "JENIS",
        default_value = "",
        help = "Hanya jenis ini, misalnya complaint_regular (bawaan: semua)"
    )]
    pub class: String,
    #[arg(long, help = "Hanya yang belum selesai")]
    pub open: bool,
    #[arg(long, help = "Hanya yang lewat tenggat")]
    pub overdue: bool,
    #[arg(
        long,
        value_name = "URUTAN",
        default_value = "newest",
        help = "newest (terbaru dahulu) atau due (tenggat terdekat dahulu; tanpa tenggat tidak disertakan). Bawaan: newest"
    )]
    pub order: ComplaintOrder,
    #[arg(
        long,
        value_name = "N",
        default_value_t = 100,
        value_parser = clap::value_parser!(i32).range(1..=1000),
        help = LIMIT
    )]
    pub limit: i32,
    #[arg(long, value_name = "BENTUK", default_value = "table", help = TABLE_OR_JSON)]
    pub format: TableOrJson,
}

#[derive(Debug, Clone, Args)]
pub struct ComplaintShowArgs {
    #[arg(value_name = "LAPORAN", help = NAME)]
    pub name: String,
    #[arg(long, value_name = "BENTUK", default_value = "table", help = TABLE_OR_JSON)]
    pub format: TableOrJson,
}

#[derive(Debug, Clone, Args)]
pub struct ComplaintTrackArgs {
    #[arg(
        value_name = "KODE",
        help = "Kode lacak; huruf besar, spasi, dan tanda hubung tidak berpengaruh"
    )]
    pub code: String,
    #[arg(
        long,
        value_name = "RAHASIA",
        default_value = "",
        hide_default_value = true,
        help = "Rahasia pelapor, untuk melihat seluruhnya walau laporannya rahasia"
    )]
    pub secret: String,
    #[arg(long, value_name = "BENTUK", default_value = "table", help = TABLE_OR_JSON)]
    pub format: TableOrJson,
}

#[derive(Debug, Clone, Args)]
pub struct ComplaintWatchArgs {
    #[arg(value_name = "INDUK", help = PARENT)]
    pub parent: String,
    #[arg(
        long,
        value_name = "KURSOR",
        default_value = "",
        help = "Lanjutkan setelah kursor ini; 0 dari kejadian pertama (bawaan: mulai sekarang)"
    )]
    pub after: String,
    #[arg(
        long,
        value_name = "BENTUK",
        default_value = "table",
        help = "table atau json, satu baris tiap kejadian (bawaan: table)"
    )]
    pub format: TableOrJson,
}

#[derive(Debug, Clone, Args)]
pub struct ComplaintVerifyArgs {
    #[arg(value_name = "LAPORAN", help = NAME)]
    pub name: String,
    #[arg(long, value_name = "UNIT", help = "Unit pelaksana, agencies/…/units/…")]
    pub unit: String,
    #[arg(
        long,
        value_name = "JENIS",
        default_value = "",
        help = "Jenis menurut hasil verifikasi (bawaan: tetap)"
    )]
    pub class: String,
    #[arg(
        long,
        value_name = "KATEGORI",
        default_value = "",
        help = "Kategori menurut hasil verifikasi (bawaan: tetap; wajib bila belum ada)"
    )]
    pub category: String,
    #[arg(
        long,
        value_name = "TEKS",
        default_value = "",
        help = "Catatan untuk unit; tidak terlihat pelapor"
    )]
    pub note: String,
}

#[derive(Debug, Clone, Args)]
pub struct ComplaintForwardArgs {
    #[arg(value_name = "LAPORAN", help = NAME)]
    pub name: String,
    #[arg(
        long,
        value_name = "TUJUAN",
        help = "Instansi agencies/… atau unit agencies/…/units/…"
    )]
    pub to: String,
    #[arg(long, value_name = "TEKS", help = "Alasan, terlihat pelapor")]
    pub text: String,
}

#[derive(Debug, Clone, Args)]
pub struct ComplaintTextArgs {
    #[arg(value_name = "LAPORAN", help = NAME)]
    pub name: String,
    #[arg(
        long,
        value_name = "TEKS",
        help = "Isi tanggapan (terlihat pelapor), atau alasan kenaikan tingkat (tidak terlihat)"
    )]
    pub text: String,
}

#[derive(Debug, Clone, Args)]
pub struct ComplaintRejectArgs {
    #[arg(value_name = "LAPORAN", help = NAME)]
    pub name: String,
    #[arg(
        long,
        value_name = "ALASAN",
        help = "Kunci alasan dari alur, misalnya out_of_scope; salah alamat bukan alasan, alihkan saja"
    )]
    pub reason: String,
    #[arg(long, value_name = "TEKS", help = "Penjelasan, terlihat pelapor")]
    pub text: String,
}

#[derive(Debug, Clone, Args)]
pub struct ComplaintPerformanceArgs {
    #[arg(value_name = "UNIT", help = "agencies/…/units/…")]
    pub unit: String,
    #[arg(
        value_name = "PERIODE",
        help = "Periode diterimanya laporan: 2026, 2026-s1, 2026-q3, atau 2026-m11"
    )]
    pub period: String,
    #[arg(long, value_name = "BENTUK", default_value = "table", help = TABLE_OR_JSON)]
    pub format: TableOrJson,
}

#[derive(Debug, Clone, Args)]
pub struct ComplaintDeskArgs {
    #[arg(value_name = "UNIT", help = "agencies/…/units/…")]
    pub unit: String,
    #[arg(long, value_name = "BENTUK", default_value = "table", help = TABLE_OR_JSON)]
    pub format: TableOrJson,
}

#[derive(Debug, Clone, Args)]
pub struct ComplaintKeysArgs {
    #[arg(long, value_name = "BENTUK", default_value = "table", help = TABLE_OR_JSON)]
    pub format: TableOrJson,
}

#[derive(Debug, Clone, Args)]
pub struct ConsultationArgs {
    #[command(subcommand)]
    pub command: ConsultationCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum ConsultationCommand {
    #[command(about = "Daftar konsultasi satu instansi atau unit, yang terbaru dahulu")]
    List(ConsultationListArgs),
}

#[derive(Debug, Clone, Args)]
pub struct ConsultationListArgs {
    #[arg(value_name = "INDUK", help = PARENT)]
    pub parent: String,
    #[arg(
        long,
        value_name = "N",
        default_value_t = 100,
        value_parser = clap::value_parser!(i32).range(1..=1000),
        help = LIMIT
    )]
    pub limit: i32,
    #[arg(long, value_name = "BENTUK", default_value = "table", help = TABLE_OR_JSON)]
    pub format: TableOrJson,
}

#[derive(Debug, Clone, Args)]
pub struct KnowledgeArgs {
    #[command(subcommand)]
    pub command: KnowledgeCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum KnowledgeCommand {
    #[command(about = "Cari tanya jawab yang sudah diterbitkan; tidak memerlukan token")]
    Search(KnowledgeSearchArgs),
}

#[derive(Debug, Clone, Args)]
pub struct KnowledgeSearchArgs {
    #[arg(value_name = "KATA", help = "Kata yang dicari (bawaan: semua)")]
    pub query: Vec<String>,
    #[arg(
        long,
        value_name = "INSTANSI",
        default_value = "",
        help = "Hanya dari agencies/… (bawaan: semua)"
    )]
    pub agency: String,
    #[arg(
        long,
        value_name = "N",
        default_value_t = 100,
        value_parser = clap::value_parser!(i32).range(1..=1000),
        help = LIMIT
    )]
    pub limit: i32,
    #[arg(long, value_name = "BENTUK", default_value = "table", help = TABLE_OR_JSON)]
    pub format: TableOrJson,
}

#[derive(Debug, Clone, Args)]
pub struct WorkflowArgs {
    #[command(subcommand)]
    pub command: WorkflowCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum WorkflowCommand {
    #[command(
        about = "Periksa dokumen alur pengaduan dan sebutkan semua kesalahannya, tanpa layanan dan tanpa menyimpan",
        long_about = "Periksa dokumen alur pengaduan dan sebutkan semua kesalahannya, tanpa layanan dan tanpa menyimpan.\n\n\
                      Status keluar: 0 dokumen benar, 1 ada kesalahan."
    )]
    Check(WorkflowFileArgs),
}

#[derive(Debug, Clone, Args)]
pub struct WorkflowFileArgs {
    #[arg(
        value_name = "BERKAS.json",
        help = "Dokumen alur (JSON, paling besar 256 KiB)"
    )]
    pub file: PathBuf,
}
