//! Arguments of `prima complaint`, `prima consultation`, `prima knowledge` and `prima workflow`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Plain;

const PARENT: &str = "agencies/…, agencies/…/units/…, atau agencies/- untuk semua instansi";
const NAME: &str = "Laporan, complaints/… atau id-nya saja";
const FORM: &str = "table atau json (bawaan: table)";
const LIMIT: &str = "Paling banyak N baris, 1 sampai 1000 (bawaan: 100)";

/// Arguments of `prima complaint`.
#[derive(Debug, Clone, Args)]
pub struct ComplaintArgs {
    /// What to do.
    #[command(subcommand)]
    pub what: ComplaintWhat,
}

/// What is done with complaints.
#[derive(Debug, Clone, Subcommand)]
pub enum ComplaintWhat {
    /// Takes one in.
    #[command(
        about = "Masukkan satu laporan dari berkas JSON; cetak kode lacak dan rahasianya",
        long_about = "Masukkan satu laporan dari berkas JSON; cetak kode lacak dan rahasianya, yang hanya untuk pelapor.\n\n\
                      Isi berkas sama dengan SubmitComplaintRequest, misalnya:\n\
                      {\"parent\": \"agencies/3271/units/dpmptsp\", \"class\": \"complaint_regular\", \"channel\": \"CHANNEL_LETTER\",\n\
                      \x20\"title\": \"…\", \"text\": \"…\", \"reporter\": {\"display_name\": \"…\", \"phone\": \"…\"}}\n\n\
                      Tanpa request_id, isi yang sama dianggap laporan yang sama dan tidak dimasukkan dua kali."
    )]
    Submit(ComplaintSubmitArgs),
    /// Lists them.
    #[command(
        about = "Daftar laporan satu instansi atau unit, yang terbaru atau yang paling mendesak lebih dahulu"
    )]
    List(ComplaintListArgs),
    /// Shows one.
    #[command(about = "Tampilkan satu laporan beserta riwayatnya, tanpa pelapornya")]
    Show(ComplaintShowArgs),
    /// Shows one to its reporter.
    #[command(about = "Lacak laporan dengan kode lacak, sebagaimana dilihat pelapor")]
    Track(ComplaintTrackArgs),
    /// Prints what happens.
    #[command(about = "Ikuti kejadian pada laporan satu instansi atau unit, tanpa data pribadi")]
    Watch(ComplaintWatchArgs),
    /// Hands one to a unit.
    #[command(about = "Verifikasi: nyatakan laporan sah dan disposisikan ke unit")]
    Verify(ComplaintVerifyArgs),
    /// Hands one to another agency or unit.
    #[command(about = "Alihkan laporan ke instansi atau unit yang berwenang")]
    Forward(ComplaintForwardArgs),
    /// Answers the reporter.
    #[command(about = "Tanggapi laporan")]
    Respond(ComplaintTextArgs),
    /// Archives one.
    #[command(about = "Arsipkan laporan dengan salah satu alasan dari alur")]
    Reject(ComplaintRejectArgs),
    /// Raises one by a level.
    #[command(about = "Naikkan laporan satu tingkat")]
    Escalate(ComplaintTextArgs),
    /// Prints the figures of a unit.
    #[command(about = "Tampilkan angka kinerja pengelolaan pengaduan satu unit dalam satu periode")]
    Performance(ComplaintPerformanceArgs),
    /// Prints how a unit can be reached.
    #[command(about = "Tampilkan saluran pengaduan dan konsultasi satu unit")]
    Desk(ComplaintDeskArgs),
    /// Prints how much is sealed with which key.
    #[command(
        about = "Tampilkan berapa baris yang masih disandi dengan tiap kunci; kunci lama dapat dilepas pada angka 0"
    )]
    Keys(ComplaintKeysArgs),
}

/// Arguments of `prima complaint submit`.
#[derive(Debug, Clone, Args)]
pub struct ComplaintSubmitArgs {
    /// The report.
    #[arg(value_name = "BERKAS.json", help = "Laporan (JSON, paling besar 1 MiB)")]
    pub file: PathBuf,
}

/// Order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ComplaintOrder {
    /// By receipt.
    Newest,
    /// By deadline.
    Due,
}

/// Arguments of `prima complaint list`.
#[derive(Debug, Clone, Args)]
pub struct ComplaintListArgs {
    /// Whose.
    #[arg(value_name = "INDUK", help = PARENT)]
    pub parent: String,
    /// Only this state.
    #[arg(
        long,
        value_name = "KEADAAN",
        default_value = "",
        help = "Hanya keadaan ini, misalnya in_progress (bawaan: semua)"
    )]
    pub state: String,
    /// Only this class.
    #[arg(
        long,
        value_name = "JENIS",
        default_value = "",
        help = "Hanya jenis ini, misalnya complaint_regular (bawaan: semua)"
    )]
    pub class: String,
    /// Only open ones.
    #[arg(long, help = "Hanya yang belum selesai")]
    pub open: bool,
    /// Only those past due.
    #[arg(long, help = "Hanya yang lewat tenggat")]
    pub overdue: bool,
    /// Order.
    #[arg(
        long,
        value_name = "URUTAN",
        default_value = "newest",
        help = "newest (terbaru dahulu) atau due (tenggat terdekat dahulu; tanpa tenggat tidak disertakan). Bawaan: newest"
    )]
    pub order: ComplaintOrder,
    /// At most this many.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 100,
        value_parser = clap::value_parser!(i32).range(1..=1000),
        help = LIMIT
    )]
    pub limit: i32,
    /// Form.
    #[arg(long, value_name = "BENTUK", default_value = "table", help = FORM)]
    pub format: Plain,
}

/// Arguments of `prima complaint show`.
#[derive(Debug, Clone, Args)]
pub struct ComplaintShowArgs {
    /// Which.
    #[arg(value_name = "LAPORAN", help = NAME)]
    pub name: String,
    /// Form.
    #[arg(long, value_name = "BENTUK", default_value = "table", help = FORM)]
    pub format: Plain,
}

/// Arguments of `prima complaint track`.
#[derive(Debug, Clone, Args)]
pub struct ComplaintTrackArgs {
    /// The code.
    #[arg(
        value_name = "KODE",
        help = "Kode lacak; huruf besar, spasi, dan tanda hubung tidak berpengaruh"
    )]
    pub code: String,
    /// The secret.
    #[arg(
        long,
        value_name = "RAHASIA",
        default_value = "",
        hide_default_value = true,
        help = "Rahasia pelapor, untuk melihat seluruhnya walau laporannya rahasia"
    )]
    pub secret: String,
    /// Form.
    #[arg(long, value_name = "BENTUK", default_value = "table", help = FORM)]
    pub format: Plain,
}

/// Arguments of `prima complaint watch`.
#[derive(Debug, Clone, Args)]
pub struct ComplaintWatchArgs {
    /// Whose.
    #[arg(value_name = "INDUK", help = PARENT)]
    pub parent: String,
    /// From where on.
    #[arg(
        long,
        value_name = "KURSOR",
        default_value = "",
        help = "Lanjutkan setelah kursor ini; 0 dari kejadian pertama (bawaan: mulai sekarang)"
    )]
    pub after: String,
    /// Form.
    #[arg(
        long,
        value_name = "BENTUK",
        default_value = "table",
        help = "table atau json, satu baris tiap kejadian (bawaan: table)"
    )]
    pub format: Plain,
}

/// Arguments of `prima complaint verify`.
#[derive(Debug, Clone, Args)]
pub struct ComplaintVerifyArgs {
    /// Which.
    #[arg(value_name = "LAPORAN", help = NAME)]
    pub name: String,
    /// The unit in charge.
    #[arg(long, value_name = "UNIT", help = "Unit pelaksana, agencies/…/units/…")]
    pub unit: String,
    /// Class as verified.
    #[arg(
        long,
        value_name = "JENIS",
        default_value = "",
        help = "Jenis menurut hasil verifikasi (bawaan: tetap)"
    )]
    pub class: String,
    /// Category as verified.
    #[arg(
        long,
        value_name = "KATEGORI",
        default_value = "",
        help = "Kategori menurut hasil verifikasi (bawaan: tetap; wajib bila belum ada)"
    )]
    pub category: String,
    /// Note to the unit.
    #[arg(
        long,
        value_name = "TEKS",
        default_value = "",
        help = "Catatan untuk unit; tidak terlihat pelapor"
    )]
    pub note: String,
}

/// Arguments of `prima complaint forward`.
#[derive(Debug, Clone, Args)]
pub struct ComplaintForwardArgs {
    /// Which.
    #[arg(value_name = "LAPORAN", help = NAME)]
    pub name: String,
    /// To whom.
    #[arg(
        long,
        value_name = "TUJUAN",
        help = "Instansi agencies/… atau unit agencies/…/units/…"
    )]
    pub to: String,
    /// Why.
    #[arg(long, value_name = "TEKS", help = "Alasan, terlihat pelapor")]
    pub text: String,
}

/// Arguments of `prima complaint respond` and `prima complaint escalate`.
#[derive(Debug, Clone, Args)]
pub struct ComplaintTextArgs {
    /// Which.
    #[arg(value_name = "LAPORAN", help = NAME)]
    pub name: String,
    /// The words.
    #[arg(
        long,
        value_name = "TEKS",
        help = "Isi tanggapan (terlihat pelapor), atau alasan kenaikan tingkat (tidak terlihat)"
    )]
    pub text: String,
}

/// Arguments of `prima complaint reject`.
#[derive(Debug, Clone, Args)]
pub struct ComplaintRejectArgs {
    /// Which.
    #[arg(value_name = "LAPORAN", help = NAME)]
    pub name: String,
    /// Key of the reason.
    #[arg(
        long,
        value_name = "ALASAN",
        help = "Kunci alasan dari alur, misalnya out_of_scope; salah alamat bukan alasan, alihkan saja"
    )]
    pub reason: String,
    /// Why.
    #[arg(long, value_name = "TEKS", help = "Penjelasan, terlihat pelapor")]
    pub text: String,
}

/// Arguments of `prima complaint performance`.
#[derive(Debug, Clone, Args)]
pub struct ComplaintPerformanceArgs {
    /// The unit.
    #[arg(value_name = "UNIT", help = "agencies/…/units/…")]
    pub unit: String,
    /// The period.
    #[arg(
        value_name = "PERIODE",
        help = "Periode diterimanya laporan: 2026, 2026-s1, 2026-q3, atau 2026-m11"
    )]
    pub period: String,
    /// Form.
    #[arg(long, value_name = "BENTUK", default_value = "table", help = FORM)]
    pub format: Plain,
}

/// Arguments of `prima complaint desk`.
#[derive(Debug, Clone, Args)]
pub struct ComplaintDeskArgs {
    /// The unit.
    #[arg(value_name = "UNIT", help = "agencies/…/units/…")]
    pub unit: String,
    /// Form.
    #[arg(long, value_name = "BENTUK", default_value = "table", help = FORM)]
    pub format: Plain,
}

/// Arguments of `prima complaint keys`.
#[derive(Debug, Clone, Args)]
pub struct ComplaintKeysArgs {
    /// Form.
    #[arg(long, value_name = "BENTUK", default_value = "table", help = FORM)]
    pub format: Plain,
}

/// Arguments of `prima consultation`.
#[derive(Debug, Clone, Args)]
pub struct ConsultationArgs {
    /// What to do.
    #[command(subcommand)]
    pub what: ConsultationWhat,
}

/// What is done with consultations.
#[derive(Debug, Clone, Subcommand)]
pub enum ConsultationWhat {
    /// Lists them.
    #[command(about = "Daftar konsultasi satu instansi atau unit, yang terbaru dahulu")]
    List(ConsultationListArgs),
}

/// Arguments of `prima consultation list`.
#[derive(Debug, Clone, Args)]
pub struct ConsultationListArgs {
    /// Whose.
    #[arg(value_name = "INDUK", help = PARENT)]
    pub parent: String,
    /// At most this many.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 100,
        value_parser = clap::value_parser!(i32).range(1..=1000),
        help = LIMIT
    )]
    pub limit: i32,
    /// Form.
    #[arg(long, value_name = "BENTUK", default_value = "table", help = FORM)]
    pub format: Plain,
}

/// Arguments of `prima knowledge`.
#[derive(Debug, Clone, Args)]
pub struct KnowledgeArgs {
    /// What to do.
    #[command(subcommand)]
    pub what: KnowledgeWhat,
}

/// What is done with the knowledge base.
#[derive(Debug, Clone, Subcommand)]
pub enum KnowledgeWhat {
    /// Finds entries.
    #[command(about = "Cari tanya jawab yang sudah diterbitkan; tidak memerlukan token")]
    Search(KnowledgeSearchArgs),
}

/// Arguments of `prima knowledge search`.
#[derive(Debug, Clone, Args)]
pub struct KnowledgeSearchArgs {
    /// Words.
    #[arg(value_name = "KATA", help = "Kata yang dicari (bawaan: semua)")]
    pub words: Vec<String>,
    /// Only of this agency.
    #[arg(
        long,
        value_name = "INSTANSI",
        default_value = "",
        help = "Hanya dari agencies/… (bawaan: semua)"
    )]
    pub agency: String,
    /// At most this many.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 100,
        value_parser = clap::value_parser!(i32).range(1..=1000),
        help = LIMIT
    )]
    pub limit: i32,
    /// Form.
    #[arg(long, value_name = "BENTUK", default_value = "table", help = FORM)]
    pub format: Plain,
}

/// Arguments of `prima workflow`.
#[derive(Debug, Clone, Args)]
pub struct WorkflowArgs {
    /// What to do.
    #[command(subcommand)]
    pub what: WorkflowWhat,
}

/// What is done with workflows of reports.
#[derive(Debug, Clone, Subcommand)]
pub enum WorkflowWhat {
    /// Checks a document on this machine.
    #[command(
        about = "Periksa dokumen alur pengaduan dan sebutkan semua kesalahannya, tanpa layanan dan tanpa menyimpan",
        long_about = "Periksa dokumen alur pengaduan dan sebutkan semua kesalahannya, tanpa layanan dan tanpa menyimpan.\n\n\
                      Status keluar: 0 dokumen benar, 1 ada kesalahan."
    )]
    Check(WorkflowFileArgs),
}

/// Arguments of `prima workflow check`.
#[derive(Debug, Clone, Args)]
pub struct WorkflowFileArgs {
    /// The document.
    #[arg(
        value_name = "BERKAS.json",
        help = "Dokumen alur (JSON, paling besar 256 KiB)"
    )]
    pub file: PathBuf,
}
