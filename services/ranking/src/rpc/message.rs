//! Messages of league tables and standings: a table without its rows, and a row.

use prima_platform::number;
use prima_proto::{name, ranking::v1};

use crate::domain::{
    LeagueTables, Row, Status, Table, TableKey, Unranked,
    definition::{Better, Column, Words},
};

/// A table without its rows; without members when there is no such table.
pub fn table(tables: &LeagueTables, key: &TableKey) -> v1::LeagueTable {
    let table = tables.table(key);
    let mean = tables.mean(key);
    let definition = tables.definition_of(&key.metric);
    let name = definition.is_defined().then(|| name::TableDefinition {
        metric: key.metric.clone(),
        version: definition.version.to_string(),
    });
    let [unit, sample] = [&definition.unit, &definition.sample].map(Words::or_empty);
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    v1::LeagueTable {
        name: key.to_string(),
        metric: key.metric.clone(),
        period: key.period.clone(),
        cohort: key.cohort.clone(),
        ranked: count(table.map_or(0, Table::ranked)),
        unranked: count(table.map_or(0, Table::unranked)),
        mean: mean
            .as_ref()
            .map(|m| number::decimal(m, definition.decimals))
            .unwrap_or_default(),
        mean_fraction: mean.as_ref().map(number::fraction).unwrap_or_default(),
        cohort_display_name: tables.cohort_display_name(key).unwrap_or_default(),
        expected: count(tables.expected(key)),
        as_of: None,
        known_at: None,
        hash: String::new(),
        title: definition.title.id.clone(),
        title_en: definition.title.en.clone(),
        unit: unit.id,
        unit_en: unit.en,
        definition: name.map(|name| name.to_string()).unwrap_or_default(),
        columns: definition
            .columns(&key.cohort)
            .into_iter()
            .map(|shown| column(shown).into())
            .collect(),
        higher_is_better: definition.better == Better::Higher,
        sample_title: sample.id,
        sample_title_en: sample.en,
    }
}

fn column(column: Column) -> v1::LeagueTableColumn {
    match column {
        Column::Agency => v1::LeagueTableColumn::Agency,
        Column::Category => v1::LeagueTableColumn::Category,
        Column::Sample => v1::LeagueTableColumn::Sample,
        Column::Units => v1::LeagueTableColumn::Units,
    }
}

/// A row.
pub fn row(row: Row) -> v1::LeagueRow {
    let status = match row.score.status {
        Status::Provisional => v1::ScoreStatus::Provisional,
        Status::Final => v1::ScoreStatus::Final,
    };
    let unranked = match row.unranked {
        None => v1::UnrankedReason::Unspecified,
        Some(Unranked::SampleTooSmall) => v1::UnrankedReason::SampleTooSmall,
        Some(Unranked::NoValue) => v1::UnrankedReason::NoValue,
        Some(Unranked::TooFew) => v1::UnrankedReason::TooFew,
        Some(Unranked::UnitsMissing) => v1::UnrankedReason::UnitsMissing,
        Some(Unranked::DefinitionUnreadable) => v1::UnrankedReason::DefinitionUnreadable,
        Some(Unranked::UnitsUnfit) => v1::UnrankedReason::UnitsUnfit,
    };
    v1::LeagueRow {
        units_fit: row.units.fit,
        units_recorded: row.units.recorded,
        units_required: row.units_required,
        rank: row.rank.and_then(|r| i64::try_from(r).ok()).unwrap_or(0),
        subject: row.subject.to_string(),
        display_name: row.display_name,
        agency_display_name: row.agency_display_name,
        score: row.score.value,
        category: row.score.category,
        category_display_name: row.score.category_display_name,
        respondents: row.score.sample_size,
        minimum_respondents: row.score.sample_minimum,
        status: status.into(),
        unranked_reason: unranked.into(),
        units_counted: row.score.units_counted,
        units_expected: row.score.units_expected,
        version: row.version,
        recorded: row.score.recorded,
        counted: row.score.counted,
        pending: row.score.pending,
        in_question: row.score.in_question,
        score_with_questioned: row.score.value_with_questioned.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        LeagueTables,
        tests::{key, score, unit, unit_name},
    };

    #[test]
    fn a_reason_has_the_number_by_which_rows_are_ordered() {
        let mut tables = LeagueTables::default();
        tables.unit(unit_name("11/a"), 1, unit("clinic"));
        tables.score("survey", 1, score("11/a", "90")).unwrap();
        let first = tables.rows(&key("clinic"), 0, 1).unwrap().remove(0);
        for reason in [
            Unranked::SampleTooSmall,
            Unranked::UnitsMissing,
            Unranked::UnitsUnfit,
            Unranked::TooFew,
            Unranked::NoValue,
        ] {
            let message = row(Row {
                unranked: Some(reason),
                ..first.clone()
            });
            assert_eq!(message.unranked_reason, i32::from(reason.number()));
        }
    }
}
