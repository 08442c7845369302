//! The score of an agency in a period: the mean of its units, recomputed when it is flagged as dirty.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
    str::FromStr,
};

use prima_platform::{
    db::{Column as Type, Txn, sql, table},
    derived,
    failure::Failure,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QuerySelect, QueryTrait,
    Value, entity::prelude::*, sea_query::UnionType,
};

use super::{rows, unit_score};

/// The kind of these derived figures in the table of dirty flags.
pub const KIND: &str = "agency-score";

/// An agency in a period; as text `<agency>/<period>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, FromQueryResult)]
pub struct AgencyPeriod {
    /// Id of the agency.
    pub agency: String,
    /// Period.
    pub period: String,
}

impl AgencyPeriod {
    /// A period of an agency.
    pub fn of(agency: &str, period: &str) -> Self {
        Self {
            agency: agency.to_owned(),
            period: period.to_owned(),
        }
    }

    /// The key that stands for every period in which the agency has a score.
    pub fn all(agency: &str) -> Self {
        Self::of(agency, "")
    }

    /// Whether it stands for every period.
    pub fn is_all(&self) -> bool {
        self.period.is_empty()
    }

    fn row(&self) -> [Value; 2] {
        [self.agency.clone().into(), self.period.clone().into()]
    }
}

impl fmt::Display for AgencyPeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.agency, self.period)
    }
}

impl FromStr for AgencyPeriod {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        let parts = text
            .split_once('/')
            .map(|(agency, period)| Self::of(agency, period));
        parts.ok_or_else(|| Failure::internal(format!("{text} names no agency and period")))
    }
}

/// Flags scores of agencies as dirty.
pub async fn agencies_mark_in_txn(txn: &Txn, keys: &BTreeSet<AgencyPeriod>) -> Result<(), DbErr> {
    derived::flag_dirty_in_txn(txn, KIND, keys.iter().map(ToString::to_string)).await
}

/// A row of the table `agency_score`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "agency_score")]
pub struct Model {
    /// Id of the agency.
    #[sea_orm(primary_key, auto_increment = false)]
    pub agency: String,
    /// Period.
    #[sea_orm(primary_key, auto_increment = false)]
    pub period: String,
    /// Version, which is raised by locking the row.
    pub version: i64,
    /// 1 when a score was published.
    pub published: i64,
    /// End of the period, when the score may become final, unix microseconds.
    pub settles_at: Option<i64>,
}

prima_platform::no_relations!();

impl Model {
    fn key(&self) -> AgencyPeriod {
        AgencyPeriod::of(&self.agency, &self.period)
    }
}

/// Scores whose period has ended since they were computed.
pub async fn agencies_settling(conn: &impl ConnectionTrait, now: i64) -> Result<Vec<AgencyPeriod>, DbErr> {
    let ended = Entity::find()
        .filter(Column::SettlesAt.lte(now))
        .all(conn)
        .await?;
    Ok(ended.iter().map(Model::key).collect())
}

/// Locks the rows in the order of their keys by taking the next version of each; missing rows are inserted.
pub async fn agency_scores_lock_in_txn(
    txn: &Txn,
    keys: &BTreeSet<AgencyPeriod>,
    now_millis: i64,
) -> Result<BTreeMap<AgencyPeriod, Model>, DbErr> {
    let columns = [Column::Agency, Column::Period];
    let keys = keys.iter().map(AgencyPeriod::row);
    let rows = rows::lock_in_txn::<Entity, _>(txn, columns, keys, now_millis).await?;
    Ok(rows.into_iter().map(|row| (row.key(), row)).collect())
}

/// Saves the scores that were computed under their locks.
pub async fn agency_scores_save_in_txn(txn: &Txn, scores: &[Model]) -> Result<(), DbErr> {
    use Column::*;
    rows::update_in_txn::<Entity, _>(txn, [Agency, Period, Published, SettlesAt], 2, scores).await
}

/// One unit that the directory has published, with its score if it has one.
#[derive(Debug, Clone, FromQueryResult)]
pub struct UnitInput {
    /// Id of the unit.
    pub unit: String,
    /// Last day of service of the unit, `YYYY-MM-DD`; empty while it is active.
    pub close_date: String,
    /// Exact score as a fraction.
    pub exact: Option<String>,
    /// Whether all its surveys of the period are closed.
    #[sea_orm(from_alias = "final")]
    pub settled: Option<i64>,
    /// Number of responses behind it.
    pub respondents: Option<i64>,
    /// Number of people whose response or void is not in it yet.
    pub pending: Option<i64>,
    /// Number of responses in question, which are not in it.
    pub in_question: Option<i64>,
    /// Exact score as a fraction if those were accepted.
    pub exact_with_questioned: Option<String>,
    /// Whether the score was recorded instead of computed.
    pub recorded: Option<i64>,
    /// Instrument and version.
    pub instrument: Option<String>,
}

#[derive(Debug, FromQueryResult)]
struct InputRow {
    #[sea_orm(nested)]
    key: AgencyPeriod,
    #[sea_orm(nested)]
    input: UnitInput,
}

/// The units of agencies that the directory has published, in the order of their ids. The statement is written by hand,
/// because it joins the keys as a table of their own.
pub async fn agency_inputs(
    txn: &Txn,
    keys: &BTreeSet<AgencyPeriod>,
) -> Result<HashMap<AgencyPeriod, Vec<UnitInput>>, DbErr> {
    let (from, values) = table(txn, [Type::Text; 2], keys.iter().map(AgencyPeriod::row), 0);
    let text = format!(
        "SELECT v.column1 AS agency, v.column2 AS period, d.unit, d.close_date, s.exact, s.final, s.respondents,
                s.instrument, s.pending, s.recorded, s.in_question, s.exact_with_questioned
         FROM {from} JOIN directory_unit d ON d.agency = v.column1
         LEFT JOIN unit_score s ON s.agency = d.agency AND s.unit = d.unit AND s.period = v.column2
         ORDER BY d.unit"
    );
    let rows = InputRow::find_by_statement(sql(txn, &text, values))
        .all(txn)
        .await?;
    let mut inputs: HashMap<AgencyPeriod, Vec<UnitInput>> = HashMap::new();
    for row in rows {
        inputs.entry(row.key).or_default().push(row.input);
    }
    Ok(inputs)
}

/// Periods in which an agency or one of its units has a score.
pub async fn agency_periods(txn: &Txn, agency: &str) -> Result<BTreeSet<String>, DbErr> {
    let periods = Entity::find().select_only().column(Column::Period);
    let mut periods = periods.filter(Column::Agency.eq(agency));
    let of_units = unit_score::Entity::find()
        .select_only()
        .column(unit_score::Column::Period);
    let of_units = of_units
        .filter(unit_score::Column::Agency.eq(agency))
        .into_query();
    QueryTrait::query(&mut periods).union(UnionType::Distinct, of_units);
    let periods: Vec<String> = periods.into_tuple().all(txn).await?;
    Ok(periods.into_iter().collect())
}
