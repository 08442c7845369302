//! Imports lists in the forms that officers have them, with the commands that they run.

use std::path::{Path, PathBuf};

use rust_xlsxwriter::Workbook;
use serde_json::Value;
use tempfile::TempDir;

use crate::process::{Ran, Up};

const REGIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../directory/data/regions.csv");

/// All services, with regions and a unit in the directory, and a folder for files.
pub struct Office {
    pub up: Up,
    dir: TempDir,
}

impl Office {
    pub fn open() -> Self {
        let office = Self {
            up: Up::start(),
            dir: tempfile::tempdir().unwrap(),
        };
        office.done(&["import", "regions", REGIONS]);
        let units = "agency,unit,unit_type,name\n3271,dpmptsp,dpmptsp,DPMPTSP Kota Bogor\n";
        let units = office.file("units.csv", units);
        office.done(&["import", "units", &units]);
        office
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    /// Runs a command that must succeed.
    #[track_caller]
    fn done(&self, line: &[&str]) -> Ran {
        let ran = self.up.run(line);
        assert_eq!(ran.code, Some(0), "{line:?}: {}{}", ran.stdout, ran.stderr);
        ran
    }

    /// Runs a command that must be refused with all of these texts in its output.
    #[track_caller]
    fn refused(&self, line: &[&str], words: &[&str]) {
        let ran = self.up.run(line);
        assert_eq!(ran.code, Some(1), "{line:?}: {}{}", ran.stdout, ran.stderr);
        for word in words {
            assert!(
                ran.stderr.contains(word),
                "{line:?} lacks `{word}`: {}",
                ran.stderr
            );
        }
    }

    /// Opens a cycle of evaluation in which the unit is enrolled.
    pub fn open_cycle(&self) {
        let window = |name: &str| {
            format!(
                "cycle.{name}={{\"openTime\": \"2020-01-01T00:00:00Z\", \"closeTime\": \"2099-01-01T00:00:00Z\"}}"
            )
        };
        self.up.call(&[
            "OpenCycle",
            "cycle_id=mandiri-2026",
            "cycle.display_name=PEKPPP mandiri",
            "cycle.scheme=SCHEME_MANDIRI",
            "cycle.year=2026",
            "cycle.agency=agencies/3271",
            "cycle.instrument=pekppp-2022",
            "cycle.evaluation_date=2026-06-30",
            &window("self_assessment_window"),
            &window("evaluation_window"),
        ]);
        self.up.call(&[
            "EnrollUnit",
            "cycle=cycles/mandiri-2026",
            "unit=agencies/3271/units/dpmptsp",
            "form=offline",
        ]);
    }

    fn count(&self, line: &[&str], list: &str) -> usize {
        self.up
            .call(line)
            .get(list)
            .and_then(Value::as_array)
            .map_or(0, Vec::len)
    }
}

/// Writes the rows of a CSV text as a workbook.
fn workbook(path: &Path, text: &str) {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes());
    for (row, record) in (0..).zip(reader.records()) {
        for (column, cell) in (0..).zip(record.unwrap().iter()) {
            sheet.write_string(row, column, cell).unwrap();
        }
    }
    book.save(path).unwrap();
}

fn holidays<'a>(file: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let line = ["import", "holidays", file, "--citation", "SKB uji"];
    [&line[..], more].concat()
}

fn complaints<'a>(file: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let line = [
        "import",
        "complaints",
        file,
        "--parent",
        "agencies/3271",
        "--channel",
        "sp4n",
    ];
    [&line[..], more].concat()
}

#[test]
fn a_single_holiday_does_not_wipe_its_year_and_can_be_added() {
    let office = Office::open();
    let list = |year: &str| office.count(&["ListHolidays", &format!("year={year}")], "holidays");
    let before = list("2026");
    assert!(before > 20, "{before}");
    let one = office.file(
        "h.csv",
        "date,kind,name\n2026-12-31,cuti_bersama,Libur tambahan\n",
    );
    office.refused(&holidays(&one, &[]), &["2026-12-25", "--add", "--replace"]);
    let shown = office.done(&holidays(&one, &["--dry-run"]));
    assert!(
        shown.stderr.contains("2026-12-31: - -> Libur tambahan"),
        "{}",
        shown.stderr
    );
    assert_eq!(list("2026"), before);
    office.done(&holidays(&one, &["--add"]));
    assert_eq!(list("2026"), before + 1);
    office.done(&holidays(&one, &["--add"]));
    assert_eq!(list("2026"), before + 1, "twice changes nothing");
    office.done(&holidays(&one, &["--replace"]));
    assert_eq!(list("2026"), 1);

    for (year, text) in [
        (
            "2028",
            "\u{feff}date;kind;name\n2028-01-01;libur_nasional;Tahun Baru\n",
        ),
        ("2029", "date,kind,name\n01/01/2029,libur_nasional,Tahun Baru\n"),
        (
            "2030",
            "Tanggal\tJenis\tNama Libur\n\n1 Januari 2030\tLibur Nasional\tTahun Baru\n",
        ),
    ] {
        let file = office.file("shape.csv", text);
        office.done(&holidays(&file, &[]));
        assert_eq!(list(year), 1, "{text}");
    }
    // A row that is left out shows in the exit status.
    let bad = office.file(
        "bad.csv",
        "date,kind,name\n2032-01-01,libur_nasional,Tahun Baru\n2032-02-30,libur_nasional,Tidak ada\n",
    );
    office.refused(&holidays(&bad, &[]), &["baris 3"]);
    for more in [&["--skip-bad-rows", "--dry-run"][..], &["--skip-bad-rows"]] {
        let ran = office.up.run(&holidays(&bad, more));
        assert_eq!(ran.code, Some(3), "{}{}", ran.stdout, ran.stderr);
    }
    assert_eq!(list("2032"), 1);
    workbook(
        &office.path("h.xlsx"),
        "Tanggal,Jenis,Keterangan\n17/08/2031,Libur Nasional,Kemerdekaan\n",
    );
    office.done(&holidays(&office.path("h.xlsx").display().to_string(), &[]));
    assert_eq!(list("2031"), 1);
}

#[test]
fn a_list_with_other_codes_renames_no_region_and_moves_no_unit_unless_confirmed() {
    let office = Office::open();
    let name = |code: &str| {
        let found = office.up.call(&["GetAgency", &format!("name=agencies/{code}")]);
        found["agency"]["display_name"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let before = name("1101");
    let bps = "code,name,kind,parent\n1101,Kabupaten Simeulue,kabupaten,11\n1102,Kabupaten Aceh Singkil,kabupaten,11\n";
    let bps = office.file("bps.csv", bps);
    let shown = format!("{before} -> Kabupaten Simeulue");
    office.refused(&["import", "regions", &bps], &[&shown, "BPS", "--replace"]);
    assert_eq!(name("1101"), before);
    let dry = office.done(&["import", "regions", &bps, "--dry-run"]);
    assert!(
        dry.stderr.contains(&shown) && dry.stdout.contains("2 akan diubah"),
        "{}{}",
        dry.stderr,
        dry.stdout
    );
    let again = office.done(&["import", "regions", REGIONS]);
    assert!(again.stdout.contains("0 dibuat, 0 diubah"), "{}", again.stdout);

    let kind = || {
        let found = office.up.call(&["GetUnit", "name=agencies/3271/units/dpmptsp"]);
        found["unit"]["unit_type"].as_str().unwrap_or_default().to_owned()
    };
    let moved = "agency,unit,unit_type,name\n32.71,dpmptsp,rsud,DPMPTSP Kota Bogor\n";
    let moved = office.file("moved.csv", moved);
    office.refused(
        &["import", "units", &moved],
        &["unit_type: dpmptsp -> rsud", "--replace"],
    );
    assert_eq!(kind(), "dpmptsp");
    office.done(&["import", "units", &moved, "--replace"]);
    assert_eq!(kind(), "rsud");
}

#[test]
fn published_results_and_scores_are_checked_whole_before_one_is_recorded() {
    let office = Office::open();
    let recorded = || office.count(&["ListRecordedResults", "parent=agencies/-"], "results");
    let unit = "agencies/3271/units/dpmptsp";
    let scale = format!(
        "subject,period,instrument,index,source\n{unit},2022,skm-2017,3.27,Laporan SKM 2022\n{unit},2021,skm-2017,0,Laporan SKM 2021\n"
    );
    let scale = office.file("scale.csv", &scale);
    office.refused(
        &["import", "results", &scale],
        &["3,27 tampak sebagai NI; IKM = 81,75", "0 bukan hasil"],
    );
    let mixed = format!(
        "subject,period,instrument,index,source,category\n{unit},2018,skm-2017,80.10,Laporan,B\n\
         {unit},Semester I 2018,skm-2017,81.96,Laporan,B\n{unit},2019,skm-2017,81.96,Laporan,A\n"
    );
    let mixed = office.file("mixed.csv", &mixed);
    office.refused(&["import", "results", &mixed], &["2018-s1", "`B`"]);
    assert_eq!(recorded(), 0, "nothing was recorded");
    let good = "kode;unit;periode;instrumen;IKM;sumber\n32.71;dpmptsp;2018-s1;skm-2017;81,96;Laporan\n";
    let good = office.file("good.csv", good);
    office.done(&["import", "results", &good]);
    let again = office.done(&["import", "results", &good]);
    assert!(
        again.stdout.contains("0 dicatat, 0 diganti, 1 sudah ada"),
        "{}",
        again.stdout
    );
    assert_eq!(recorded(), 1);

    let code = office.file(
        "code.csv",
        "metric,subject,period,value,source\nombudsman,32.73,2021,90.54,Pers\n",
    );
    office.done(&["import", "scores", &code]);
    let zone = "metric,subject,period,value,category,source\nombudsman,agencies/3276,2021,94.74,Hijau,Pers\n";
    let zone = office.file("zona.csv", zone);
    office.done(&["import", "scores", &zone]);
    let unknown = office.file(
        "unknown.csv",
        "metric,subject,period,value,source\nombudsman,3299,2021,90.54,Pers\n",
    );
    office.refused(
        &["import", "scores", &unknown],
        &["agencies/3299", "tidak terdaftar"],
    );
    let other = "metric,subject,name,period,value,source\nombudsman,1101,Kab. Simeulue,2021,90.54,Pers\n";
    let other = office.file("other.csv", other);
    office.refused(&["import", "scores", &other], &["Kab. Simeulue", "BPS"]);
    assert_eq!(
        office.count(&["ListExternalScores", "metric=ombudsman"], "scores"),
        2
    );
}

const REPORTS: &str = "Tracking ID,Tanggal Laporan Masuk,Judul Laporan,Isi Laporan Awal,Klasifikasi,Status\n\
    #8000001,02/02/2026 09:30,Izin usaha belum terbit,Permohonan sudah lengkap sejak sebulan lalu dan belum ada kabar.,Pengaduan,Proses\n\
    #8000002,3 Februari 2026,Tambah loket di balai kota,Mohon ditambah loket pelayanan karena antrean panjang.,Aspirasi,Selesai\n";

#[test]
fn complaints_of_an_export_are_stored_once_with_their_time() {
    let office = Office::open();
    let listed = || office.count(&["ListComplaints", "parent=agencies/3271"], "complaints");
    let file = office.file("sp4n.csv", REPORTS);
    // `Pengaduan` alone does not say which class of complaints is meant.
    office.refused(&complaints(&file, &[]), &["baris 2", "--class"]);
    let classed = ["--class", "complaint_regular"];
    let dry = office.done(&complaints(&file, &[&classed[..], &["--dry-run"]].concat()));
    assert!(dry.stdout.contains("2 akan dibuat"), "{}", dry.stdout);
    assert!(
        dry.stderr.contains("kolom `Status` tidak diimpor"),
        "{}",
        dry.stderr
    );
    assert_eq!(listed(), 0);
    let codes = office.path("kode.csv").display().to_string();
    let done = office.done(&complaints(&file, &[&classed[..], &["--codes", &codes]].concat()));
    assert!(done.stdout.contains("2 diterima, 0 sudah ada"), "{}", done.stdout);
    let codes = std::fs::read_to_string(codes).unwrap();
    assert_eq!(codes.lines().count(), 3, "{codes}");

    // The file was saved again, sorted and extended: only the new row is stored.
    let mut lines: Vec<&str> = REPORTS.lines().collect();
    lines.swap(1, 2);
    let extended = format!(
        "{}\n#8000003,2026-02-04 10:00,Lampu jalan padam,Lampu jalan di depan kantor kelurahan padam sejak minggu lalu.,Pengaduan,Proses\n",
        lines.join("\n")
    );
    workbook(&office.path("sp4n.xlsx"), &extended);
    let book = office.path("sp4n.xlsx").display().to_string();
    let again = office.done(&complaints(&book, &classed));
    assert!(
        again.stdout.contains("1 diterima, 2 sudah ada"),
        "{}",
        again.stdout
    );
    assert_eq!(listed(), 3);
    // Another text under the same SP4N number is the same complaint.
    let other = REPORTS.replace("belum ada kabar", "belum ada jawaban");
    let other = office.file("other.csv", &other);
    let told = office.done(&complaints(&other, &classed));
    assert!(told.stdout.contains("0 diterima, 2 sudah ada"), "{}", told.stdout);
    assert!(told.stderr.contains("8000001"), "{}", told.stderr);

    let rows = office.up.call(&["ListComplaints", "parent=agencies/3271"]);
    let times: Vec<&str> = rows["complaints"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|row| row["status"]["receive_time"].as_str())
        .collect();
    assert!(times.contains(&"2026-02-02T02:30:00Z"), "{times:?}");

    // One bad row stops the whole file, and is reported in the words of the service.
    let bad = "received,title,text,channel,class,name,phone\n\
               2026-02-05,Papan nama rusak,Papan nama kantor pelayanan rusak sejak lama.,surat,aspiration,Fulan,0812-3456-7890 (WA)\n\
               2026-02-05,Rusak,pendek,merpati,aspiration,Fulan,\n2026-02-05,Rusak,pendek,surat,aspiration,Fulan,\n";
    let bad = office.file("bad.csv", bad);
    office.refused(
        &[
            "import",
            "complaints",
            &bad,
            "--parent",
            "agencies/3271/units/dpmptsp",
        ],
        &["baris 3", "merpati", "baris 4", "text"],
    );
    assert_eq!(listed(), 3);
}

#[test]
fn innovations_of_past_years_are_stored_and_change_only_when_confirmed() {
    let office = Office::open();
    let all = || office.up.call(&["ListInnovations", "parent=agencies/3271"]);
    let text = "Judul Inovasi;Instansi;Unit;Tahapan;Waktu Penerapan;Uraian;SDGs;Anggaran\n\
                SIPANDU;Kota Bogor;dpmptsp;Penerapan;01/03/2020;Warga mengurus izin dari balai desa.;16;100\n\
                Loket Keliling;32.71;DPMPTSP Kota Bogor;Penerapan;2021;Loket yang mendatangi warga.;10, 16;50\n";
    let file = office.file("inovasi.csv", text);
    let dry = office.done(&["import", "innovations", &file, "--dry-run"]);
    assert!(
        dry.stdout.contains("2 akan dibuat") && dry.stderr.contains("Anggaran"),
        "{}{}",
        dry.stdout,
        dry.stderr
    );
    office.done(&["import", "innovations", &file]);
    let again = office.done(&["import", "innovations", &file]);
    assert!(
        again.stdout.contains("0 dibuat, 0 diubah, 2 tetap"),
        "{}",
        again.stdout
    );
    let changed = office.file("berubah.csv", &text.replace("balai desa", "kelurahan"));
    office.refused(
        &["import", "innovations", &changed],
        &[
            "description: Warga mengurus izin dari balai desa. -> Warga mengurus izin dari kelurahan.",
            "--replace",
        ],
    );
    office.done(&["import", "innovations", &changed, "--replace"]);
    let all = all();
    let innovations = all["innovations"].as_array().unwrap();
    assert_eq!(innovations.len(), 2);
    let dates: Vec<&str> = innovations
        .iter()
        .filter_map(|i| i["start_date"].as_str())
        .collect();
    assert_eq!(dates, ["2021-01-01", "2020-03-01"]);
    // The second innovation is in use but has no start date, so that nothing of the file is stored.
    let bad = "title,unit,status,start_date\nSatu,dpmptsp,diterapkan,2022\nDua,dpmptsp,diterapkan,\n";
    let bad = office.file("salah.csv", bad);
    office.refused(
        &["import", "innovations", &bad, "--parent", "agencies/3271"],
        &["baris 3", "start_date"],
    );
    assert_eq!(
        office.count(&["ListInnovations", "parent=agencies/3271"], "innovations"),
        2
    );
}

#[test]
fn a_form_of_levels_is_written_filled_in_and_read_back() {
    let office = Office::open();
    office.open_cycle();
    for file in ["f01.xlsx", "f01.csv"] {
        let out = office.path(file).display().to_string();
        office.done(&["index", "form", "mandiri-2026", "--form", "f01", "--out", &out]);
    }
    let csv_file = office.path("f01.csv");
    let text = std::fs::read_to_string(&csv_file).unwrap();
    let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let header = reader.headers().unwrap().clone();
    let place = header.iter().position(|name| name == "level").unwrap();
    let mut filled = csv::Writer::from_writer(Vec::new());
    filled.write_record(&header).unwrap();
    let mut rows = 0;
    for record in reader.records() {
        let record = record.unwrap();
        rows += 1;
        let cells = record
            .iter()
            .enumerate()
            .map(|(at, cell)| if at == place && rows <= 3 { "4" } else { cell });
        filled.write_record(cells).unwrap();
    }
    assert!(rows > 20, "{rows}");
    let filled = String::from_utf8(filled.into_inner().unwrap()).unwrap();
    workbook(&office.path("isi.xlsx"), &filled);
    let book = office.path("isi.xlsx").display().to_string();
    let dry = office.done(&["import", "levels", &book, "--dry-run"]);
    assert!(dry.stdout.contains("3 akan dibuat"), "{}", dry.stdout);
    let done = office.done(&["import", "levels", &book]);
    assert!(
        done.stdout.contains("3 dicatat, 0 diganti, 0 sudah ada"),
        "{}",
        done.stdout
    );
    let again = office.done(&["import", "levels", &book]);
    assert!(
        again.stdout.contains("0 dicatat, 0 diganti, 3 sudah ada"),
        "{}",
        again.stdout
    );
    let held = office.up.call(&[
        "GetAssessment",
        "name=cycles/mandiri-2026/agencies/3271/units/dpmptsp",
    ]);
    let levels = held["assessment"]["indicators"].as_array().unwrap();
    let given = levels
        .iter()
        .filter(|row| row["self_level"]["level"] == 4)
        .count();
    assert_eq!(given, 3);
    // F-02 of an evaluator that did not change is not handed in again; another evaluator has levels of its own.
    let f02 = office.file("f02.csv", &filled.replace("F-01", "F-02"));
    let (one, other) = (
        office.up.token("penilai-1", "evaluator"),
        office.up.token("penilai-2", "evaluator"),
    );
    for (token, expected) in [
        (&one, "3 dicatat, 0 diganti, 0 sudah ada"),
        (&one, "0 dicatat, 0 diganti, 3 sudah ada"),
        (&other, "3 dicatat, 0 diganti, 0 sudah ada"),
        (&one, "0 dicatat, 0 diganti, 3 sudah ada"),
    ] {
        let ran = office.done(&["import", "levels", &f02, "--token-file", token]);
        assert!(
            ran.stdout.contains(expected),
            "{expected}: {}{}",
            ran.stdout,
            ran.stderr
        );
    }
    let wrong = filled.replacen(",4,", ",7,", 1);
    let wrong = office.file("salah.csv", &wrong);
    office.refused(&["import", "levels", &wrong], &["tingkat `7`"]);
}

#[test]
fn json_with_a_byte_order_mark_is_read() {
    let office = Office::open();
    let report = "\u{feff}{\"parent\":\"agencies/3271/units/dpmptsp\",\"class\":\"complaint_regular\",\"channel\":\"CHANNEL_INTEGRATED\",\
        \"title\":\"Izin belum terbit\",\"text\":\"Permohonan sudah lengkap sejak sebulan lalu dan belum ada kabar.\",\
        \"sp4n_number\":\"#1234567\",\"reporter\":{\"display_name\":\"Fulan\",\"phone\":\"0812-3456-7890 (WA)\"},\"region\":\"32.71\"}";
    let file = office.file("a.json", report);
    office.done(&["complaint", "submit", &file]);
    office.done(&["complaint", "submit", &file]);
    office.refused(
        &["call", "SubmitComplaint", "request_id=lain", "--json", &file],
        &["1234567", "complaints/"],
    );
    assert_eq!(
        office.count(&["ListComplaints", "parent=agencies/3271"], "complaints"),
        1
    );
}
