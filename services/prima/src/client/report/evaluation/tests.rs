use std::collections::BTreeSet;

use roxmltree::Document;

use super::*;
use crate::client::report::tests::{HOSTILE, rows, words_of, xml};

fn content(record: &Record) -> String {
    xml(page::render(record))
}

#[test]
fn every_part_of_the_record_is_there() {
    let text = content(&sample::record());
    let document = Document::parse(&text).unwrap();
    let ids: Vec<&str> = document
        .descendants()
        .filter_map(|node| node.attribute("id"))
        .collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{ids:?}");
    for id in [
        "siklus",
        "instrumen",
        "dasar-hukum",
        "aspek-policy",
        "aspek-innovation",
        "pendukung",
        "rekapitulasi",
        "f03",
        "kategori",
        "sanggah",
        "rekomendasi",
        "rencana-aksi",
        "catatan",
        "pengesahan",
    ] {
        assert!(ids.contains(&id), "{id} in {ids:?}");
    }
}

#[test]
fn a_row_shows_who_gave_which_level_of_an_indicator() {
    let text = content(&sample::record());
    let document = Document::parse(&text).unwrap();
    let policy = rows(&document, "aspek-policy");
    assert_eq!(
        policy[1],
        [
            "1",
            "Kelengkapan standar pelayanan",
            "50%",
            "4alasan unit standard",
            "3 · evaluator-a: dokumen belum lengkap4 · evaluator-b",
            "4*komponen lengkap: yamasyarakat dilibatkan: tidakselisih −0,50",
            "3,5evaluator",
        ]
    );
    assert_eq!(policy[2][6], "5keputusan sanggah");
    assert_eq!(policy[3], ["Nilai aspek (bobot 75%)", "4,25"]);
    assert_eq!(
        rows(&document, "aspek-innovation")[1][4..],
        ["-", "-", "2saran data"]
    );
    assert_eq!(rows(&document, "pendukung")[1][1..3], ["Data pendukung", "-"]);
}

#[test]
fn aspects_and_forms_lead_to_the_index_and_only_its_category_is_highlighted() {
    let text = content(&sample::record());
    let document = Document::parse(&text).unwrap();
    assert_eq!(
        rows(&document, "rekapitulasi")[1..],
        [
            vec!["Kebijakan Pelayanan", "75%", "4,25", "3,1875"],
            vec!["Inovasi", "25%", "2", "0,5"],
            vec!["Penilaian evaluator (F-02)", "75%", "3,6875", "2,7656"],
            vec!["Penilaian pengguna layanan (F-03)", "25%", "3,6667", "0,9167"],
            vec!["Indeks Pelayanan Publik, dibulatkan dua desimal", "3,68"],
            vec!["Kategori", "B (Baik)"],
        ]
    );
    assert_eq!(
        rows(&document, "kategori")[1..],
        [
            ["A", "Pelayanan Prima", "4,51 – 5,00"],
            ["B ◄", "Baik", "3,51 – 4,50"],
            ["C", "Cukup", "0,00 – 3,50"],
        ]
    );
    let marked = document
        .descendants()
        .filter(|node| node.attribute("class") == Some("marked"));
    assert_eq!(marked.count(), 1);
}

#[test]
fn objections_recommendations_and_actions_are_shown_with_reasons() {
    let text = content(&sample::record());
    let document = Document::parse(&text).unwrap();
    let objections = rows(&document, "sanggah");
    assert_eq!(objections[1][3], "Dikabulkan; tingkat menjadi 5");
    assert!(
        objections[1][4].starts_with("terbukti dari foto"),
        "{objections:?}"
    );
    assert_eq!(
        (&*objections[2][3], &*objections[3][3]),
        ("Ditolak", "Belum diputus")
    );
    assert_eq!(
        rows(&document, "rekomendasi")[1],
        [
            "1",
            "Inovasi pelayanan",
            "2",
            "3: inovasi dipelajari unit lain",
            "+0,1875"
        ]
    );
    let action = &rows(&document, "rencana-aksi")[1];
    assert_eq!(action[3..5], ["Bagian Perencanaan", "31 Desember 2026"]);
    assert_eq!(action[5], "Selesai 17 Agustus 2026selesai lebih cepat");
}

#[test]
fn the_minutes_say_whether_they_are_final_or_provisional() {
    let settled = content(&sample::record());
    assert!(
        settled.contains("bersifat akhir") && !settled.contains("sementara"),
        "{settled}"
    );
    let mut record = sample::record();
    record.cycle.final_time = None;
    let open = content(&record);
    assert!(
        open.contains("Hasil sementara.") && !open.contains("bersifat akhir"),
        "{open}"
    );
}

#[test]
fn an_evaluation_without_levels_shows_no_figures() {
    let text = content(&sample::empty());
    let document = Document::parse(&text).unwrap();
    let page = words_of(document.root_element());
    for part in [
        "Belum ada nilai",
        "Belum ada: Kelengkapan standar pelayanan; Penilaian pengguna layanan (F-03).",
        "Saran data tidak tersedia: tidak diizinkan.",
        "Belum ada penilaian pengguna layanan.",
        "Tidak ada sanggah.",
        "Rencana aksi belum disusun.",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(!page.contains('◄'), "{page}");
    assert_eq!(
        rows(&document, "aspek-policy")[1][3..],
        ["-", "-", "-", "-belum ada"]
    );
}

#[test]
fn the_signature_block_is_blank() {
    let text = content(&sample::record());
    let document = Document::parse(&text).unwrap();
    for row in &rows(&document, "pengesahan")[1..] {
        assert!(
            row[1].starts_with("Nama: …") && row[1].contains("NIP: …"),
            "{row:?}"
        );
        assert!(row[2].chars().all(|c| c == '…'), "{row:?}");
    }
}

#[test]
fn hostile_text_is_escaped_everywhere() {
    let mut record = sample::record();
    record.names.unit = HOSTILE.into();
    record.names.agency = HOSTILE.into();
    record.cycle.display_name = HOSTILE.into();
    record.cycle.weighting = HOSTILE.into();
    record.instrument.citations = vec![HOSTILE.into()];
    record.instrument.aspects[0].display_name = HOSTILE.into();
    record.instrument.bands[0].lower = HOSTILE.into();
    record.instrument.forms[0].indicators[0].title = HOSTILE.into();
    let row = &mut record.assessment.indicators[0];
    row.evaluations[0].note = HOSTILE.into();
    row.evaluations[0].evaluator = HOSTILE.into();
    row.self_level.as_mut().unwrap().note = HOSTILE.into();
    row.level_origin = HOSTILE.into();
    record.assessment.objections[0].reason = HOSTILE.into();
    record.assessment.objections[0].decision = HOSTILE.into();
    record.suggestions.as_mut().unwrap()[0].figures[0].value = HOSTILE.into();
    record.recommendations.as_mut().unwrap()[0].criterion = HOSTILE.into();
    record.actions.as_mut().unwrap()[0].note = HOSTILE.into();
    record.value.missing = vec![HOSTILE.into()];

    let whole = html::page(&record.title(), &page::render(&record));
    assert!(!whole.contains("<script") && whole.contains("&lt;script&gt;"));
    let text = content(&record);
    let document = Document::parse(&text).unwrap();
    for node in document.descendants() {
        for attribute in node.attributes() {
            let active = attribute.name().starts_with("on") || attribute.name() == "style";
            assert!(!active, "{} {}", node.tag_name().name(), attribute.name());
        }
    }
}

#[test]
fn the_file_is_named_after_the_unit_and_the_cycle_and_needs_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let name = name::Assessment::parse(sample::NAME).unwrap();
    let path = write(&sample::record(), &name, &folder.path().join("baru")).unwrap();
    assert!(
        path.ends_with("baru/berita-acara-contoh-kantor-2026.html"),
        "{path:?}"
    );
    let page = std::fs::read_to_string(path).unwrap();
    assert!(page.contains("default-src 'none'") && !page.contains("src="));
}
