//! Every kind of import, with its file saved in other formats, sorted, extended and damaged.

use std::collections::BTreeSet;
use std::sync::mpsc;
use std::time::Duration;

use chrono::NaiveDate;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use crate::files::{Cell, INDONESIAN, PLAIN, Style, Table, at, number, ods, text, within, xlsx};
use crate::lists::Office;
use crate::process::Ran;

const UNIT: &str = "agencies/3271/units/dpmptsp";
const SURVEY: &str = "agencies/3271/units/dpmptsp/surveys/2024-q4";
const ASSESSMENT: &str = "cycles/mandiri-2026/agencies/3271/units/dpmptsp";

/// One kind of import.
struct Kind {
    what: &'static str,
    options: &'static [&'static str],
    /// The method that returns what is stored, with its fields.
    listed: &'static [&'static str],
    /// Its rows; the last ones are new in the extended file.
    table: Table,
    new: usize,
    /// A text that is in each row of the method's response, for methods that return more.
    mark: &'static str,
}

impl Kind {
    /// The file before it was extended.
    fn first(&self) -> Table {
        let mut table = self.table.clone();
        table.rows.truncate(table.rows.len() - self.new);
        table
    }
}

/// A row with its numbers, days and times as such.
fn row(cells: &[&str]) -> Vec<Cell> {
    let day = |cell: &str| cell.get(..10).is_some_and(|day| day.parse::<NaiveDate>().is_ok());
    cells
        .iter()
        .map(|cell| match cell.parse::<f64>() {
            Ok(value) => number(value),
            Err(_) if day(cell) => at(cell),
            Err(_) => text(cell),
        })
        .collect()
}

/// Every kind, after [`prepare`].
fn kinds(indicators: &[String]) -> Vec<Kind> {
    let answers = |n: usize| -> Vec<Cell> {
        let mut cells = row(&[
            &format!("2024-10-{:02} 08:{:02}:07", 10 + n, 10 + n),
            "Perempuan",
            &(20 + n).to_string(),
        ]);
        cells.extend((0..9).map(|element| number(u32::try_from((n * 7 + element * 3) % 4 + 1).unwrap())));
        cells.push(text(["", "Tambah loket; \"segera\"", "café\nlantai dua"][n % 3]));
        cells
    };
    let mut header = vec!["Timestamp", "Jenis Kelamin", "Usia"];
    header.extend(["U1", "U2", "U3", "U4", "U5", "U6", "U7", "U8", "U9", "Saran"]);
    let levels = indicators.iter().take(6).zip([4, 3, 0, 5, 2, 4]);
    let levels = levels.map(|(indicator, level)| {
        let mut cells = row(&["mandiri-2026", "F-01", UNIT, indicator]);
        cells.extend([number(level), text("SK ada; lihat berkas")]);
        cells
    });
    let kind = |what, options, listed, table, new, mark| Kind {
        what,
        options,
        listed,
        table,
        new,
        mark,
    };
    vec![
        kind(
            "regions",
            &[],
            &["ListAgencies", "page_size=1000"],
            Table::new(
                &["Kode", "Nama", "Jenis", "Induk"],
                vec![
                    row(&["97", "Provinsi Uji", "provinsi", ""]),
                    row(&["9701", "Kabupaten Uji Satu", "kabupaten", "97"]),
                    vec![
                        text("97.02"),
                        text("Kabupaten Uji Dué"),
                        text("kabupaten"),
                        text("97"),
                    ],
                    row(&["9771", "Kota Uji", "kota", "97"]),
                    row(&["9772", "Kota Uji Baru", "kota", "97"]),
                ],
            ),
            1,
            "agencies/97",
        ),
        kind(
            "unit-types",
            &[],
            &["ListUnitTypes", "parent=agencies/3271"],
            Table::new(
                &["Instansi", "Jenis Unit", "Nama", "Jenis Nasional"],
                vec![
                    row(&["3271", "balai-kota", "Balai Kota", "lainnya"]),
                    vec![text("32.71"), text("gerai"), text("Gerai \"Satu\""), text("")],
                    row(&["3271", "loka", "Loka Latihan Kerja, Kota", ""]),
                ],
            ),
            1,
            "",
        ),
        kind(
            "units",
            &[],
            &["ListUnits", "parent=agencies/3271", "page_size=1000"],
            Table::new(
                &["agency", "unit", "unit_type", "name"],
                vec![
                    row(&["3271", "rsud-uji", "rsud", "RSUD Uji, Kelas B"]),
                    vec![text("32.71"), text("rsud-2"), text("rsud"), text("RSUD \"Dua\"")],
                    row(&["3271", "rsud-3", "rsud", "RSUD Tiga"]),
                    row(&["3271", "rsud-4", "rsud", "RSUD Empat"]),
                ],
            ),
            2,
            "/units/rsud",
        ),
        kind(
            "responses",
            &["--survey", SURVEY],
            &["GetResult", "survey=agencies/3271/units/dpmptsp/surveys/2024-q4"],
            Table::new(&header, (0..9).map(answers).collect()),
            3,
            "",
        ),
        kind(
            "results",
            &[],
            &["ListRecordedResults", "parent=agencies/-"],
            Table::new(
                &[
                    "kode",
                    "unit",
                    "periode",
                    "instrumen",
                    "IKM",
                    "responden",
                    "sumber",
                    "cost",
                ],
                vec![
                    row(&[
                        "3271",
                        "dpmptsp",
                        "2019",
                        "skm-2017",
                        "81.96",
                        "120",
                        "Laporan SKM 2019",
                        "3.25",
                    ]),
                    row(&[
                        "3271",
                        "dpmptsp",
                        "2018-s1",
                        "skm-2017",
                        "80",
                        "90",
                        "Laporan SKM 2018",
                        "",
                    ]),
                    row(&[
                        "3271",
                        "dpmptsp",
                        "2018-s2",
                        "skm-2017",
                        "79.5",
                        "",
                        "Laporan SKM 2018",
                        "3",
                    ]),
                    row(&["3271", "", "2020", "skm-2017", "83.33", "400", "Laporan kota", ""]),
                ],
            ),
            1,
            "",
        ),
        kind(
            "scores",
            &[],
            &["ListExternalScores", "metric=ombudsman"],
            Table::new(
                &["metric", "subject", "period", "value", "source"],
                vec![
                    row(&["ombudsman", "3273", "2021", "90.54", "Siaran pers"]),
                    row(&["ombudsman", "agencies/3276", "2021", "94.7", "Siaran pers"]),
                    row(&["ombudsman", "3271", "2023", "95", "Siaran pers, 2023"]),
                    row(&["ombudsman", "3272", "2023", "88.25", "Siaran pers, 2023"]),
                ],
            ),
            1,
            "",
        ),
        kind(
            "holidays",
            &["--add", "--citation", "SKB uji"],
            &["ListHolidays", "year=2029"],
            Table::new(
                &["Tanggal", "Jenis", "Keterangan"],
                vec![
                    row(&["2029-01-01", "Libur Nasional", "Tahun Baru"]),
                    row(&["2029-05-01", "Libur Nasional", "Hari Buruh"]),
                    row(&["2029-12-24", "Cuti Bersama", "Natal, hari pertama"]),
                    row(&["2029-12-25", "Libur Nasional", "Natal"]),
                ],
            ),
            1,
            "",
        ),
        kind(
            "levels",
            &[],
            &[
                "GetAssessment",
                "name=cycles/mandiri-2026/agencies/3271/units/dpmptsp",
            ],
            Table::new(
                &["Siklus", "Formulir", "unit", "Indikator", "Tingkat", "Catatan"],
                levels.collect(),
            ),
            2,
            "",
        ),
        kind(
            "complaints",
            &[
                "--parent",
                "agencies/3271",
                "--channel",
                "sp4n",
                "--class",
                "complaint_regular",
            ],
            &["ListComplaints", "parent=agencies/3271", "page_size=1000"],
            Table::new(
                &[
                    "Tracking ID",
                    "Tanggal Laporan Masuk",
                    "Judul Laporan",
                    "Isi Laporan Awal",
                    "Nama",
                    "No HP",
                ],
                vec![
                    row(&[
                        "8000001",
                        "2026-02-02 09:30:00",
                        "Izin usaha belum terbit",
                        "Permohonan sudah lengkap sejak sebulan lalu;\nbelum ada kabar.",
                        "Fulan",
                        "0812-1111-0001",
                    ]),
                    row(&[
                        "8000002",
                        "2026-02-13 10:00:00",
                        "Tambah loket di balai kota",
                        "Mohon ditambah loket pelayanan, \"antrean\" panjang.",
                        "Fulanah",
                        "0812-3456-7890",
                    ]),
                    row(&[
                        "8000003",
                        "2026-02-14 07:05:00",
                        "Lampu jalan padam",
                        "Lampu jalan di depan kantor kelurahan padam sejak minggu lalu.",
                        "Anonim",
                        "",
                    ]),
                    row(&[
                        "8000004",
                        "2026-02-20 23:59:00",
                        "Papan nama rusak",
                        "Papan nama kantor pelayanan rusak sejak lama.",
                        "Fulan",
                        "0812-1111-0002",
                    ]),
                ],
            ),
            1,
            "",
        ),
        kind(
            "innovations",
            &[],
            &["ListInnovations", "parent=agencies/3271"],
            Table::new(
                &[
                    "Judul Inovasi",
                    "Instansi",
                    "Unit",
                    "Tahapan",
                    "Waktu Penerapan",
                    "Uraian",
                    "SDGs",
                ],
                vec![
                    row(&[
                        "SIPANDU",
                        "Kota Bogor",
                        "dpmptsp",
                        "Penerapan",
                        "2020-03-01",
                        "Warga mengurus izin dari balai desa.",
                        "16",
                    ]),
                    row(&[
                        "Loket Keliling",
                        "32.71.",
                        "DPMPTSP Kota Bogor",
                        "Penerapan",
                        "2021",
                        "Loket yang mendatangi warga; tiap pekan.",
                        "10, 16",
                    ]),
                    row(&[
                        "Antre Daring",
                        "Kota Bogor",
                        "dpmptsp",
                        "Penerapan",
                        "2022-11-14",
                        "Nomor antrean dari rumah.",
                        "9",
                    ]),
                ],
            ),
            1,
            "",
        ),
    ]
}

/// Creates what the imports refer to; returns the keys of the indicators.
fn prepare(office: &Office) -> Vec<String> {
    office.up.call(&[
        "CreateSurvey",
        &format!("parent={UNIT}"),
        "survey_id=2024-q4",
        "survey.period=2024-q4",
        "survey.open_time=2024-10-01T00:00:00+07:00",
    ]);
    office.open_cycle();
    let held = office.up.call(&["GetAssessment", &format!("name={ASSESSMENT}")]);
    let rows = held["assessment"]["indicators"].as_array().unwrap();
    rows.iter()
        .map(|row| row["indicator"].as_str().unwrap().to_owned())
        .collect()
}

/// Removes what differs from one service to another: the times of storing, versions, ids that are made at random, and
/// what follows later from events or deadlines.
fn lasting(value: &mut Value) {
    const LATER: [&str; 8] = [
        "etag",
        "version",
        "open_complaints",
        "actor",
        "recorder",
        "unit_confirmed",
        "deadline",
        "state_label",
    ];
    match value {
        Value::Object(fields) => {
            let report = fields.contains_key("state_label");
            fields.retain(|key, value| {
                let later =
                    LATER.contains(&key.as_str()) || (report && ["level", "state"].contains(&key.as_str()));
                let time = key.ends_with("_time") && key != "receive_time";
                let random = value.as_str().is_some_and(|text| text.starts_with("complaints/"));
                !later && !time && !random
            });
            fields.values_mut().for_each(lasting);
        }
        Value::Array(all) => all.iter_mut().for_each(lasting),
        _ => {}
    }
}

/// What is stored of a kind, a line for each entry.
fn stored(office: &Office, kind: &Kind) -> Vec<String> {
    let mut answer = office.up.call(kind.listed);
    lasting(&mut answer);
    let lists = |value: &Value| {
        value
            .as_object()
            .and_then(|fields| fields.values().find_map(|v| v.as_array().cloned()))
    };
    let rows = match kind.what {
        "levels" => answer["assessment"]["indicators"].as_array().cloned(),
        "responses" => None,
        _ => lists(&answer).or(Some(Vec::new())),
    };
    let mut lines: Vec<String> = match rows {
        Some(rows) => rows.iter().map(Value::to_string).collect(),
        None => vec![answer.to_string()],
    };
    if kind.what == "levels" {
        lines.retain(|line| line.contains("self_level"));
    }
    lines.retain(|line| line.contains(kind.mark));
    lines.sort();
    lines
}

fn imported(office: &Office, kind: &Kind, name: &str, bytes: &[u8]) -> Ran {
    let path = office.path(name);
    std::fs::write(&path, bytes).unwrap();
    let path = path.display().to_string();
    office
        .up
        .run(&[&["import", kind.what, &path], kind.options].concat())
}

/// Writes a table as a file of one format.
type Saved = fn(&Table) -> Vec<u8>;

#[test]
fn every_import_stores_the_same_from_csv_xlsx_and_ods() {
    let formats: [(&str, Saved); 4] = [
        ("a.csv", |table| PLAIN.save(table)),
        ("id.csv", |table| INDONESIAN.save(table)),
        ("a.xlsx", xlsx),
        ("a.ods", ods),
    ];
    let mut first: Vec<Vec<String>> = Vec::new();
    for (name, save) in formats {
        let office = Office::open();
        let all = kinds(&prepare(&office));
        for (number, kind) in all.iter().enumerate() {
            let mut table = kind.table.clone();
            table.titles = vec!["REKAPITULASI".into(), "Pemerintah Kota Bogor, café".into()];
            let mut total = vec![text("Jumlah"), text("")];
            total.resize(table.header.len() - 1, text(""));
            total.push(crate::files::number(u32::try_from(table.rows.len()).unwrap()));
            table.total = Some(total);
            let ran = imported(&office, kind, name, &save(&table));
            assert_eq!(
                ran.code,
                Some(0),
                "{} {name}: {}{}",
                kind.what,
                ran.stdout,
                ran.stderr
            );
            assert!(
                ran.stderr.contains("`Jumlah`"),
                "{} {name}: {}",
                kind.what,
                ran.stderr
            );
            let stored = stored(&office, kind);
            match kind.what {
                "responses" => assert!(stored[0].contains("\"respondents\":9"), "{stored:?}"),
                _ => assert_eq!(stored.len(), table.rows.len(), "{} {name}: {stored:?}", kind.what),
            }
            match first.get(number) {
                None => first.push(stored),
                Some(first) => assert_eq!(&stored, first, "{} {name}", kind.what),
            }
        }
    }
}

/// The table in any order, saved in any format.
fn any_file(table: &Table, random: &mut ChaCha8Rng) -> (&'static str, Vec<u8>) {
    let mut table = table.clone();
    table.rows.shuffle(random);
    if random.random_ratio(1, 3) {
        table.titles = vec!["REKAPITULASI".into()];
    }
    match random.random_range(0..4) {
        0 => ("f.xlsx", xlsx(&table)),
        1 => ("f.ods", ods(&table)),
        _ => ("f.csv", Style::any(random).save(&table)),
    }
}

#[test]
fn importing_again_in_any_order_and_format_changes_only_what_is_new() {
    let office = Office::open();
    let mut random = ChaCha8Rng::seed_from_u64(15);
    for kind in kinds(&prepare(&office)) {
        let ran = imported(&office, &kind, "first.csv", &PLAIN.save(&kind.first()));
        assert_eq!(ran.code, Some(0), "{}: {}{}", kind.what, ran.stdout, ran.stderr);
        let before = stored(&office, &kind);
        let again = |table: &Table, random: &mut ChaCha8Rng| {
            let (name, bytes) = any_file(table, random);
            let ran = imported(&office, &kind, name, &bytes);
            assert_eq!(
                ran.code,
                Some(0),
                "{} {name}: {}{}",
                kind.what,
                ran.stdout,
                ran.stderr
            );
            (stored(&office, &kind), ran)
        };
        for _ in 0..6 {
            let (after, ran) = again(&kind.first(), &mut random);
            assert_eq!(after, before, "{}: {}", kind.what, ran.stdout);
        }
        let (grown, ran) = again(&kind.table, &mut random);
        let known: BTreeSet<&String> = before.iter().collect();
        match kind.what {
            "responses" => assert!(ran.stdout.contains("3 diterima, 6 sudah ada"), "{}", ran.stdout),
            _ => {
                assert!(
                    known.is_subset(&grown.iter().collect()),
                    "{}: {grown:?}",
                    kind.what
                );
                assert_eq!(
                    grown.len(),
                    before.len() + kind.new,
                    "{}: {}",
                    kind.what,
                    ran.stdout
                );
            }
        }
        for table in [&kind.first(), &kind.table, &kind.table] {
            let (after, ran) = again(table, &mut random);
            assert_eq!(after, grown, "{}: {}", kind.what, ran.stdout);
        }
    }
}

/// Damages a file, or what is within it.
fn damaged(name: &str, bytes: &[u8], random: &mut ChaCha8Rng) -> Vec<u8> {
    let spoil = |bytes: &mut Vec<u8>, random: &mut ChaCha8Rng| {
        for _ in 0..random.random_range(1..4) {
            let place = random.random_range(0..bytes.len().max(1));
            let end = (place + random.random_range(1..40)).min(bytes.len());
            match random.random_range(0..6) {
                0 => bytes.truncate(place),
                1 => drop(bytes.drain(place..end)),
                2 => {
                    let copy = bytes.get(place..end).unwrap_or_default().to_vec();
                    bytes.splice(place..place, copy);
                }
                3 => drop(bytes.splice(place..place, *b"\"")),
                4 => drop(bytes.splice(place..place, *b"\0\xff\xfe")),
                _ => {
                    if let Some(byte) = bytes.get_mut(place) {
                        *byte = random.random();
                    }
                }
            }
            if bytes.is_empty() {
                return;
            }
        }
    };
    if name.ends_with("csv") || random.random_ratio(1, 4) {
        let mut bytes = bytes.to_vec();
        spoil(&mut bytes, random);
        return bytes;
    }
    within(bytes, |part, bytes| {
        if part.contains("sheet1") || part.contains("content.xml") || part.contains("sharedStrings") {
            spoil(bytes, random);
        }
    })
}

#[test]
fn a_damaged_file_is_imported_or_refused_as_a_whole() {
    const FILES: usize = 9;
    const LONGEST: Duration = Duration::from_secs(60);
    let office = Office::open();
    let mut random = ChaCha8Rng::seed_from_u64(2026);
    for kind in kinds(&prepare(&office)) {
        let mut before = stored(&office, &kind);
        for _ in 0..FILES {
            let (name, bytes) = any_file(&kind.table, &mut random);
            let bytes = damaged(name, &bytes, &mut random);
            let path = office.path(name);
            std::fs::write(&path, &bytes).unwrap();
            let path = path.display().to_string();
            let mut command = office
                .up
                .command(&[&["import", kind.what, &path], kind.options].concat());
            let (ended, end) = mpsc::channel();
            std::thread::spawn(move || ended.send(command.output()));
            let shown = || format!("{} {name}: {}", kind.what, String::from_utf8_lossy(&bytes));
            let ran = end.recv_timeout(LONGEST);
            let ran = Ran::of(&ran.unwrap_or_else(|_| panic!("it hangs: {}", shown())).unwrap());
            assert!(
                matches!(ran.code, Some(0 | 1)) && !ran.stderr.contains("panicked"),
                "{:?} {}{}{}",
                ran.code,
                ran.stdout,
                ran.stderr,
                shown()
            );
            let after = stored(&office, &kind);
            if ran.code == Some(1) {
                assert_eq!(after, before, "{}{}", ran.stderr, shown());
            }
            before = after;
        }
    }
}
