use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read};

use prima_platform::document::sheet::Cell;
use roxmltree::{Document, Node};

use super::*;

pub(super) const HOSTILE: &str = "<script>alert(1)</script>\"' & =1+1";

/// The content of a page as XML. Only `br` has no closing tag.
pub(super) fn xml(page: maud::Markup) -> String {
    format!("<main>{}</main>", page.into_string().replace("<br>", "<br/>"))
}

fn content(report: &Report) -> String {
    xml(page::render(report))
}

pub(super) fn rows(document: &Document<'_>, table: &str) -> Vec<Vec<String>> {
    let table = document
        .descendants()
        .find(|node| node.has_tag_name("table") && node.attribute("id") == Some(table))
        .unwrap_or_else(|| panic!("no table {table}"));
    let cells = |row: Node<'_, '_>| -> Vec<String> {
        let cells = row
            .children()
            .filter(|node| node.has_tag_name("td") || node.has_tag_name("th"));
        cells.map(words_of).collect()
    };
    table
        .descendants()
        .filter(|node| node.has_tag_name("tr"))
        .map(cells)
        .collect()
}

pub(super) fn words_of(node: Node<'_, '_>) -> String {
    node.descendants()
        .filter(|node| node.is_text())
        .filter_map(|node| node.text())
        .collect()
}

fn ids(document: &Document<'_>) -> Vec<String> {
    document
        .descendants()
        .filter_map(|node| node.attribute("id"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_table_and_chart_of_the_report_is_there() {
    let text = content(&sample::report());
    let document = Document::parse(&text).unwrap();
    let ids = ids(&document);
    let distinct: BTreeSet<&String> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len(), "ids repeat: {ids:?}");
    for id in [
        "dasar-hukum",
        "waktu",
        "metode",
        "sampel",
        "layanan",
        "profil-sex",
        "profil-education",
        "profil-service",
        "unsur",
        "gambar-unsur",
        "kategori",
        "gambar-sebaran",
        "terkuat-terlemah",
        "gambar-kepentingan",
        "kepentingan",
        "perubahan",
        "mutu-data",
        "tanda",
        "publikasi",
        "realisasi",
        "tindak-lanjut",
        "catatan",
    ] {
        assert!(ids.iter().any(|each| each == id), "{id} in {ids:?}");
    }
    let drawn = document
        .descendants()
        .filter(|node| node.tag_name().name() == "svg");
    assert_eq!(drawn.count(), 3);
}

#[test]
fn the_table_of_elements_shows_the_figures_of_the_result() {
    let report = sample::report();
    let text = content(&report);
    let document = Document::parse(&text).unwrap();
    let rows = rows(&document, "unsur");
    assert_eq!(
        rows[0],
        [
            "Kode",
            "Unsur pelayanan",
            "Jumlah nilai",
            "Jumlah jawaban",
            "NRR",
            "NRR tertimbang"
        ]
    );
    for (row, element) in rows[1..].iter().zip(&report.result.elements) {
        let comma = |text: &str| text.replace('.', ",");
        let expected = [
            element.code.clone(),
            element.display_name.clone(),
            element.total.to_string(),
            element.answers.to_string(),
            comma(&element.mean),
            comma(&element.weighted_mean),
        ];
        assert_eq!(row, &expected);
    }
    assert_eq!(rows[10], ["Jumlah", "955", "261", "", ""]);
    let last: Vec<&str> = rows[11..].iter().map(|row| row[1].as_str()).collect();
    assert_eq!(last, ["3,6590", "91,48", "A", "Sangat baik"]);
}

#[test]
fn only_the_reached_category_is_highlighted() {
    let text = content(&sample::report());
    let document = Document::parse(&text).unwrap();
    let marked: Vec<String> = document
        .descendants()
        .filter(|node| node.attribute("class") == Some("marked"))
        .map(words_of)
        .collect();
    assert_eq!(marked, ["43,5324 – 4,0088,31 – 100,00A ◄Sangat baik"]);
    let none = content(&sample::empty());
    assert!(!none.contains("\"marked\""));
}

#[test]
fn suppressed_cells_are_explained_and_show_no_number() {
    let report = sample::report();
    let text = content(&report);
    let document = Document::parse(&text).unwrap();
    let rows = rows(&document, "profil-education");
    assert_eq!(rows[1][..3], ["SMA", "20", "69,0%"]);
    assert_eq!(rows[2], ["S1", "disembunyikan (n < 5)*", "-", "-"]);
    assert_eq!(rows[3][0], "Tidak mengisi");
    assert_eq!(rows[4], ["Seluruh responden", "29", "100,0%", "", ""]);
    let services = self::rows(&document, "profil-service");
    assert_eq!(services[1][..3], ["Perizinan Usaha", "20", "69,0%"]);
    assert_eq!(services[2], ["Kelompok lain", "tidak ditampilkan", "-", "-"]);
    assert!(text.contains("juga disembunyikan"));
    assert!(
        text.contains("Tidak diisi oleh seorang responden pun: saluran layanan.")
            && !text.contains("profil-channel")
    );
    let sheets = data::sheets(&report);
    let profile = sheets.iter().find(|sheet| sheet.key == "profil").unwrap();
    let hidden: Vec<_> = profile
        .rows
        .iter()
        .filter(|row| row[9] == Cell::text("ya"))
        .collect();
    assert_eq!(hidden.len(), 2);
    for row in hidden {
        assert_eq!(row[5..9], [Cell::Empty, Cell::Empty, Cell::Empty, Cell::Empty]);
    }
}

#[test]
fn the_change_is_shown_in_points_and_percent_and_a_recorded_base_is_noted() {
    let text = content(&sample::report());
    let document = Document::parse(&text).unwrap();
    let rows = rows(&document, "perubahan");
    assert_eq!(
        rows[0],
        ["IKM unit Triwulan II 2024", "90,50 (dicatat, tidak dihitung)"]
    );
    assert_eq!(rows[1], ["IKM unit Triwulan III 2024", "91,48"]);
    assert_eq!(rows[2], ["Perubahan dalam poin", "+0,98 poin"]);
    assert_eq!(rows[3][1], "+1,08 persen dari nilai periode pembanding");
    assert!(text.contains("“dicatat, tidak dihitung”"));
}

#[test]
fn hostile_text_is_escaped_everywhere() {
    let mut report = sample::report();
    report.names.unit = HOSTILE.into();
    report.names.agency = HOSTILE.into();
    report.names.services.insert("izin".into(), HOSTILE.into());
    report.result.survey_display_name = HOSTILE.into();
    report.result.elements[2].display_name = HOSTILE.into();
    report.instrument.citations = vec![HOSTILE.into()];
    let publication = report.result.publication.as_mut().unwrap();
    publication.media[0].link = "javascript:alert(1)".into();
    publication.media[0].description = HOSTILE.into();
    let plan = report.plan.as_mut().unwrap();
    plan.items[0].evidence = "data:text/html,<script>alert(1)</script>".into();
    plan.items[0].program = "=cmd|' /C calc'!A0".into();
    plan.items[0].note = HOSTILE.into();
    report.unit = Err(HOSTILE.into());

    let whole = html::page(&report.title(), &page::render(&report));
    assert!(!whole.contains("<script") && whole.contains("&lt;script&gt;"));
    let text = content(&report);
    let document = Document::parse(&text).unwrap();
    for node in document.descendants() {
        for attribute in node.attributes() {
            let active = attribute.name().starts_with("on") || attribute.name() == "style";
            assert!(!active, "{} {}", node.tag_name().name(), attribute.name());
        }
        if let Some(address) = node.attribute("href") {
            assert!(address.starts_with("https://"), "{address}");
        }
    }
    for sheet in data::sheets(&report) {
        let text = csv::write(&sheet).unwrap();
        let mut reader = ::csv::Reader::from_reader(text.as_bytes());
        for record in reader.records() {
            for field in &record.unwrap() {
                let number = field.parse::<f64>().is_ok();
                assert!(
                    number || !field.starts_with(['=', '+', '-', '@']),
                    "{}: {field}",
                    sheet.key
                );
            }
        }
    }
}

#[test]
fn a_survey_without_answers_gives_a_report_without_figures() {
    let report = sample::empty();
    let text = content(&report);
    let document = Document::parse(&text).unwrap();
    let page = words_of(document.root_element());
    for expected in [
        "Belum ada nilai",
        "Angka sementara.",
        "tidak dapat dihitung tanpa populasi",
        "tidak dapat dinilai: populasi tidak dinyatakan",
        "IKM belum dapat dihitung",
        "Profil responden tidak tersedia: belum tersedia.",
        "Perubahan tidak tersedia: tidak ditemukan.",
        "Hasil survei belum dipublikasikan.",
        "Rencana tindak lanjut belum disusun.",
        "Unit ini belum tercatat dalam direktori.",
    ] {
        assert!(page.contains(expected), "{expected} in {page}");
    }
    assert!(!document.descendants().any(|node| node.tag_name().name() == "svg"));
    assert_eq!(rows(&document, "unsur").len(), 15);
    for sheet in data::sheets(&report) {
        csv::write(&sheet).unwrap();
    }
    xlsx::workbook(&report.title(), report.made, &data::sheets(&report)).unwrap();
}

#[test]
fn while_open_the_report_says_what_each_figure_covers() {
    let mut report = sample::report();
    report.result.state = pb::SurveyState::Open.into();
    (report.result.counted, report.result.pending) = (20, 9);
    report.result.index_exact = String::new();
    let quality = report.analysis.as_mut().unwrap().quality.as_mut().unwrap();
    quality.index_without = String::new();
    let text = content(&report);
    let document = Document::parse(&text).unwrap();
    let page = words_of(document.root_element());
    assert!(
        page.contains("mencakup 20 jawaban yang terhitung, sedangkan 9 menunggu"),
        "{page}"
    );
    assert!(page.contains("Semua nilai mencakup 20 jawaban yang terhitung; 9 menunggu."));
    let covered = rows(&document, "unsur");
    assert_eq!(covered[11][1], "-");
    assert_eq!(covered[12][1], "91,48");
    let quality = rows(&document, "mutu-data");
    assert_eq!(
        quality[2][1],
        "- (tidak ditampilkan: jawaban bertanda atau sisanya kurang dari 5)"
    );
    assert!(page.contains("Angka sementara.") && !page.contains("bersifat akhir"));
}

#[test]
fn a_closed_survey_is_in_correction_or_has_too_few() {
    let mut report = sample::report();
    (report.result.pending, report.result.in_correction) = (1, true);
    let page = content(&report);
    let document = Document::parse(&page).unwrap();
    let words = words_of(document.root_element());
    assert!(words.contains("dalam koreksi: 1 perubahan menunggu"), "{words}");
    assert!(!words.contains("bersifat akhir"));
    report.result.index = String::new();
    report.result.withheld_reason = pb::WithheldReason::TooFew.into();
    let page = content(&report);
    assert!(page.contains("Responden terlalu sedikit"));
}

#[test]
fn an_empty_analysis_is_noted() {
    let mut report = sample::report();
    report.analysis = Ok(pb::Analysis {
        respondents: 3,
        minimum_cell: 5,
        ..Default::default()
    });
    report.unit = Ok(pb::UnitResult::default());
    let text = content(&report);
    let document = Document::parse(&text).unwrap();
    let page = words_of(document.root_element());
    for expected in [
        "Responden tidak mengisi keterangan profil.",
        "Populasi per jenis layanan tidak dinyatakan.",
        "Kepentingan unsur belum dapat dihitung",
        "Tidak ada hasil periode sebelumnya",
        "Tidak ada pemeriksaan mutu data.",
    ] {
        assert!(page.contains(expected), "{expected}");
    }
}

#[test]
fn an_instrument_without_the_index_of_skm_is_refused() {
    assert!(gather::suits(&sample::instrument()).is_ok());
    let other = pb::Instrument {
        id: "f03-offline-2022".into(),
        display_name: "F-03".into(),
        metric: String::new(),
        ..Default::default()
    };
    let error = gather::suits(&other).unwrap_err().to_string();
    assert!(
        error.starts_with("laporan SKM hanya untuk survei dengan instrumen SKM")
            && error.contains("f03-offline-2022")
    );
}

#[test]
fn a_refusal_leaves_a_gap_and_an_outage_ends_the_report() {
    use tonic::Status;
    let gap = gather::part::<()>(Err(Status::not_found("x"))).unwrap();
    assert_eq!(gap.unwrap_err(), "tidak ditemukan (x) [NotFound]");
    for status in [
        Status::unavailable(""),
        Status::internal(""),
        Status::unauthenticated(""),
    ] {
        assert!(gather::part::<()>(Err(status)).is_err());
    }
    assert_eq!(gather::part(Ok(1)).unwrap(), Ok(1));
}

#[test]
fn files_hold_the_same_figures_in_every_form() {
    let report = sample::report();
    let folder = std::env::temp_dir().join(format!("prima-report-{}", std::process::id()));
    let formats = [ReportFormat::Html, ReportFormat::Xlsx, ReportFormat::Csv];
    let paths = write(&report, &folder, &formats).unwrap();
    let files: BTreeMap<String, Vec<u8>> = paths
        .iter()
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read(path).unwrap())
        })
        .collect();
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(files.len(), 2 + data::sheets(&report).len());

    let elements = String::from_utf8(files["skm-contoh-kantor-2024-q3-unsur.csv"].clone()).unwrap();
    let mut reader = ::csv::Reader::from_reader(elements.as_bytes());
    let records: Vec<::csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), 9);
    for (record, element) in records.iter().zip(&report.result.elements) {
        assert_eq!(&record[0], sample::SURVEY);
        assert_eq!(record[2], element.key);
        assert_eq!(record[4].parse::<i64>().unwrap(), element.total);
        assert_eq!(
            (&record[6], &record[7]),
            (element.mean.as_str(), element.weighted_mean.as_str())
        );
    }

    let mut book = zip::ZipArchive::new(Cursor::new(&files["skm-contoh-kantor-2024-q3.xlsx"])).unwrap();
    let mut sheet = String::new();
    book.by_name("xl/worksheets/sheet2.xml")
        .unwrap()
        .read_to_string(&mut sheet)
        .unwrap();
    let sheet = Document::parse(&sheet).unwrap();
    let cell = |name: &str| {
        let cell = sheet
            .descendants()
            .find(|node| node.tag_name().name() == "c" && node.attribute("r") == Some(name));
        words_of(cell.unwrap())
    };
    for (row, element) in (2..).zip(&report.result.elements) {
        let mean: f64 = element.mean.parse().unwrap();
        assert_eq!(cell(&format!("G{row}")).parse::<f64>().unwrap(), mean);
        assert_eq!(cell(&format!("E{row}")), element.total.to_string());
    }

    let page = String::from_utf8(files["skm-contoh-kantor-2024-q3.html"].clone()).unwrap();
    assert!(page.starts_with("<!DOCTYPE html><html lang=\"id\">"));
    for outside in ["src=", "<link", "@import", "url(http", "<script", "<iframe"] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn every_row_of_data_has_a_cell_per_column() {
    for report in [sample::report(), sample::empty()] {
        for sheet in data::sheets(&report) {
            for row in &sheet.rows {
                assert_eq!(row.len(), sheet.columns.len(), "{}", sheet.key);
            }
        }
    }
}
