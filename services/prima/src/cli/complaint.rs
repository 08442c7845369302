//! Arguments of `prima complaint`, `prima consultation`, `prima knowledge` and `prima workflow`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{FormatArgs, PageArgs};

const PARENT: &str = "agencies/…, agencies/…/units/…, atau agencies/- untuk semua instansi";
const NAME: &str = "Laporan, complaints/… atau id-nya saja";

#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Tindakan pada laporan: prima call METODE name=complaints/ID …, dengan METODE VerifyComplaint, ForwardComplaint, \
                  RespondToComplaint, RejectComplaint, EscalateComplaint, dan lainnya (prima call --list complaint); \
                  isiannya: prima call METODE --describe"
)]
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
    #[command(
        about = "Ikuti kejadian pada laporan satu instansi atau unit, satu baris tiap kejadian, tanpa data pribadi"
    )]
    Watch(ComplaintWatchArgs),
    #[command(
        about = "Tampilkan angka kinerja pengelolaan pengaduan satu unit atau satu instansi dalam satu periode"
    )]
    Performance(ComplaintPerformanceArgs),
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
    #[command(flatten)]
    pub page: PageArgs,
}

#[derive(Debug, Clone, Args)]
pub struct ComplaintShowArgs {
    #[arg(value_name = "LAPORAN", help = NAME)]
    pub name: String,
    #[command(flatten)]
    pub output: FormatArgs,
}

#[derive(Debug, Clone, Args)]
pub struct ComplaintTrackArgs {
    #[arg(
        value_name = "BERKAS",
        default_value = "-",
        hide_default_value = true,
        help = "Berkas berisi kode lacak, dan pada baris berikutnya rahasia pelapor bila ada, untuk melihat seluruhnya walau \
                laporannya rahasia (bawaan: dari masukan baku). Bukan argumen, sebab argumen terlihat oleh pengguna lain"
    )]
    pub file: PathBuf,
    #[command(flatten)]
    pub output: FormatArgs,
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
    #[command(flatten)]
    pub output: FormatArgs,
}

#[derive(Debug, Clone, Args)]
pub struct ComplaintPerformanceArgs {
    #[arg(
        value_name = "UNIT_ATAU_INSTANSI",
        help = "agencies/…/units/…, atau agencies/… untuk semua laporan instansi, juga yang belum didisposisikan"
    )]
    pub subject: String,
    #[arg(
        value_name = "PERIODE",
        help = "Periode diterimanya laporan: 2026, 2026-s1, 2026-q3, atau 2026-m11"
    )]
    pub period: String,
    #[command(flatten)]
    pub output: FormatArgs,
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
    #[command(flatten)]
    pub page: PageArgs,
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
    #[command(flatten)]
    pub page: PageArgs,
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
