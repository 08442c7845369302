//! Arguments of `prima import`.

use std::path::PathBuf;

use chrono::{FixedOffset, NaiveDate};
use clap::{Args, Subcommand, ValueEnum};

use crate::client::import::{ColumnMap, ValueMap, channel, label, zone};

/// Arguments of `prima import`.
#[derive(Debug, Clone, Args)]
pub struct ImportArgs {
    /// The kind of data in the file.
    #[command(subcommand)]
    pub what: ImportCommand,
}

/// The kinds of files that can be imported.
#[derive(Debug, Clone, Subcommand)]
pub enum ImportCommand {
    /// Provinces, regencies, cities.
    #[command(
        visible_alias = "agencies",
        about = "Wilayah, kementerian, dan lembaga; kolom: code,name,kind,parent",
        long_about = "Wilayah, kementerian, dan lembaga; kolom: code,name,kind,parent. Kode wilayah adalah kode Kemendagri; \
                      kementerian dan lembaga memakai kode huruf, seperti kemenkes, dan parent kosong.\n\nYang belum ada dibuat. Yang sudah ada dan berbeda \
                      ditampilkan nilai lama dan barunya, dan hanya diubah dengan --replace."
    )]
    Regions(MasterArgs),
    /// Service units.
    #[command(
        about = "Unit pelayanan; kolom: agency,unit,unit_type,name",
        long_about = "Unit pelayanan; kolom: agency,unit,unit_type,name. unit_type adalah jenis bawaan atau jenis buatan instansinya \
                      (prima import unit-types).\n\nYang belum ada dibuat. Yang sudah ada dan berbeda \
                      ditampilkan nilai lama dan barunya, dan hanya diubah dengan --replace; unit yang berganti unit_type \
                      berpindah tabel peringkat."
    )]
    Units(MasterArgs),
    /// Unit types that agencies define.
    #[command(
        about = "Jenis unit buatan instansi; kolom: agency,unit_type,name, dan (boleh) national_unit_type",
        long_about = "Jenis unit buatan instansi, di samping jenis bawaan (prima call ListUnitTypes); kolom: \
                      agency,unit_type,name, dan (boleh) national_unit_type, yaitu jenis bawaan yang menjadi kelompok \
                      perbandingan nasionalnya. Impor jenis unit dahulu, lalu unitnya.\n\nYang belum ada dibuat. Yang sudah ada \
                      dan berbeda ditampilkan nilai lama dan barunya, dan hanya diubah dengan --replace."
    )]
    UnitTypes(MasterArgs),
    /// Survey responses.
    #[command(
        about = "Jawaban survei, dari berkas sendiri atau unduhan alat survei",
        long_about = "Jawaban survei, dari berkas sendiri atau unduhan alat survei.\n\nKolom dikenali dari kepalanya: \
                      response_id (boleh tidak ada), submitted_at (Timestamp, Stempel waktu), kunci, kode, nama, atau \
                      pertanyaan tiap unsur, dan (boleh) sex (Jenis Kelamin), age (Usia), age_group, education, \
                      occupation, service (Jenis Layanan), channel, hour_band, suggestion (Saran), criticism (Kritik). \
                      Jawaban boleh angka atau label jawaban; label dinilai bersama seluruh kolomnya, dan ditanyakan bila \
                      skalanya tidak pasti. Unduhan KoBoToolbox, LimeSurvey, SurveyMonkey, Google Formulir, dan Microsoft Forms \
                      dikenali tanpa --map; kolom yang tidak diimpor disebut satu per satu.\n\nTanpa kolom response_id, id dibuat \
                      dari apa yang dikatakan baris (waktu, jawaban, profil, teks); mengimpor berkas yang sama lagi, diurutkan, \
                      disimpan ulang, atau bertambah, hanya menambah yang baru, dan impor yang terputus diteruskan dengan \
                      menjalankannya lagi.\n\nStatus keluar: 0 semua baris masuk, 3 sebagian baris tidak \
                      masuk, 1 gagal."
    )]
    Responses(ResponsesArgs),
    /// Results published earlier.
    #[command(
        about = "Hasil yang sudah diterbitkan dahulu; kolom: subject (atau agency,unit),period,instrument,index,\
                 source, dan (boleh) category,respondents,roll_up,reason, kunci tiap unsur"
    )]
    Results(FileArgs),
    /// Scores that other bodies have published.
    #[command(
        about = "Nilai terbitan lembaga lain dan IPP tahun lalu; kolom: metric,subject,period,value (atau score), dan (boleh) \
                 category,source,no_maladministration,reason"
    )]
    Scores(FileArgs),
    /// The national calendar.
    #[command(
        about = "Hari libur nasional dan cuti bersama; kolom: date,kind,name",
        long_about = "Hari libur nasional dan cuti bersama; kolom: date (misalnya 2028-01-31, 31/01/2028, 31 Januari 2028), kind \
                      (Libur Nasional atau Cuti Bersama), name.\n\nKalender setiap tahun yang disebut berkas diganti \
                      seluruhnya, dan tenggat laporan yang masih terbuka dihitung ulang; dengan --add harinya ditambahkan \
                      saja. Mengimpor berkas yang sama lagi tidak mengubah apa pun."
    )]
    Holidays(HolidaysArgs),
    /// Complaints received on paper or exported from SP4N-LAPOR.
    #[command(
        about = "Laporan yang diterima secara tertulis atau dari unduhan SP4N-LAPOR!, dengan waktu diterimanya",
        long_about = "Laporan yang diterima secara tertulis atau dari unduhan SP4N-LAPOR!, dengan waktu diterimanya.\n\nKolom dikenali \
                      dari kepalanya: received (waktu diterima), title, text, dan (boleh) sp4n_number (Tracking ID), class \
                      (jenis), category, channel (kanal), agency, unit, location, region, incident_date, anonymous, \
                      confidential, name, phone, email, identity_number (NIK), address. Kolom lain disebut dan tidak \
                      diimpor.\n\nSemua baris diperiksa layanan sebelum yang pertama disimpan. Mengimpor lagi, juga setelah \
                      diurutkan atau ditambah, hanya memasukkan yang baru; nomor SP4N yang sudah ada tidak digandakan."
    )]
    Complaints(ComplaintsArgs),
    /// Innovations of past years.
    #[command(
        about = "Inovasi tahun-tahun lalu; kolom: title,status, dan (boleh) agency,unit,start_date,stop_date,description,…",
        long_about = "Inovasi tahun-tahun lalu; kolom: title (judul), status (gagasan, persiapan, diterapkan, dihentikan), dan (boleh) \
                      agency, unit, start_date (tanggal, atau tahun saja), stop_date, description, initiator, category, sdgs, \
                      legal_basis, supports, document, innovation (id).\n\nInovasi yang sudah terdaftar dikenali dari unit dan \
                      judulnya; yang berbeda ditampilkan nilai lama dan barunya, dan hanya diubah dengan --replace."
    )]
    Innovations(InnovationsArgs),
    /// Self-assessed or evaluated levels from a filled form.
    #[command(
        about = "Tingkat F-01 atau F-02 dari formulir yang ditulis prima index form dan sudah diisi",
        long_about = "Tingkat F-01 atau F-02 dari formulir yang ditulis prima index form dan sudah diisi.\n\nF-01 dicatat untuk unitnya, \
                      F-02 untuk evaluator pemilik token. Baris tanpa tingkat dilewati."
    )]
    Levels(FileArgs),
}

/// Arguments of `prima import regions` and `prima import units`.
#[derive(Debug, Clone, Args)]
pub struct MasterArgs {
    /// The file.
    #[command(flatten)]
    pub file: FileArgs,
    /// Change records that exist and differ.
    #[arg(
        long,
        help = "Ubah juga yang sudah ada dan berbeda (nilai lama dan barunya ditampilkan)"
    )]
    pub replace: bool,
}

/// Arguments of `prima import complaints`.
#[derive(Debug, Clone, Args)]
pub struct ComplaintsArgs {
    /// The file.
    #[command(flatten)]
    pub file: FileArgs,
    /// Agency or unit of the complaints whose row names none.
    #[arg(
        long,
        value_name = "INDUK",
        default_value = "",
        hide_default_value = true,
        help = "Instansi atau unit tujuan untuk baris yang tidak menyebutnya, agencies/… atau agencies/…/units/…"
    )]
    pub parent: String,
    /// Class of the complaints whose row names none.
    #[arg(
        long,
        value_name = "JENIS",
        default_value = "",
        hide_default_value = true,
        help = "Jenis untuk baris yang tidak menyebutnya atau hanya menyebut Pengaduan, misalnya complaint_regular"
    )]
    pub class: String,
    /// Channel of the complaints whose row names none.
    #[arg(
        long,
        value_name = "KANAL",
        value_parser = channel,
        help = "Kanal untuk baris yang tidak menyebutnya: surat, tatapmuka, sp4n, telepon, …"
    )]
    pub channel: Option<prima_proto::complaint::v1::Channel>,
    /// Order of the numbers in dates.
    #[command(flatten)]
    pub dates: DateOrderArgs,
    /// File for the tracking codes of the reporters.
    #[arg(
        long,
        value_name = "BERKAS.csv",
        help = "Tulis kode lacak dan rahasia tiap laporan ke berkas baru, untuk diserahkan kepada pelapor"
    )]
    pub codes: Option<PathBuf>,
}

/// Arguments of `prima import innovations`.
#[derive(Debug, Clone, Args)]
pub struct InnovationsArgs {
    /// The file.
    #[command(flatten)]
    pub file: FileArgs,
    /// Agency or unit of the innovations whose row names none.
    #[arg(
        long,
        value_name = "INDUK",
        default_value = "",
        hide_default_value = true,
        help = "Instansi atau unit untuk baris yang tidak menyebutnya, agencies/… atau agencies/…/units/…"
    )]
    pub parent: String,
    /// Change innovations that exist and differ.
    #[arg(
        long,
        help = "Ubah juga yang sudah terdaftar dan berbeda (nilai lama dan barunya ditampilkan)"
    )]
    pub replace: bool,
    /// Order of the numbers in dates.
    #[command(flatten)]
    pub dates: DateOrderArgs,
}

/// Arguments of `prima import holidays`.
#[derive(Debug, Clone, Args)]
pub struct HolidaysArgs {
    /// The file.
    #[command(flatten)]
    pub file: FileArgs,
    /// Add the days to their years instead of replacing the years.
    #[arg(
        long,
        conflicts_with = "replace",
        help = "Tambahkan hari di berkas ke kalender tahunnya; hari lain tetap"
    )]
    pub add: bool,
    /// Replace a year even when it would lose days.
    #[arg(
        long,
        help = "Ganti kalender tahunnya walau kehilangan hari libur tetap atau sebagian besar harinya"
    )]
    pub replace: bool,
    /// Source (citation) of the calendar.
    #[arg(
        long,
        value_name = "SUMBER",
        help = "Sumber, misalnya \"SKB 3 Menteri Nomor 1017 Tahun 2024\"; 5 sampai 300 karakter"
    )]
    pub citation: String,
}

/// A file to import.
#[derive(Debug, Clone, Args)]
pub struct FileArgs {
    /// The file.
    #[arg(
        value_name = "BERKAS",
        help = "Berkas CSV (pemisah apa pun) atau buku kerja XLSX atau ODS"
    )]
    pub file: PathBuf,
    /// Sheet of a workbook.
    #[arg(
        long,
        value_name = "NAMA",
        help = "Lembar buku kerja (bawaan: satu-satunya yang kepala kolomnya dikenal)"
    )]
    pub sheet: Option<String>,
    /// Line of the header row.
    #[arg(
        long,
        value_name = "N",
        help = "Baris kepala kolom (bawaan: ditemukan sendiri, juga di bawah judul)"
    )]
    pub header_row: Option<u64>,
    /// Import the good rows even when other rows are bad.
    #[arg(long, help = "Impor baris yang benar walau ada baris yang salah")]
    pub skip_bad_rows: bool,
    /// File for the rejected rows.
    #[arg(
        long,
        value_name = "BERKAS",
        help = "Tulis semua baris yang salah beserta alasannya, CSV atau .xlsx; setelah diperbaiki berkas ini dapat diimpor"
    )]
    pub errors: Option<PathBuf>,
    /// Check and show the result without storing anything.
    #[arg(
        long,
        help = "Periksa semua baris dan tampilkan apa yang akan terjadi, tanpa mengirim apa pun"
    )]
    pub dry_run: bool,
}

/// Arguments of `prima import responses`.
#[derive(Debug, Clone, Args)]
pub struct ResponsesArgs {
    /// The file.
    #[command(flatten)]
    pub file: FileArgs,
    /// The survey that the responses answer.
    #[arg(long, value_name = "NAMA", help = "Survei, agencies/…/units/…/surveys/…")]
    pub survey: String,
    /// Meaning of columns.
    #[arg(
        long,
        value_name = "KOLOM=ISIAN",
        help = "Arti satu kolom: kepala kolom (atau #N, kolom ke-N) dan isiannya: response_id, submitted_at, kunci atau kode \
                unsur, sex, …; - untuk melewatinya. Boleh berulang"
    )]
    pub map: Vec<ColumnMap>,
    /// Meaning of texts in cells.
    #[arg(
        long,
        value_name = "ISIAN:TEKS=NILAI",
        help = "Arti satu teks dalam satu isian, misalnya \"education:D3=SMA\" atau \"U4:Gratis karena BPJS=4\", atau dalam \
                jawaban semua unsur: \"answers:Setuju=3\". Boleh berulang"
    )]
    pub value: Vec<ValueMap>,
    /// Time zone of times that are written without one.
    #[arg(
        long,
        value_name = "ZONA",
        value_parser = zone,
        allow_hyphen_values = true,
        help = "Zona waktu yang tidak disebut di berkas: WIB, WITA, WIT, atau +07:00 (bawaan: menurut alat asal berkas, atau WIB)"
    )]
    pub timezone: Option<FixedOffset>,
    /// Order of the numbers in dates.
    #[command(flatten)]
    pub dates: DateOrderArgs,
    /// Date of every row, for files without dates.
    #[arg(
        long,
        value_name = "TTTT-BB-HH",
        help = "Hari pengisian semua baris, untuk rekap tanpa kolom waktu"
    )]
    pub date: Option<NaiveDate>,
    /// Label of the import.
    #[arg(
        long,
        value_name = "ID",
        help = "Nama impor ini, untuk dapat dibatalkan dengan `prima call VoidResponses` (bawaan: dari isi berkas)"
    )]
    pub import_id: Option<String>,
    /// Label that gives every row a new id.
    #[arg(
        long,
        value_name = "LABEL",
        value_parser = label,
        help = "Impor ulang setelah impor yang dulu dibatalkan: dengan label baru, misalnya perbaikan-1, setiap baris mendapat \
                id baru, sehingga tidak dianggap sudah ada"
    )]
    pub again: Option<String>,
    /// Whether ids are derived from the line number of a row.
    #[arg(
        long,
        help = "Buat id dari nomor baris dan isinya, seperti rilis 0.1; untuk meneruskan atau mengulang impor berkas yang dulu \
                dimuat dengan rilis itu"
    )]
    pub ids_by_line: bool,
}

/// `--date-order`.
#[derive(Debug, Clone, Args)]
pub struct DateOrderArgs {
    /// Order of the numbers in dates that are written as three numbers.
    #[arg(
        long = "date-order",
        value_name = "URUTAN",
        help = "Urutan tanggal yang ditulis tiga angka tanpa diawali tahun: dmy (hari/bulan/tahun), mdy, atau ymd (tahun dua angka); \
                berlaku untuk seluruh berkas (bawaan: menurut seluruh kolomnya)"
    )]
    pub order: Option<DateOrder>,
}

/// Order of the numbers in dates that are written as three numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DateOrder {
    /// Day, month, year.
    Dmy,
    /// Month, day, year.
    Mdy,
    /// Two-digit year, month, day.
    Ymd,
}
