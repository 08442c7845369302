//! The columns of each list.

use prima_platform::document::sheet::Column;

const TABLE: Column = Column::text("table", "Tabel", 44);
const SUBJECT: Column = Column::text("subject", "Nama sumber daya", 34);
const NAME: Column = Column::text("name", "Nama", 38);
const AGENCY: Column = Column::text("agency", "Instansi", 30);

pub(super) const ROWS: &[Column] = &[
    TABLE,
    Column::integer("rank", "Peringkat"),
    SUBJECT,
    NAME,
    AGENCY,
    Column::decimal("score", "Nilai", 2),
    Column::text("category", "Kategori", 16),
    Column::integer("sample", "Sampel"),
    Column::integer("minimum_sample", "Sampel minimum"),
    Column::decimal("standard_error", "Galat baku", 4),
    Column::integer("group", "Kelompok"),
    Column::integer("joint_from", "Interval serentak dari"),
    Column::integer("joint_to", "Interval serentak sampai"),
    Column::integer("single_from", "Interval tunggal dari"),
    Column::integer("single_to", "Interval tunggal sampai"),
    Column::text("among_best", "Pasti di antara yang terbaik", 14),
    Column::text("not_among_best", "Pasti bukan di antara yang terbaik", 14),
    Column::text("note", "Keterangan", 40),
];

pub(super) const MISSING: &[Column] = &[TABLE, SUBJECT, NAME, AGENCY];

pub(super) const MOVES: &[Column] = &[
    TABLE,
    SUBJECT,
    NAME,
    Column::text("base_period", "Periode awal", 14),
    Column::integer("base_rank", "Peringkat awal"),
    Column::integer("rank", "Peringkat akhir"),
    Column::integer("up", "Naik (negatif: turun)"),
    Column::decimal("base_score", "Nilai awal", 2),
    Column::decimal("score", "Nilai akhir", 2),
];

pub(super) const PARTS: &[Column] = &[
    TABLE,
    SUBJECT,
    NAME,
    Column::text("source", "Sumber perubahan", 34),
    Column::text("component", "Unsur", 22),
    Column::decimal("component_from", "Unsur awal", 4),
    Column::decimal("component_to", "Unsur akhir", 4),
    Column::decimal("value_change", "Terhadap nilai", 2),
    Column::decimal("ranks", "Terhadap peringkat (negatif: naik)", 2),
    Column::text("ranks_fraction", "Pecahan tepatnya", 16),
];

pub(super) const PROVINCES: &[Column] = &[
    TABLE,
    Column::text("code", "Kode", 8),
    Column::text("name", "Provinsi", 30),
    Column::integer("ranked", "Diperingkat"),
    Column::decimal("mean", "Rata-rata nilai", 2),
];

pub(super) const AWARDS: &[Column] = &[
    TABLE,
    Column::text("kind", "Jenis", 14),
    Column::text("title", "Penghargaan", 34),
    Column::text("award_table", "Tabel penghargaan", 44),
    Column::text("component", "Unsur", 22),
    Column::integer("rank", "Peringkat"),
    SUBJECT,
    NAME,
    AGENCY,
    Column::decimal("score", "Nilai", 2),
    Column::text("category", "Kategori", 12),
    Column::decimal("value", "Perubahan atau nilai aspek", 4),
    Column::decimal("base_score", "Nilai awal", 2),
    Column::text("certainty", "Kepastian", 24),
    Column::text("tied_at_border", "Seri di batas", 12),
    Column::text("rule", "Aturan", 60),
    Column::text("source", "Sumber aturan", 60),
];

pub(super) const FACTS: &[Column] = &[
    TABLE,
    Column::text("key", "Kunci", 24),
    Column::text("label", "Keterangan", 36),
    Column::text("value", "Nilai", 80),
];
