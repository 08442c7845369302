//! Chapters I and II: legal basis, time, instrument, sample and confidence interval.

use maud::{Markup, html};
use prima_platform::document::html::Row;
use prima_platform::document::number;
use prima_proto::survey::v1 as pb;

use super::super::{Report, labels};
use super::profile::{hidden, hidden_note};
use super::{LEFT, RIGHT, facts, missing, table, text};

pub(super) fn introduction(report: &Report) -> Markup {
    let survey = &report.survey;
    let opened = labels::time(survey.open_time.as_ref()).unwrap_or_else(|| "tidak ditentukan".to_owned());
    let ended = labels::time(survey.close_time.as_ref())
        .unwrap_or_else(|| "tidak ditentukan; berakhir saat survei ditutup".to_owned());
    let created = labels::time(survey.create_time.as_ref()).unwrap_or_else(|| "-".to_owned());
    // A service of an earlier release does not tell which of them govern the survey.
    let citations = match survey.citations.as_slice() {
        [] => report.instrument.citations.as_slice(),
        governing => governing,
    };
    html! {
        p {
            "Laporan ini memuat hasil Survei Kepuasan Masyarakat (SKM) pada " (report.names.unit) ", "
            (report.names.agency) ", untuk periode " (labels::period(&survey.period)) ". Survei menghasilkan Indeks Kepuasan \
             Masyarakat (IKM) sebagai dasar perbaikan pelayanan publik."
        }
        h3 { "A. Dasar Hukum" }
        @if citations.is_empty() {
            p { "Instrumen tidak menyebut dasar hukum." }
        } @else {
            ol id="dasar-hukum" {
                @for citation in citations { li { (citation) } }
            }
        }
        h3 { "B. Waktu Pelaksanaan" }
        (facts("waktu", [
            ("Periode survei", text(labels::period(&survey.period))),
            ("Mulai menerima jawaban", text(opened)),
            ("Batas menerima jawaban", text(ended)),
            ("Survei dicatat dalam sistem", text(created)),
            ("Keadaan survei", text(labels::state(report.result.state()))),
        ]))
        @if !survey.unit_confirmed {
            p.alert { "Unit ini belum tercatat dalam direktori." }
        }
    }
}

pub(super) fn method(report: &Report) -> Markup {
    let (survey, result, instrument) = (&report.survey, &report.result, &report.instrument);
    let elements = result.elements.len();
    let targets = report.analysis.as_ref().map(|a| {
        a.services
            .iter()
            .map(|each| each.minimum_respondents)
            .sum::<i64>()
    });
    let per_service = targets.is_ok_and(|sum| sum > 0 && sum == result.minimum_respondents);
    let own = survey
        .elements
        .iter()
        .filter(|each| each.key.starts_with("own_"))
        .count();
    html! {
        h3 { "A. Metode" }
        (facts("metode", [
            ("Instrumen", html! { (instrument.display_name) " (" (instrument.id) ")" }),
            ("Unsur yang dinilai", html! {
                (elements) " unsur"
                @if own > 0 { ", termasuk " (own) " unsur tambahan unit" }
            }),
            ("Rumusan pertanyaan", text(match survey.wording() {
                pb::Wording::Official => "menurut peraturan",
                pb::Wording::Unspecified | pb::Wording::Plain => "bahasa sehari-hari",
            })),
            ("Skala penilaian", html! { (instrument.min_score) " sampai " (instrument.max_score) }),
            ("Pengumpulan jawaban", text(labels::access(survey.access_modes()))),
            ("Bobot nilai rata-rata tertimbang", text(labels::weights(result.weight_variant(), elements))),
            ("Nilai rata-rata (NRR) unsur", text("jumlah nilai unsur dibagi jumlah jawaban")),
            ("NRR tertimbang unsur", text("NRR unsur dikali bobot")),
            ("Nilai Interval (NI)", text("jumlah NRR tertimbang seluruh unsur")),
            ("Nilai Interval Konversi (NIK), IKM", text("NI × 25")),
            ("Pembulatan", text("satu kali pada IKM, dua desimal, setengah ke atas")),
        ]))
        h3 { "B. Sampel dan Ketelitian" }
        (sample(result, per_service))
        (services(report))
    }
}

/// The 95 % interval of the index.
pub(super) fn interval(result: &pb::Result) -> String {
    if result.standard_error.is_empty() || result.interval_low.is_empty() {
        return "-".to_owned();
    }
    format!(
        "{} – {}",
        labels::figure(&result.interval_low),
        labels::figure(&result.interval_high)
    )
}

fn sample(result: &pb::Result, per_service: bool) -> Markup {
    let declared = result.population > 0;
    let population = if declared {
        format!("{} pengguna layanan", number::integer(result.population))
    } else {
        "tidak dinyatakan".to_owned()
    };
    let target = if declared {
        format!("{} responden", number::integer(result.minimum_respondents))
    } else {
        "tidak dapat dihitung tanpa populasi".to_owned()
    };
    html! {
        (facts("sampel", [
            ("Populasi", text(population)),
            (if per_service {
                "Target sampel (jumlah target tiap jenis layanan)"
            } else {
                "Target sampel (Krejcie-Morgan)"
            }, text(target)),
            ("Responden", html! {
                (number::integer(result.respondents))
                @if declared {
                    " (" (labels::share(result.respondents, result.minimum_respondents)) " dari target)"
                }
            }),
            ("Status sampel", text(labels::sample(result.sample_status()))),
            ("Standar error IKM", text(labels::figure(&result.standard_error))),
            ("Selang kepercayaan 95% IKM", text(interval(result))),
        ]))
        @if result.standard_error.is_empty() {
            p { "Standar error dan selang kepercayaan memerlukan sekurang-kurangnya dua jawaban." }
        } @else {
            p {
                "Target sampel memakai rumus Krejcie-Morgan (tingkat kepercayaan 95%, galat 5%). Selang kepercayaan memakai \
                 sebaran t Student"
                @if declared { ", dengan koreksi populasi terbatas" }
                ", dan mencakup " (number::integer(result.counted)) " jawaban. Selang ini hanya memuat galat \
                 karena penarikan sampel acak, bukan galat karena cara memilih responden."
            }
        }
    }
}

fn services(report: &Report) -> Markup {
    let analysis = match &report.analysis {
        Ok(analysis) => analysis,
        Err(reason) => return missing("Sampel per jenis layanan", reason),
    };
    if analysis.services.is_empty() {
        return html! { p { "Populasi per jenis layanan tidak dinyatakan." } };
    }
    let rows = analysis.services.iter().map(|each| {
        let (respondents, share, status) = if each.suppressed {
            (hidden(analysis), "-".to_owned(), "-")
        } else {
            let met = each.respondents >= each.minimum_respondents;
            (
                text(number::integer(each.respondents)),
                labels::share(each.respondents, each.minimum_respondents),
                if met { "terpenuhi" } else { "belum terpenuhi" },
            )
        };
        Row::new([
            text(report.service(&each.service)),
            text(number::integer(each.population)),
            text(number::integer(each.minimum_respondents)),
            respondents,
            text(share),
            text(status),
        ])
    });
    let columns = [
        ("Jenis layanan", LEFT),
        ("Populasi", RIGHT),
        ("Target sampel", RIGHT),
        ("Responden", RIGHT),
        ("Capaian", RIGHT),
        ("Status", LEFT),
    ];
    html! {
        (table("layanan", "Sampel per jenis layanan", &columns, rows.collect()))
        @if analysis.services.iter().any(|each| each.suppressed) { (hidden_note(analysis)) }
    }
}
