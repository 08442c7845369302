//! Chapter V: where the result was published, and the follow-up plan.

use maud::{Markup, html};
use prima_platform::document::html::{Row, link};
use prima_platform::document::number;
use prima_proto::survey::v1 as pb;

use super::super::{Report, labels};
use super::{CENTER, LEFT, facts, missing, or_dash, table, text};

pub(super) fn render(report: &Report) -> Markup {
    html! {
        h3 { "A. Publikasi Hasil" }
        (publication(report))
        h3 { "B. Rencana Tindak Lanjut" }
        (plan(report))
    }
}

fn publication(report: &Report) -> Markup {
    let Some(publication) = &report.result.publication else {
        return html! { p id="publikasi" { "Hasil survei belum dipublikasikan." } };
    };
    let rows = (1..).zip(&publication.media).map(|(at, medium)| {
        Row::new([
            text(number::integer(at)),
            text(labels::medium(&medium.kind)),
            text(or_dash(&medium.description)),
            if medium.link.is_empty() {
                text("-")
            } else {
                link(&medium.link, &medium.link)
            },
        ])
    });
    html! {
        p {
            "Hasil survei dipublikasikan sejak " (labels::date(&publication.publish_date)) " melalui "
            (publication.media_kinds) " jenis media."
        }
        (table("publikasi", "Media publikasi", &[
            ("No.", CENTER),
            ("Jenis media", LEFT),
            ("Keterangan", LEFT),
            ("Tautan", LEFT),
        ], rows.collect()))
    }
}

fn plan(report: &Report) -> Markup {
    let plan = match &report.plan {
        Ok(plan) => plan,
        Err(reason) => return missing("Rencana tindak lanjut", reason),
    };
    if plan.items.is_empty() {
        return html! { p id="tindak-lanjut" { "Rencana tindak lanjut belum disusun." } };
    }
    let rows = (1..).zip(&plan.items).map(|(at, item)| {
        Row::new([
            text(number::integer(at)),
            text(report.element(&item.element)),
            text(&*item.program),
            text(labels::quarter(&item.quarter)),
            text(&*item.responsible),
            status(item),
            evidence(item),
        ])
    });
    html! {
        p { "Rencana disusun dari unsur dengan NRR terendah." }
        (facts("realisasi", [
            ("Jumlah rencana", text(number::integer(plan.planned))),
            ("Sudah selesai", text(number::integer(plan.done))),
            ("Realisasi", text(labels::share(plan.done, plan.planned))),
        ]))
        (table("tindak-lanjut", "Rencana tindak lanjut", &[
            ("No.", CENTER),
            ("Unsur", LEFT),
            ("Program/kegiatan", LEFT),
            ("Waktu", LEFT),
            ("Penanggung jawab", LEFT),
            ("Status", LEFT),
            ("Bukti", LEFT),
        ], rows.collect()))
    }
}

fn status(item: &pb::FollowUp) -> Markup {
    html! {
        @if item.done_date.is_empty() { "Belum selesai" }
        @else { "Selesai " (labels::date(&item.done_date)) }
    }
}

fn evidence(item: &pb::FollowUp) -> Markup {
    html! {
        @if item.evidence.is_empty() { "-" } @else { (link(&item.evidence, &item.evidence)) }
        @if !item.note.is_empty() { " (" (item.note) ")" }
    }
}
