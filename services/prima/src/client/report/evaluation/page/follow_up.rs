//! Parts D to F: objections, recommendations, the action plan.

use maud::{Markup, html};
use prima_platform::document::html::Row;
use prima_platform::document::number;
use prima_proto::index::v1 as pb;

use super::super::{Record, labels};
use super::{CENTER, LEFT, RIGHT, common, missing, table, text};

pub(super) fn objections(record: &Record) -> Markup {
    let all = &record.assessment.objections;
    if all.is_empty() {
        return html! { p id="sanggah" { "Tidak ada sanggah." } };
    }
    let rows = all.iter().map(|each| {
        Row::new([
            text(number::integer(each.number)),
            text(record.indicator(&each.indicator)),
            html! {
                (each.reason)
                @if let Some(time) = common::time(each.create_time.as_ref()) { br; "Diajukan " (time) }
            },
            decision(each),
            html! {
                @if each.decision.is_empty() { "-" } @else { (each.decision) }
                @if let Some(time) = common::time(each.decide_time.as_ref()) { br; "Diputus " (time) }
            },
        ])
    });
    table(
        "sanggah",
        "Sanggah dan keputusannya",
        &[
            ("No.", CENTER),
            ("Indikator", LEFT),
            ("Alasan sanggah", LEFT),
            ("Keputusan", LEFT),
            ("Alasan keputusan", LEFT),
        ],
        rows.collect(),
    )
}

fn decision(objection: &pb::Objection) -> Markup {
    html! {
        @if objection.decide_time.is_none() { "Belum diputus" }
        @else if objection.granted {
            "Dikabulkan"
            @if let Some(level) = objection.level { "; tingkat menjadi " (level) }
        }
        @else { "Ditolak" }
    }
}

pub(super) fn recommendations(record: &Record) -> Markup {
    let all = match &record.recommendations {
        Ok(all) => all,
        Err(reason) => return missing("Rekomendasi", reason),
    };
    if all.is_empty() {
        return html! { p id="rekomendasi" { "Tidak ada; setiap indikator telah mencapai tingkat tertinggi." } };
    }
    let rows = (1..).zip(all).map(|(at, each)| {
        Row::new([
            text(number::integer(at)),
            text(if each.display_name.is_empty() {
                &*each.indicator
            } else {
                &*each.display_name
            }),
            text(labels::figure(&each.level)),
            html! { strong { (each.next_level) } @if !each.criterion.is_empty() { ": " (each.criterion) } },
            text(common::signed(&each.gain)),
        ])
    });
    table(
        "rekomendasi",
        "Rekomendasi menurut tambahan terhadap IPP, terbesar lebih dahulu",
        &[
            ("No.", CENTER),
            ("Indikator", LEFT),
            ("Tingkat kini", RIGHT),
            ("Tingkat berikutnya dan kriterianya", LEFT),
            ("Tambahan IPP", RIGHT),
        ],
        rows.collect(),
    )
}

pub(super) fn actions(record: &Record) -> Markup {
    let all = match &record.actions {
        Ok(all) => all,
        Err(reason) => return missing("Rencana aksi", reason),
    };
    if all.is_empty() {
        return html! { p id="rencana-aksi" { "Rencana aksi belum disusun." } };
    }
    let rows = all.iter().map(|each| {
        Row::new([
            text(number::integer(each.number)),
            text(record.indicator(&each.indicator)),
            text(&*each.description),
            text(&*each.owner),
            text(common::date(&each.due_date)),
            html! {
                @if each.done_date.is_empty() { "Belum selesai" } @else { "Selesai " (common::date(&each.done_date)) }
                @if !each.note.is_empty() { br; (each.note) }
            },
        ])
    });
    table(
        "rencana-aksi",
        "Rencana aksi perbaikan",
        &[
            ("No.", CENTER),
            ("Indikator", LEFT),
            ("Tindakan", LEFT),
            ("Penanggung jawab", LEFT),
            ("Tenggat", LEFT),
            ("Keadaan", LEFT),
        ],
        rows.collect(),
    )
}
