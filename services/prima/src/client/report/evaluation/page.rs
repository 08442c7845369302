//! The printable page. `maud` escapes every text from a service.

mod follow_up;
mod levels;
mod outcome;

use maud::{Markup, html};
use prima_platform::document::html::Row;
use prima_platform::document::number;
use prima_proto::index::v1 as pb;

use super::super::labels as common;
use super::super::page::{CENTER, LEFT, RIGHT, facts, missing, or_dash, table, text};
use super::{Record, labels};

/// Space for a name and a signature written by hand.
const BLANK: &str = "……………………………………";

pub(super) fn render(record: &Record) -> Markup {
    html! {
        (cover(record))
        (part("A", "Siklus dan Instrumen", true, &setting(record)))
        (part("B", "Hasil Penilaian per Aspek", true, &levels::render(record)))
        (part("C", "Nilai F-02, F-03, dan Indeks Pelayanan Publik", true, &outcome::render(record)))
        (part("D", "Sanggah", false, &follow_up::objections(record)))
        (part("E", "Rekomendasi Perbaikan", false, &follow_up::recommendations(record)))
        (part("F", "Rencana Aksi", false, &follow_up::actions(record)))
        (part("G", "Catatan", false, &notes(record)))
        (part("H", "Pengesahan", false, &signatures(record)))
    }
}

fn part(letter: &str, title: &str, own_page: bool, content: &Markup) -> Markup {
    html! {
        section {
            h2 class=[own_page.then_some("page")] { (letter) ". " (title) }
            (content)
        }
    }
}

fn cover(record: &Record) -> Markup {
    let value = &record.value;
    let f03 = record.assessment.f03.as_ref();
    html! {
        header.cover {
            h1 { "Berita Acara Evaluasi" }
            p.title { (or_dash(&record.cycle.display_name)) }
            p.unit { (record.names.unit) }
            p.agency { (record.names.agency) }
            p.period { (labels::scheme(record.cycle.scheme())) " tahun " (record.cycle.year) }
            div.card {
                p.name { "Indeks Pelayanan Publik (IPP)" }
                @if value.index.is_empty() {
                    p.value.none { "Belum ada nilai" }
                } @else {
                    p.value { (common::figure(&value.index)) }
                }
                dl {
                    div { dt { "Kategori" } dd { (category(value)) } }
                    div { dt { "Responden F-03" } dd { (number::integer(f03.map_or(0, |f03| f03.respondents))) } }
                    div { dt { "Penilaian evaluator (F-02)" } dd { (common::figure(&value.f02)) } }
                    div { dt { "Penilaian pengguna (F-03)" } dd { (common::figure(&value.f03)) } }
                }
            }
            (cautions(record))
            p.foot {
                "Dibuat " (number::time(record.made)) " dari " (record.assessment.name) ", versi "
                (record.assessment.version) "."
                @if let Some(time) = common::time(record.assessment.update_time.as_ref()) {
                    br; "Penilaian terakhir berubah " (time) "."
                }
            }
        }
    }
}

fn category(value: &pb::IndexValue) -> Markup {
    html! {
        (or_dash(&value.category))
        @if !value.category_display_name.is_empty() { " (" (value.category_display_name) ")" }
    }
}

/// Warnings that a reader needs so as not to overestimate the figure.
fn cautions(record: &Record) -> Markup {
    html! {
        @if record.is_provisional() {
            p.alert { strong { "Hasil sementara. " } "Siklus belum ditetapkan; tingkat dan nilai masih dapat berubah." }
        }
        @if !record.value.missing.is_empty() {
            p.alert {
                strong { "Penilaian belum lengkap. " }
                (record.value.missing.len()) " masukan belum ada; rinciannya di bagian C."
            }
        }
    }
}

fn setting(record: &Record) -> Markup {
    let (cycle, instrument) = (&record.cycle, &record.instrument);
    let of_cycle = |window: &Option<pb::Window>| {
        window
            .as_ref()
            .or(cycle.self_assessment_window.as_ref())
            .map_or_else(|| "-".to_owned(), span)
    };
    let plain = |window: &Option<pb::Window>| window.as_ref().map_or_else(|| "-".to_owned(), span);
    let settled = match common::time(cycle.final_time.as_ref()) {
        Some(time) => format!("ditetapkan {time}"),
        None => "belum ditetapkan; hasil sementara".to_owned(),
    };
    let objection = match &cycle.objection_window {
        Some(window) => span(window),
        None => "tidak dibuka".to_owned(),
    };
    let chosen = |own: &str, all: &[String]| -> String {
        let default = all.first().map_or("", String::as_str);
        (if own.is_empty() { default } else { own }).to_owned()
    };
    let policy = chosen(&cycle.under_minimum_policy, &instrument.under_minimum_policies);
    html! {
        (facts("siklus", [
            ("Siklus", html! { (or_dash(&cycle.display_name)) " (" (cycle.name) ")" }),
            ("Skema dan tahun", html! { (labels::scheme(cycle.scheme())) ", " (cycle.year) }),
            ("Unit lokus", html! { (record.names.unit) " (" (record.assessment.name) ")" }),
            ("Instansi", text(&*record.names.agency)),
            ("Formulir", text(labels::form(&record.assessment.form))),
            ("Tanggal acuan evaluasi", text(common::date(&cycle.evaluation_date))),
            ("Masa penilaian mandiri (F-01)", text(plain(&cycle.self_assessment_window))),
            ("Masa penyampaian bukti", text(of_cycle(&cycle.evidence_window))),
            ("Masa penilaian evaluator (F-02)", text(plain(&cycle.evaluation_window))),
            ("Masa sanggah", text(objection)),
            ("Keadaan siklus", text(settled)),
        ]))
        h3 { "Instrumen" }
        (facts("instrumen", [
            ("Instrumen", html! { (or_dash(&instrument.display_name)) " (" (instrument.id) ")" }),
            ("Bobot F-02 dan F-03", html! {
                (labels::percent(&instrument.f02_weight)) " dan " (labels::percent(&instrument.f03_weight))
            }),
            ("Bobot indikator", text(labels::weighting(&chosen(&cycle.weighting, &instrument.weightings)))),
            ("Penggabungan F-03", text(labels::roll_up(&chosen(&cycle.roll_up, &instrument.roll_ups)))),
            ("Responden F-03 paling sedikit", html! {
                (number::integer(minimum(record))) "; bila kurang: " (labels::policy(&policy))
            }),
            ("Beberapa evaluator", text("rata-rata tingkat, tanpa pembulatan")),
            ("Saran data tanpa evaluator", text(if cycle.suggestions_count { "ikut dihitung" } else { "tidak dihitung" })),
        ]))
        h3 { "Dasar hukum" }
        @if instrument.citations.is_empty() {
            p id="dasar-hukum" { "Instrumen tidak menyebut dasar hukum." }
        } @else {
            ol id="dasar-hukum" {
                @for citation in &instrument.citations { li { (citation) } }
            }
        }
    }
}

/// The minimum number of F-03 respondents in this cycle.
fn minimum(record: &Record) -> i64 {
    match record.cycle.minimum_respondents {
        0 => record.instrument.minimum_respondents,
        own => own,
    }
}

fn span(window: &pb::Window) -> String {
    let at = |time: Option<&prost_types::Timestamp>| common::time(time).unwrap_or_else(|| "-".to_owned());
    format!(
        "{} – {}",
        at(window.open_time.as_ref()),
        at(window.close_time.as_ref())
    )
}

fn notes(record: &Record) -> Markup {
    let suggestions = record.suggestions.as_deref().unwrap_or_default();
    html! {
        ol id="catatan" {
            @if record.is_provisional() {
                li { "Berita acara ini bersifat sementara karena siklus belum ditetapkan." }
            } @else {
                li { "Siklus telah ditetapkan; angka dalam berita acara ini bersifat akhir." }
            }
            li {
                "IPP dihitung tepat dari tingkat dan bobot, lalu dibulatkan satu kali menjadi dua desimal (setengah ke atas). \
                 Kategori dibaca dari nilai yang sudah dibulatkan. Nilai antara ditampilkan dengan paling banyak empat \
                 desimal; menjumlahkan angka yang tampil dapat memberi selisih pada desimal terakhir."
            }
            li {
                "Tingkat yang berlaku adalah rata-rata tingkat para evaluator, atau tingkat menurut keputusan sanggah yang \
                 dikabulkan. Penilaian mandiri (F-01) tidak dihitung."
            }
            li {
                "Saran data adalah tingkat yang didukung data layanan lain pada tanggal acuan evaluasi; evaluator yang \
                 memutuskan."
            }
            @if suggestions.iter().any(|each| each.interpretation) {
                li {
                    "Saran bertanda * memakai tafsir atas kriteria yang tidak mengatur keadaan tersebut secara tegas."
                }
            }
        }
    }
}

fn signatures(record: &Record) -> Markup {
    let roles = [
        ("Evaluator 1", ""),
        ("Evaluator 2", ""),
        ("Pimpinan unit lokus", record.names.unit.as_str()),
        ("Penanggung jawab evaluasi", record.cycle.display_name.as_str()),
    ];
    let rows = roles.into_iter().map(|(role, of)| {
        Row::new([
            html! { (role) @if !of.is_empty() { br; (of) } },
            html! { br; "Nama: " (BLANK) br; br; "NIP: " (BLANK) br; br; },
            html! { br; br; br; (BLANK) },
        ])
    });
    html! {
        p {
            "Demikian berita acara ini dibuat untuk dipergunakan sebagaimana mestinya."
            @if record.is_provisional() { " Hasil di dalamnya bersifat sementara." }
        }
        p { "Tempat dan tanggal: " (BLANK) }
        (table("pengesahan", "Pengesahan", &[
            ("Peran", LEFT),
            ("Nama dan NIP", LEFT),
            ("Tanda tangan", CENTER),
        ], rows.collect()))
    }
}
