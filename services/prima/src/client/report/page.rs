//! The printable page: cover, chapters, notes. `maud` escapes every text from a service.

mod analysis;
mod follow_up;
mod method;
mod outcome;
mod profile;

use maud::{Markup, html};
use prima_platform::document::html::{Align, Row, Table};
use prima_platform::document::number;
use prima_proto::survey::v1 as pb;

use super::{Report, labels};

pub(super) use profile::group_name;

pub(super) const LEFT: Align = Align::Left;
pub(super) const CENTER: Align = Align::Center;
pub(super) const RIGHT: Align = Align::Right;

pub(super) fn render(report: &Report) -> Markup {
    html! {
        (cover(report))
        (chapter("I", "Pendahuluan", true, &method::introduction(report)))
        (chapter("II", "Metode dan Sampel", false, &method::method(report)))
        (chapter("III", "Profil Responden", false, &profile::render(report)))
        (chapter("IV", "Hasil Survei Kepuasan Masyarakat", true, &html! {
            (outcome::render(report))
            (analysis::render(report))
        }))
        (chapter("V", "Publikasi dan Rencana Tindak Lanjut", true, &follow_up::render(report)))
        (notes(report))
    }
}

/// A chapter, on a page of its own or following the one before.
fn chapter(number: &str, title: &str, own_page: bool, content: &Markup) -> Markup {
    html! {
        section {
            h2 class=[own_page.then_some("page")] { "BAB " (number) ". " (title) }
            (content)
        }
    }
}

fn cover(report: &Report) -> Markup {
    let result = &report.result;
    html! {
        header.cover {
            h1 { "Laporan Survei Kepuasan Masyarakat" }
            p.title { (result.survey_display_name) }
            p.unit { (report.names.unit) }
            p.agency { (report.names.agency) }
            p.period { (labels::period(&result.period)) }
            div.card {
                p.name { "Indeks Kepuasan Masyarakat (IKM)" }
                @if result.index.is_empty() {
                    p.value.none {
                        @match result.withheld_reason() {
                            pb::WithheldReason::TooFew => "Responden terlalu sedikit",
                            _ => "Belum ada nilai",
                        }
                    }
                } @else {
                    p.value { (labels::figure(&result.index)) }
                }
                dl {
                    div { dt { "Mutu pelayanan" } dd { (or_dash(&result.category)) } }
                    div { dt { "Kinerja unit" } dd { (or_dash(&result.category_display_name)) } }
                    div { dt { "Responden" } dd { (number::integer(result.respondents)) } }
                    div { dt { "Selang kepercayaan 95%" } dd { (method::interval(result)) } }
                }
            }
            (cautions(report))
            p.foot {
                "Dibuat " (number::time(report.made)) " dari " (result.survey) "."
                @if let Some(time) = labels::time(result.update_time.as_ref()) { br; "Hasil terakhir berubah " (time) "." }
            }
        }
    }
}

/// Warnings that a reader needs so as not to overestimate the figure.
fn cautions(report: &Report) -> Markup {
    let under = report.result.sample_status() == pb::SampleStatus::UnderMinimum;
    html! {
        @if report.is_open() {
            p.alert { strong { "Angka sementara. " } "Survei belum ditutup; nilai masih dapat berubah." }
        }
        @if under {
            p.alert {
                strong { "Sampel belum terpenuhi. " }
                "Responden " (number::integer(report.result.respondents)) " dari sampel minimum "
                (number::integer(report.result.minimum_respondents)) "."
            }
        }
    }
}

fn notes(report: &Report) -> Markup {
    let result = &report.result;
    let least = report
        .analysis
        .as_ref()
        .map_or(0, |analysis| analysis.minimum_cell);
    html! {
        section {
            h2 { "Catatan" }
            ol id="catatan" {
                @if report.is_open() {
                    li {
                        "Angka dalam laporan ini bersifat sementara karena survei belum ditutup. Jumlah responden mengikuti \
                         setiap jawaban; semua nilai bergerak bertahap, beberapa orang sekaligus, dan saat ini mencakup "
                        (number::integer(result.counted)) " jawaban yang terhitung, sedangkan "
                        (number::integer(result.pending)) " menunggu, agar jawaban seseorang tidak dapat dibaca dari \
                         selisihnya."
                    }
                } @else if result.in_correction {
                    li {
                        "Survei telah ditutup dan hasilnya dalam koreksi: " (number::integer(result.pending))
                        " perubahan menunggu, dan berlaku bersama-sama setelah cukup terkumpul atau pada hari koreksi."
                    }
                } @else {
                    li { "Survei telah ditutup; angka dalam laporan ini bersifat akhir." }
                }
                @if least > 0 {
                    li {
                        "Sel dengan kurang dari " (least) " responden disembunyikan. Sel lain yang memungkinkan angka \
                         tersebut dihitung dari selisih juga disembunyikan, walaupun respondennya lebih banyak."
                    }
                }
                li {
                    "IKM dihitung tepat dari jumlah nilai, lalu dibulatkan satu kali menjadi dua desimal (setengah ke atas). \
                     Mutu pelayanan dan kinerja unit dibaca dari nilai yang sudah dibulatkan. NRR dan NRR tertimbang \
                     dibulatkan empat desimal hanya untuk ditampilkan; menjumlahkan angka yang tampil dapat memberi selisih \
                     pada desimal terakhir."
                }
                @if result.in_question > 0 {
                    li {
                        (number::integer(result.in_question)) " jawaban lewat tautan sedang dalam pemeriksaan karena masuk \
                         banyak sekali dalam waktu singkat; jawaban itu tidak termasuk dalam angka mana pun."
                        @if !result.index_with_questioned.is_empty() {
                            " Bila diterima, IKM menjadi " (labels::figure(&result.index_with_questioned)) "."
                        }
                    }
                }
                @if result.voided > 0 {
                    li {
                        (number::integer(result.voided)) " jawaban dibatalkan karena salah impor dan tidak dihitung dalam \
                         angka mana pun; catatan pembatalannya disimpan."
                    }
                }
                @if has_recorded(report) {
                    li {
                        "Angka yang bertanda “dicatat, tidak dihitung” berasal dari hasil yang diterbitkan sebelum sistem ini \
                         dipakai dan tidak dapat dihitung ulang dari jawaban responden."
                    }
                }
                li {
                    "Nama unsur, mutu pelayanan, dan kinerja unit mengikuti instrumen " (report.instrument.display_name)
                    " (" (report.instrument.id) ")."
                }
            }
        }
    }
}

fn has_recorded(report: &Report) -> bool {
    let change = report.unit.as_ref().ok().and_then(|unit| unit.change.as_ref());
    change.is_some_and(|change| change.base_recorded)
}

/// A table of labels and values, without caption number.
pub(super) fn facts<'a>(id: &str, rows: impl IntoIterator<Item = (&'a str, Markup)>) -> Markup {
    html! {
        table.facts id=(id) {
            tbody {
                @for (what, value) in rows {
                    tr { th scope="row" { (what) } td { (value) } }
                }
            }
        }
    }
}

pub(super) fn table(id: &str, caption: &str, columns: &[(&str, Align)], rows: Vec<Row>) -> Markup {
    Table {
        id,
        caption,
        columns,
        rows,
    }
    .render()
}

/// Says why a part of the report is missing.
pub(super) fn missing(what: &str, reason: &str) -> Markup {
    html! { p.alert { (what) " tidak tersedia: " (reason) "." } }
}

pub(super) fn text(text: impl Into<String>) -> Markup {
    let text = text.into();
    html! { (text) }
}

pub(super) fn or_dash(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}
