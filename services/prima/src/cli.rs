//! The command line: every subcommand with its arguments. Help and messages are Indonesian.

mod access;
mod api;
mod audit;
mod call;
mod complaint;
mod doctor;
mod health;
mod history;
mod import;
mod index;
mod index_read;
mod localize;
mod privacy;
pub mod publish;
mod report;
mod responses;
mod result;
mod serve;
mod survey;
mod table;
mod token;
pub mod workdays;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use access::{AccessArgs, AccessRole};
pub use api::{ApiArgs, ApiDocument};
pub use audit::{AuditArgs, AuditCommand, AuditDecisionArg, AuditFormat, AuditListArgs, AuditVerifyArgs};
pub use call::{CallArgs, CompletionsArgs, complete, completions};
pub use complaint::{
    ComplaintArgs, ComplaintCommand, ComplaintListArgs, ComplaintOrder, ComplaintPerformanceArgs,
    ComplaintWatchArgs, ConsultationArgs, ConsultationCommand, KnowledgeArgs, KnowledgeCommand, WorkflowArgs,
    WorkflowCommand,
};
pub use doctor::{DoctorArgs, DoctorCommand, DoctorFiguresArgs};
pub use health::{HealthArgs, Probe, ServiceArgs};
pub use history::{AwardsArgs, ExplainArgs, ExplainCommand, ExplainRankArgs, ScorecardArgs, TimesArgs};
pub use import::{
    ComplaintsArgs, DateOrder, FileArgs, HolidaysArgs, ImportArgs, ImportCommand, InnovationsArgs,
};
pub use index::{
    AssessmentForm, AssessmentFormArgs, FormKind, IndexArgs, IndexCommand, InstrumentArgs, InstrumentCommand,
    KeyedNumber, ScoresArgs, SimulateArgs,
};
pub use index_read::{IndexReadArgs, ReportEvaluationArgs};
pub use localize::parse;
pub use privacy::{
    PrivacyAccessArgs, PrivacyArgs, PrivacyBreachArgs, PrivacyCommand, PrivacyCorrectArgs, PrivacyEraseArgs,
    PrivacyLogArgs, RespondentArgs,
};
pub use publish::{PublishArgs, VerifyArgs};
pub use report::{
    ReportArgs, ReportCommand, ReportFormat, ReportLeagueArgs, ReportLeagueFormat, ReportSkmArgs,
};
pub use responses::{
    AcceptArgs, QuarantinesArgs, ResponseFlag, ResponsesCommand, ResponsesCommandArgs, ResponsesListArgs,
    ResponsesVoidArgs, SelectionArgs,
};
pub use result::{PeriodArgs, ResultArgs, ResultCommand};
pub use serve::{DatabaseArgs, DeadLettersArgs, MigrateArgs, ReconcileArgs, RunArgs, ServeArgs, UpArgs};
pub use survey::{
    AccessMode, CommentKind, CommentsArgs, FollowUpCommand, FollowUpListArgs, SurveyArgs, SurveyCommand,
    SurveyCreateArgs, SurveyExactArgs, SurveyListArgs, SurveyQuestionsArgs, SurveyReadArgs, SurveyReopenArgs,
    TokensArgs, TokensFormat, Weights, Wording,
};
pub use table::{TableArgs, TableCommand, TableFileArgs, TableListArgs};
pub use token::{
    KeyArgs, KeyCommand, ListRevokedArgs, NewKeyArgs, Purpose, RevokeArgs, RevokedArgs, TokenArgs,
    TokenCommand,
};
pub use workdays::WorkdaysArgs;

#[derive(Debug, Parser)]
#[command(
    name = "prima",
    version,
    about = "Prima: survei kepuasan masyarakat dan peringkat nasional pelayanan publik",
    max_term_width = 110
)]
pub struct Cli {
    #[command(flatten)]
    pub connection: ConnectionArgs,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Clone, Default, Args)]
pub struct ConnectionArgs {
    #[arg(
        long,
        global = true,
        env = "PRIMA_ENDPOINT",
        value_name = "[LAYANAN=]URL",
        value_delimiter = ',',
        help = "Alamat layanan; URL untuk semua, atau directory=URL, survey=URL, innovation=URL, \
                complaint=URL, index=URL, ranking=URL. Boleh berulang (lingkungan: PRIMA_ENDPOINT; bawaan: http://127.0.0.1:50051)"
    )]
    pub endpoint: Vec<String>,
    #[arg(
        long,
        global = true,
        value_name = "BERKAS",
        help = "Berkas token pemanggil (token juga dapat diisi lewat PRIMA_TOKEN; bawaan: ./var/token bila ada)"
    )]
    pub token_file: Option<PathBuf>,
    #[arg(
        long,
        global = true,
        env = "PRIMA_CA_FILE",
        value_name = "BERKAS",
        help = "Sertifikat CA (PEM) untuk alamat https (lingkungan: PRIMA_CA_FILE)"
    )]
    pub ca_file: Option<PathBuf>,
    #[arg(
        long,
        global = true,
        env = "PRIMA_CERT_FILE",
        requires = "key_file",
        value_name = "BERKAS",
        help = "Sertifikat klien (PEM) bila layanan memintanya (lingkungan: PRIMA_CERT_FILE)"
    )]
    pub cert_file: Option<PathBuf>,
    #[arg(
        long,
        global = true,
        env = "PRIMA_KEY_FILE",
        requires = "cert_file",
        value_name = "BERKAS",
        help = "Kunci privat sertifikat klien (PEM; lingkungan: PRIMA_KEY_FILE)"
    )]
    pub key_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    #[command(about = "Jalankan semua layanan dalam satu proses, tanpa memasang peladen lain")]
    Up(UpArgs),
    #[command(about = "Jalankan satu layanan")]
    Serve(ServeArgs),
    #[command(about = "Mutakhirkan skema basis data satu layanan")]
    Migrate(MigrateArgs),
    #[command(
        about = "Terbitkan ulang seluruh keadaan satu layanan setelah basis datanya dipulihkan dari cadangan"
    )]
    Reconcile(ReconcileArgs),
    #[command(about = "Daftar peristiwa yang tidak dapat diterapkan satu layanan, atau coba lagi")]
    DeadLetters(DeadLettersArgs),
    #[command(
        about = "Buat token pemanggil (dicetak ke keluaran baku), cetak kunci publik, atau cabut token"
    )]
    Token(TokenArgs),
    #[command(
        about = "Buat kunci enkripsi data pengaduan atau teks responden (dicetak ke keluaran baku), atau urus kunci penanda tangan",
        long_about = "Buat kunci enkripsi data pengaduan atau teks responden, satu baris ID:BASE64 ke keluaran baku.\n\nKunci pertama \
                      mengenkripsi, semua kunci mendekripsi. prima up: taruh sebagai baris pertama complaint.key atau survey.key \
                      di direktori data. Layanan tersendiri: tambahkan pada PRIMA_COMPLAINT__KEYS atau PRIMA_SURVEY__KEYS \
                      (dipisah koma) di belakang pada semua replika, lalu pindahkan ke depan. Kunci lama dilepas setelah prima \
                      call GetKeyUsage (pengaduan) atau GetTextKeyUsage (survei) menunjukkan 0. Simpan salinannya terpisah dari \
                      cadangan basis data: tanpa kunci, datanya tidak terbaca."
    )]
    Key(KeyArgs),
    #[command(about = "Siapa boleh memanggil metode apa")]
    Access(AccessArgs),
    #[command(
        about = "Cetak dokumen API untuk program: OpenAPI atau AsyncAPI, sama dengan /openapi.json dan /asyncapi.json"
    )]
    Api(ApiArgs),
    #[command(about = "Catatan audit: siapa melakukan apa, dan apakah catatannya utuh")]
    Audit(AuditArgs),
    #[command(about = "Periksa apakah layanan siap")]
    Health(HealthArgs),
    #[command(about = "Periksa apa yang sudah diterima tetapi tidak terhitung")]
    Doctor(DoctorArgs),
    #[command(about = "Impor data dari berkas CSV, XLSX, atau ODS")]
    Import(ImportArgs),
    #[command(about = "Buat dan daftar survei; token, saran, analisis, daftar pembatalan dan tindak lanjut")]
    Survey(SurveyArgs),
    #[command(
        about = "Jawaban survei: daftar dan batalkan menurut sumber, waktu, dan tanda; karantina jawaban lewat tautan"
    )]
    Responses(ResponsesCommandArgs),
    #[command(about = "Tampilkan hasil (IKM) satu survei, atau satu unit atau instansi dalam satu periode")]
    Result(ResultArgs),
    #[command(about = "Daftar, periksa, dan tampilkan instrumen evaluasi")]
    Instrument(InstrumentArgs),
    #[command(about = "Tampilkan, uraikan, dan simulasikan indeks pelayanan publik")]
    Index(IndexArgs),
    #[command(
        about = "Daftar nilai terbitan yang dicatat (Ombudsman, SAKIP, IPP tahun lalu, …) beserta perubahannya"
    )]
    Scores(ScoresArgs),
    #[command(about = "Pengaduan: masukkan, daftar, tampilkan, lacak, ikuti; kinerja")]
    Complaint(ComplaintArgs),
    #[command(about = "Konsultasi: daftar pertanyaan yang masuk")]
    Consultation(ConsultationArgs),
    #[command(about = "Cari tanya jawab yang diterbitkan dari konsultasi")]
    Knowledge(KnowledgeArgs),
    #[command(about = "Periksa dokumen alur pengaduan")]
    Workflow(WorkflowArgs),
    #[command(about = "Hak subjek data (UU 27/2022): tampilkan, perbaiki, hapus, dan data yang bocor")]
    Privacy(PrivacyArgs),
    #[command(about = "Tulis laporan yang siap dicetak, beserta datanya")]
    Report(ReportArgs),
    #[command(about = "Tampilkan tabel peringkat")]
    League(LeagueArgs),
    #[command(about = "Tampilkan peringkat satu unit atau instansi di setiap kelompok")]
    Standing(StandingArgs),
    #[command(about = "Tampilkan semua peringkat, nilai, dan perubahan satu unit atau instansi")]
    Scorecard(ScorecardArgs),
    #[command(
        about = "Daftar penghargaan yang mengikuti dari satu tabel peringkat, masing-masing dengan aturannya"
    )]
    Awards(AwardsArgs),
    #[command(about = "Uraikan angka sampai ke sumbernya")]
    Explain(ExplainArgs),
    #[command(about = "Bangun ulang yang disimpan di memori dari bus peristiwa")]
    Rebuild(RebuildArgs),
    #[command(about = "Definisi tabel peringkat: periksa, terapkan, dan daftar")]
    Table(TableArgs),
    #[command(about = "Tetapkan tabel peringkat: usulan, sanggah, penetapan, dan berkas resminya")]
    Publish(PublishArgs),
    #[command(
        about = "Periksa keaslian tabel yang ditetapkan, tanpa peladen",
        long_about = "Periksa keaslian tabel yang ditetapkan, tanpa peladen.\n\n\
                      SAH (status keluar 0): isinya seperti yang ditetapkan, dan ditandatangani dengan kunci yang Anda beri \
                      (--key, --keys). UTUH (status 3): isinya utuh, tetapi kuncinya ditemukan di sebelah berkas, sehingga belum \
                      terbukti siapa penanda tangannya. TIDAK SAH (status 1): disebut apa yang tidak cocok."
    )]
    Verify(VerifyArgs),
    #[command(
        about = "Panggil metode apa pun dari layanan mana pun; jawabannya JSON",
        long_about = "Panggil metode apa pun dari layanan mana pun; jawabannya JSON, aliran jawaban satu pesan sebaris.\n\n\
                      Isian di dalam isian ditulis dengan titik (survey.period=2026), daftar dengan mengulang isiannya, atau \
                      dengan nomor bila itemnya punya isian (elements.0.key=cost), peta dengan kuncinya (answers.cost=4). \
                      Pilihan boleh tanpa awalannya (OPEN), waktu RFC 3339, bita base64, isian apa pun JSON bila punya isian \
                      di dalamnya. @BERKAS adalah isi berkas, @@ awal teks yang dimulai dengan @. request_id yang tidak \
                      disebut dibuatkan dan ditampilkan; dengan id yang sama permintaan dapat diulang tanpa berlaku dua kali."
    )]
    Call(CallArgs),
    #[command(about = "Cetak skrip pelengkap untuk shell, misalnya: source <(prima completions bash)")]
    Completions(CompletionsArgs),
    #[command(
        about = "Hitung hari jatuh tempo sekian hari kerja setelah suatu tanggal (kalender libur nasional)"
    )]
    Workdays(WorkdaysArgs),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, ValueEnum)]
pub enum Service {
    Directory,
    Survey,
    Innovation,
    Complaint,
    Index,
    Ranking,
}

impl Service {
    /// Every service.
    pub const ALL: [Self; 6] = [
        Self::Directory,
        Self::Survey,
        Self::Innovation,
        Self::Complaint,
        Self::Index,
        Self::Ranking,
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::Survey => "survey",
            Self::Innovation => "innovation",
            Self::Complaint => "complaint",
            Self::Index => "index",
            Self::Ranking => "ranking",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum TableOrJson {
    #[default]
    Table,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    #[default]
    Table,
    Json,
    Csv,
}

/// How a command prints what it has read.
#[derive(Debug, Clone, Copy, Args)]
pub struct FormatArgs {
    #[arg(
        long,
        value_name = "BENTUK",
        default_value = "table",
        help = "table atau json (bawaan: table)"
    )]
    pub format: TableOrJson,
}

/// The same where CSV is possible too.
#[derive(Debug, Clone, Copy, Args)]
pub struct CsvFormatArgs {
    #[arg(
        long,
        value_name = "BENTUK",
        default_value = "table",
        help = "table, json, atau csv (bawaan: table)"
    )]
    pub format: Format,
}

/// How much of a list a command reads, and how it prints it.
#[derive(Debug, Clone, Copy, Args)]
pub struct PageArgs {
    #[arg(
        long,
        value_name = "N",
        default_value_t = 100,
        value_parser = clap::value_parser!(i32).range(1..=1000),
        help = "Paling banyak N baris, 1 sampai 1000 (bawaan: 100)"
    )]
    pub limit: i32,
    #[command(flatten)]
    pub output: FormatArgs,
}

/// Which scores are ranked.
#[derive(Debug, Clone, Args)]
pub struct MetricArgs {
    #[arg(
        long,
        value_name = "UKURAN",
        default_value = "skm",
        help = "Ukuran (bawaan: skm)"
    )]
    pub metric: String,
    #[arg(long, value_name = "PERIODE", help = "Periode, misalnya 2024-q3")]
    pub period: String,
}

#[derive(Debug, Clone, Args)]
pub struct LeagueArgs {
    #[command(flatten)]
    pub ranked: MetricArgs,
    #[arg(
        long,
        value_name = "KELOMPOK",
        help = "Kelompok, misalnya dpmptsp, dpmptsp.32, atau kota"
    )]
    pub cohort: String,
    #[arg(
        long,
        help = "Tampilkan lagi setiap kali berubah",
        conflicts_with_all = ["bottom", "region", "around", "from_rank", "as_of", "known_at"]
    )]
    pub watch: bool,
    #[command(flatten)]
    pub times: TimesArgs,
    #[command(flatten)]
    pub rows: LeagueRowsArgs,
    #[command(flatten)]
    pub certainty: LeagueCertaintyArgs,
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..),
        help = "Paling banyak N baris (bawaan: semua; dengan --watch paling banyak 1000)"
    )]
    pub limit: Option<u32>,
    #[command(flatten)]
    pub output: CsvFormatArgs,
}

/// How sure the ranks of a table are, or whom it misses.
#[derive(Debug, Clone, Args)]
pub struct LeagueCertaintyArgs {
    #[arg(
        long,
        help = "Seberapa pasti tiap peringkat: interval, kelompok yang tidak dapat dibedakan, dan siapa yang pasti terbaik",
        conflicts_with_all = ["watch", "bottom", "region", "around", "from_rank", "as_of", "known_at"]
    )]
    pub certainty: bool,
    #[arg(
        long,
        value_name = "PERSEN",
        requires = "certainty",
        help = "Kepercayaan interval: 90, 95, atau 99 (bawaan: 95)"
    )]
    pub confidence: Option<i32>,
    #[arg(
        long,
        value_name = "K",
        requires = "certainty",
        help = "Siapa yang pasti termasuk K terbaik, dan siapa yang pasti tidak (bawaan: 10)"
    )]
    pub best: Option<i32>,
    #[arg(
        long,
        help = "Unit atau instansi kelompok ini yang belum punya nilai",
        conflicts_with_all = ["certainty", "watch", "bottom", "region", "around", "from_rank", "as_of", "known_at"]
    )]
    pub missing: bool,
}

/// Which rows of a table are shown.
#[derive(Debug, Clone, Args)]
pub struct LeagueRowsArgs {
    #[arg(
        long,
        value_name = "SUBJEK",
        conflicts_with = "from_rank",
        help = "Mulai beberapa baris sebelum unit atau instansi ini, sehingga ia di tengah (--limit baris, bawaan 11)"
    )]
    pub around: Option<String>,
    #[arg(
        long,
        value_name = "PERINGKAT",
        value_parser = clap::value_parser!(i32).range(1..),
        help = "Mulai dari peringkat ini"
    )]
    pub from_rank: Option<i32>,
    #[arg(long, help = "Dari peringkat terbawah ke atas")]
    pub bottom: bool,
    #[arg(
        long,
        value_name = "PROVINSI",
        help = "Hanya provinsi ini (kode, misalnya 32) dengan peringkat di seluruh tabel"
    )]
    pub region: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub struct RebuildArgs {
    #[command(subcommand)]
    pub what: RebuildCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum RebuildCommand {
    #[command(
        about = "Bangun ulang semua tabel peringkat satu replika",
        long_about = "Bangun ulang semua tabel peringkat satu replika dari bus peristiwa, di samping tabel yang sedang dibaca, lalu \
                      bandingkan barisnya. Bila sama, tabel baru menggantikan yang lama; bila ada yang berbeda, barisnya \
                      dicetak dan tidak ada yang diganti (kode keluar 1), kecuali perbedaan itu diterima dengan --accept. \
                      Pembaca tidak terganggu. Perlu token admin nasional."
    )]
    Tables(RebuildTablesArgs),
}

#[derive(Debug, Clone, Args)]
pub struct RebuildTablesArgs {
    #[arg(
        long,
        value_name = "HASH",
        help = "Terima persis perbedaan yang dicetak oleh pembangunan ulang yang ditolak"
    )]
    pub accept: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub struct StandingArgs {
    #[arg(
        value_name = "SUBJEK",
        help = "Unit atau instansi, agencies/… atau agencies/…/units/…"
    )]
    pub subject: String,
    #[command(flatten)]
    pub ranked: MetricArgs,
    #[command(flatten)]
    pub times: TimesArgs,
    #[command(flatten)]
    pub output: CsvFormatArgs,
}
