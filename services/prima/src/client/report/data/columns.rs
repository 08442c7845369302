//! The columns of the data tables: keys for machines, headers for people.

use prima_platform::document::sheet::Column;

const SURVEY: Column = Column::text("survey", "Survei", 44);
const CODE: Column = Column::text("code", "Kode", 7);
const KEY: Column = Column::text("key", "Kunci unsur", 22);
const NAME: Column = Column::text("name", "Unsur pelayanan", 40);
const DIMENSION: Column = Column::text("dimension", "Kunci profil", 14);
const DIMENSION_NAME: Column = Column::text("dimension_name", "Profil", 18);
const GROUP: Column = Column::text("group", "Kunci kelompok", 18);
const GROUP_NAME: Column = Column::text("group_name", "Kelompok", 28);
const SUPPRESSED: Column = Column::text("suppressed", "Disembunyikan", 15);

pub(super) const SUMMARY: &[Column] = &[
    SURVEY,
    Column::text("title", "Judul", 40),
    Column::text("agency", "Instansi", 30),
    Column::text("unit", "Unit", 30),
    Column::text("period", "Periode", 10),
    Column::text("instrument", "Instrumen", 12),
    Column::text("weights", "Bobot", 10),
    Column::text("state", "Keadaan survei", 26),
    Column::integer("respondents", "Responden"),
    Column::integer("disclosed_respondents", "Responden terhitung"),
    Column::integer("population", "Populasi"),
    Column::integer("minimum_respondents", "Target sampel (Krejcie-Morgan)"),
    Column::text("sample_status", "Status sampel", 26),
    Column::decimal("ni", "Nilai Interval (NI)", 4),
    Column::decimal("index", "IKM (NIK)", 2),
    Column::text("index_exact", "IKM tepat (pecahan)", 20),
    Column::text("category", "Mutu pelayanan", 12),
    Column::text("category_name", "Kinerja unit", 16),
    Column::decimal("standard_error", "Standar error", 4),
    Column::decimal("interval_low", "Selang kepercayaan 95%: bawah", 2),
    Column::decimal("interval_high", "Selang kepercayaan 95%: atas", 2),
    Column::integer("voided", "Jawaban dibatalkan"),
    Column::integer("flagged", "Jawaban bertanda"),
    Column::decimal("index_with_flagged", "IKM dengan jawaban bertanda", 2),
    Column::decimal("index_without_flagged", "IKM tanpa jawaban bertanda", 2),
    Column::decimal("unit_index", "IKM unit", 2),
    Column::text("base_period", "Periode pembanding", 12),
    Column::decimal("base_index", "IKM unit periode pembanding", 2),
    Column::text("base_recorded", "Pembanding dicatat, tidak dihitung", 16),
    Column::decimal("change_points", "Perubahan (poin)", 2),
    Column::decimal("change_percent", "Perubahan (persen)", 2),
    Column::integer("follow_ups_planned", "Rencana tindak lanjut"),
    Column::integer("follow_ups_done", "Rencana selesai"),
];

pub(super) const ELEMENTS: &[Column] = &[
    SURVEY,
    CODE,
    KEY,
    NAME,
    Column::integer("total", "Jumlah nilai"),
    Column::integer("answers", "Jumlah jawaban"),
    Column::decimal("mean", "NRR", 4),
    Column::decimal("weighted_mean", "NRR tertimbang", 4),
];

pub(super) const SPREAD: &[Column] = &[
    SURVEY,
    CODE,
    KEY,
    NAME,
    Column::integer("score", "Nilai"),
    Column::integer("answers", "Jumlah jawaban"),
    Column::decimal("percent", "Persen", 1),
];

pub(super) const BANDS: &[Column] = &[
    SURVEY,
    Column::integer("perception", "Nilai persepsi"),
    Column::decimal("ni_from", "Nilai Interval (NI): dari", 4),
    Column::decimal("ni_to", "Nilai Interval (NI): sampai", 4),
    Column::decimal("nik_from", "Nilai Interval Konversi (NIK): dari", 2),
    Column::decimal("nik_to", "Nilai Interval Konversi (NIK): sampai", 2),
    Column::text("grade", "Mutu pelayanan", 12),
    Column::text("grade_name", "Kinerja unit", 16),
    Column::text("reached", "Tercapai", 10),
];

pub(super) const GROUPS: &[Column] = &[
    SURVEY,
    DIMENSION,
    DIMENSION_NAME,
    GROUP,
    GROUP_NAME,
    Column::integer("respondents", "Jumlah (n)"),
    Column::decimal("percent", "Persen", 1),
    Column::decimal("index", "IKM", 2),
    Column::text("category", "Mutu pelayanan", 12),
    SUPPRESSED,
];

pub(super) const GROUP_ELEMENTS: &[Column] = &[
    SURVEY,
    DIMENSION,
    DIMENSION_NAME,
    GROUP,
    GROUP_NAME,
    CODE,
    KEY,
    NAME,
    Column::integer("answers", "Jumlah jawaban"),
    Column::decimal("mean", "NRR", 4),
    SUPPRESSED,
];

pub(super) const SERVICES: &[Column] = &[
    SURVEY,
    Column::text("service", "Kunci layanan", 20),
    Column::text("service_name", "Jenis layanan", 40),
    Column::integer("population", "Populasi"),
    Column::integer("minimum_respondents", "Target sampel (Krejcie-Morgan)"),
    Column::integer("respondents", "Responden"),
    SUPPRESSED,
];

pub(super) const IMPORTANCE: &[Column] = &[
    SURVEY,
    CODE,
    KEY,
    NAME,
    Column::decimal("performance", "Kinerja (NRR)", 4),
    Column::decimal("importance", "Kepentingan (korelasi)", 4),
    Column::text("quadrant", "Kunci kuadran", 18),
    Column::text("quadrant_name", "Kuadran", 26),
];

pub(super) const FLAGS: &[Column] = &[
    SURVEY,
    Column::text("flag", "Kunci tanda", 18),
    Column::text("flag_name", "Tanda", 44),
    Column::integer("responses", "Jumlah jawaban"),
];

pub(super) const MEDIA: &[Column] = &[
    SURVEY,
    Column::text("publish_date", "Dipublikasikan sejak", 14),
    Column::text("kind", "Jenis media", 20),
    Column::text("description", "Keterangan", 36),
    Column::text("link", "Tautan", 48),
];

pub(super) const PLAN: &[Column] = &[
    SURVEY,
    CODE,
    KEY,
    NAME,
    Column::text("program", "Program/kegiatan", 44),
    Column::text("quarter", "Waktu", 10),
    Column::text("responsible", "Penanggung jawab", 28),
    Column::text("done", "Selesai", 9),
    Column::text("done_date", "Tanggal selesai", 13),
    Column::text("evidence", "Bukti", 44),
    Column::text("note", "Keterangan", 36),
];
