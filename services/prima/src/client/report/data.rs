//! The figures of a report as data tables: each is one sheet of the workbook and one CSV file. Every row names its
//! survey, so that the files of many surveys can be joined.

mod columns;

use prima_platform::document::number;
use prima_platform::document::sheet::{Cell, Sheet};
use prima_proto::survey::v1 as pb;

use super::page::group_name;
use super::{Report, bands, labels};

/// All tables in the order of the report.
pub(super) fn sheets(report: &Report) -> Vec<Sheet> {
    let sheet = |key, title, columns: &'static [_], rows: Vec<Vec<Cell>>| Sheet {
        key,
        title,
        columns,
        rows: rows
            .into_iter()
            .map(|row| [vec![Cell::text(&report.result.survey)], row].concat())
            .collect(),
    };
    vec![
        sheet("ringkasan", "Ringkasan", columns::SUMMARY, vec![summary(report)]),
        sheet("unsur", "Nilai per unsur", columns::ELEMENTS, elements(report)),
        sheet("sebaran", "Sebaran jawaban", columns::SPREAD, spread(report)),
        sheet("kategori", "Tabel kategori", columns::BANDS, categories(report)),
        sheet("profil", "Profil responden", columns::GROUPS, groups(report)),
        sheet(
            "profil-unsur",
            "Profil per unsur",
            columns::GROUP_ELEMENTS,
            group_elements(report),
        ),
        sheet(
            "layanan",
            "Sampel per layanan",
            columns::SERVICES,
            services(report),
        ),
        sheet(
            "kepentingan",
            "Kepentingan dan kinerja",
            columns::IMPORTANCE,
            importance(report),
        ),
        sheet("tanda", "Mutu data", columns::FLAGS, flags(report)),
        sheet("publikasi", "Publikasi", columns::MEDIA, media(report)),
        sheet(
            "tindak-lanjut",
            "Rencana tindak lanjut",
            columns::PLAN,
            plan(report),
        ),
    ]
}

fn summary(report: &Report) -> Vec<Cell> {
    let (result, survey) = (&report.result, &report.survey);
    let quality = report
        .analysis
        .as_ref()
        .ok()
        .and_then(|analysis| analysis.quality.as_ref());
    let change = report.unit.as_ref().ok().and_then(|unit| unit.change.as_ref());
    let unit_index = report.unit.as_ref().map_or("", |unit| &unit.index);
    let of_change = |of: fn(&pb::Change) -> &str| Cell::decimal(change.map_or("", of));
    let plan = report.plan.as_ref().ok();
    vec![
        Cell::text(&result.survey_display_name),
        Cell::text(&report.names.agency),
        Cell::text(&report.names.unit),
        Cell::text(&survey.period),
        Cell::text(&survey.instrument),
        Cell::text(crate::client::print::result::weights_name(
            result.weight_variant(),
        )),
        Cell::text(labels::state(result.state())),
        Cell::Integer(result.respondents),
        Cell::Integer(result.disclosed_respondents),
        Cell::integer_if(result.population > 0, result.population),
        Cell::integer_if(result.population > 0, result.minimum_respondents),
        Cell::text(labels::sample(result.sample_status())),
        Cell::decimal(bands::ni(result)),
        Cell::decimal(&result.index),
        Cell::text(&result.index_exact),
        Cell::text(&result.category),
        Cell::text(&result.category_display_name),
        Cell::decimal(&result.standard_error),
        Cell::decimal(&result.interval_low),
        Cell::decimal(&result.interval_high),
        Cell::Integer(result.voided),
        Cell::integer_if(quality.is_some(), quality.map_or(0, |quality| quality.flagged)),
        Cell::decimal(quality.map_or("", |quality| &quality.index_with)),
        Cell::decimal(quality.map_or("", |quality| &quality.index_without)),
        Cell::decimal(unit_index),
        Cell::text(change.map_or("", |change| &change.base_period)),
        of_change(|change| &change.base_index),
        Cell::text(change.map_or("", |change| labels::yes(change.base_recorded))),
        of_change(|change| change.points.trim_start_matches('+')),
        of_change(|change| change.relative_percent.trim_start_matches('+')),
        Cell::integer_if(plan.is_some(), plan.map_or(0, |plan| plan.planned)),
        Cell::integer_if(plan.is_some(), plan.map_or(0, |plan| plan.done)),
    ]
}

/// Code, key and name of an element.
fn element(report: &Report, key: &str) -> Vec<Cell> {
    let (code, name) = report.element_parts(key);
    vec![Cell::text(code), Cell::text(key), Cell::text(name)]
}

fn elements(report: &Report) -> Vec<Vec<Cell>> {
    let row = |each: &pb::ElementResult| {
        let figures = vec![
            Cell::Integer(each.total),
            Cell::Integer(each.answers),
            Cell::decimal(&each.mean),
            Cell::decimal(&each.weighted_mean),
        ];
        [element(report, &each.key), figures].concat()
    };
    report.result.elements.iter().map(row).collect()
}

fn spread(report: &Report) -> Vec<Vec<Cell>> {
    let mut rows = Vec::new();
    for each in &report.result.elements {
        for (score, count) in (i64::from(report.instrument.min_score)..).zip(&each.counts) {
            let figures = vec![
                Cell::Integer(score),
                Cell::Integer(*count),
                Cell::decimal(number::percent(*count, each.answers).unwrap_or_default()),
            ];
            rows.push([element(report, &each.key), figures].concat());
        }
    }
    rows
}

fn categories(report: &Report) -> Vec<Vec<Cell>> {
    let row = |band: bands::Band| {
        let reached = !band.grade.is_empty() && band.grade == report.result.category;
        vec![
            Cell::Integer(band.perception),
            Cell::decimal(band.ni.0),
            Cell::decimal(band.ni.1),
            Cell::decimal(band.nik.0),
            Cell::decimal(band.nik.1),
            Cell::text(band.grade),
            Cell::text(band.name),
            Cell::text(labels::yes(reached)),
        ]
    };
    bands::bands(&report.instrument).into_iter().map(row).collect()
}

/// Code and name of a dimension, and of a group of it.
fn group(report: &Report, dimension: &pb::Dimension, group: &pb::Group) -> Vec<Cell> {
    vec![
        Cell::text(&dimension.key),
        Cell::text(&dimension.display_name),
        Cell::text(&group.key),
        Cell::text(group_name(report, dimension, group)),
    ]
}

fn groups(report: &Report) -> Vec<Vec<Cell>> {
    let Ok(analysis) = &report.analysis else {
        return Vec::new();
    };
    let mut rows = Vec::new();
    for dimension in &analysis.dimensions {
        for each in &dimension.groups {
            let shown = !each.suppressed;
            let share = number::percent(each.respondents, analysis.respondents).filter(|_| shown);
            let figures = vec![
                Cell::integer_if(shown, each.respondents),
                Cell::decimal(share.unwrap_or_default()),
                Cell::decimal(&each.index),
                Cell::text(&each.category),
                Cell::text(labels::yes(each.suppressed)),
            ];
            rows.push([group(report, dimension, each), figures].concat());
        }
    }
    rows
}

fn group_elements(report: &Report) -> Vec<Vec<Cell>> {
    let Ok(analysis) = &report.analysis else {
        return Vec::new();
    };
    let mut rows = Vec::new();
    for dimension in &analysis.dimensions {
        for each in &dimension.groups {
            for cell in &each.elements {
                let figures = vec![
                    Cell::integer_if(!cell.suppressed, cell.answers),
                    Cell::decimal(&cell.mean),
                    Cell::text(labels::yes(cell.suppressed)),
                ];
                let named = [group(report, dimension, each), element(report, &cell.key)].concat();
                rows.push([named, figures].concat());
            }
        }
    }
    rows
}

fn services(report: &Report) -> Vec<Vec<Cell>> {
    let Ok(analysis) = &report.analysis else {
        return Vec::new();
    };
    let row = |each: &pb::ServiceSample| {
        vec![
            Cell::text(&each.service),
            Cell::text(report.service(&each.service)),
            Cell::Integer(each.population),
            Cell::Integer(each.minimum_respondents),
            Cell::integer_if(!each.suppressed, each.respondents),
            Cell::text(labels::yes(each.suppressed)),
        ]
    };
    analysis.services.iter().map(row).collect()
}

fn importance(report: &Report) -> Vec<Vec<Cell>> {
    let Ok(analysis) = &report.analysis else {
        return Vec::new();
    };
    let row = |each: &pb::ImportancePerformance| {
        let figures = vec![
            Cell::decimal(&each.performance),
            Cell::decimal(&each.importance),
            Cell::text(&each.quadrant),
            Cell::text(&each.quadrant_display_name),
        ];
        [element(report, &each.key), figures].concat()
    };
    analysis.importance_performance.iter().map(row).collect()
}

fn flags(report: &Report) -> Vec<Vec<Cell>> {
    let quality = report
        .analysis
        .as_ref()
        .ok()
        .and_then(|analysis| analysis.quality.as_ref());
    let row = |flag: &pb::Flag| {
        vec![
            Cell::text(&flag.kind),
            Cell::text(&flag.display_name),
            Cell::Integer(flag.responses),
        ]
    };
    quality.map_or_else(Vec::new, |quality| quality.flags.iter().map(row).collect())
}

fn media(report: &Report) -> Vec<Vec<Cell>> {
    let Some(publication) = &report.result.publication else {
        return Vec::new();
    };
    let row = |medium: &pb::Medium| {
        vec![
            Cell::text(&publication.publish_date),
            Cell::text(&medium.kind),
            Cell::text(&medium.description),
            Cell::text(&medium.link),
        ]
    };
    publication.media.iter().map(row).collect()
}

fn plan(report: &Report) -> Vec<Vec<Cell>> {
    let Ok(plan) = &report.plan else { return Vec::new() };
    let row = |item: &pb::FollowUp| {
        let figures = vec![
            Cell::text(&item.program),
            Cell::text(&item.quarter),
            Cell::text(&item.responsible),
            Cell::text(labels::yes(!item.done_date.is_empty())),
            Cell::text(&item.done_date),
            Cell::text(&item.evidence),
            Cell::text(&item.note),
        ];
        [element(report, &item.element), figures].concat()
    };
    plan.items.iter().map(row).collect()
}
