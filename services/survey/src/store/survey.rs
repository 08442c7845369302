//! Surveys.

use std::{collections::BTreeSet, str::FromStr};

use prima_platform::{
    clock::{from_micros, micros},
    db::{Column as Type, Txn, broken, sql, table},
};
use prima_proto::name;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, FromQueryResult,
    QueryFilter, QueryOrder, QuerySelect, Set, Value, entity::prelude::*, sea_query::Expr,
};

use super::{
    element::elements_insert_in_txn,
    json,
    unit_score::{UnitPeriod, key_row},
};
use crate::domain::{
    disclosure::Disclosed, index::WeightVariant, moments::Moments, period::Period, survey::Survey,
};

/// A row of the table `survey`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "survey")]
pub struct Model {
    /// Counted up by the database.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Resource name.
    pub name: String,
    /// Id of the agency.
    pub agency: String,
    /// Id of the unit.
    pub unit: String,
    /// Title.
    pub display_name: String,
    /// Period.
    pub period: String,
    /// Instrument and version.
    pub instrument: String,
    /// Weight variant.
    pub weights: String,
    /// Elements asked, JSON.
    pub asked: String,
    /// Opening, unix microseconds.
    pub open_at: Option<i64>,
    /// Closing, unix microseconds.
    pub close_at: Option<i64>,
    /// When it was closed, unix microseconds.
    pub closed_at: Option<i64>,
    /// Declared population; 0 when none.
    pub population: i64,
    /// Declared populations per public service, JSON.
    pub populations: String,
    /// How responses may come in, JSON.
    pub access: String,
    /// Version of the definition; it does not move with responses.
    pub etag: i64,
    /// Version of the result; the row is locked by taking the next one.
    pub version: i64,
    /// Responses counted.
    pub respondents: i64,
    /// Responses voided.
    pub voided: i64,
    /// Moments of the responses counted.
    pub moments: String,
    /// Version at which figures were disclosed last.
    pub disclosed_version: i64,
    /// Responses counted then.
    pub disclosed_respondents: i64,
    /// Responses added or voided since.
    pub undisclosed: i64,
    /// Moments then.
    pub disclosed_moments: String,
    /// Creation, unix microseconds.
    pub created_at: i64,
    /// Last change of the definition, unix microseconds.
    pub updated_at: i64,
    /// Last change of the result, unix microseconds.
    pub counted_at: i64,
}

prima_platform::no_relations!();

/// A survey as stored, with its result's sums.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Key in the database.
    pub id: i64,
    /// The definition.
    pub survey: Survey,
    /// Version of the definition.
    pub etag: i64,
    /// Version of the result.
    pub version: i64,
    /// Responses counted.
    pub respondents: i64,
    /// Responses voided.
    pub voided: i64,
    /// Moments of the responses counted.
    pub moments: Moments,
    /// What of them is disclosed.
    pub disclosed: Disclosed,
    /// Creation, unix microseconds.
    pub created_at: i64,
    /// Last change of the definition, unix microseconds.
    pub updated_at: i64,
    /// Last change of the result, unix microseconds.
    pub counted_at: i64,
}

impl Stored {
    /// Takes everything that is counted as disclosed with this version.
    pub fn disclose(&mut self) {
        self.disclosed = Disclosed {
            version: self.version,
            respondents: self.respondents,
            undisclosed: 0,
            moments: self.moments.clone(),
        };
    }
}

impl TryFrom<Model> for Stored {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        let broken = |column| broken(&row.name, column);
        let survey = Survey {
            name: name::Survey::parse(&row.name).map_err(|_| broken("name"))?,
            display_name: row.display_name,
            period: Period::from_str(&row.period).map_err(|_| broken("period"))?,
            instrument: row.instrument,
            weights: WeightVariant::from_str(&row.weights).map_err(|_| broken("weights"))?,
            asked: serde_json::from_str(&row.asked).map_err(|_| broken("elements"))?,
            open_at: row.open_at.map(from_micros),
            close_at: row.close_at.map(from_micros),
            closed_at: row.closed_at.map(from_micros),
            population: row.population,
            service_populations: serde_json::from_str(&row.populations).map_err(|_| broken("populations"))?,
            access: serde_json::from_str(&row.access).map_err(|_| broken("access modes"))?,
        };
        let moments = |text: &str| Moments::parse(text, survey.asked.len()).ok_or_else(|| broken("moments"));
        Ok(Self {
            id: row.id,
            moments: moments(&row.moments)?,
            disclosed: Disclosed {
                version: row.disclosed_version,
                respondents: row.disclosed_respondents,
                undisclosed: row.undisclosed,
                moments: moments(&row.disclosed_moments)?,
            },
            survey,
            etag: row.etag,
            version: row.version,
            respondents: row.respondents,
            voided: row.voided,
            created_at: row.created_at,
            updated_at: row.updated_at,
            counted_at: row.counted_at,
        })
    }
}

fn definition(survey: &Survey) -> Result<ActiveModel, DbErr> {
    Ok(ActiveModel {
        name: Set(survey.name.to_string()),
        agency: Set(survey.name.unit.agency.clone()),
        unit: Set(survey.name.unit.unit.clone()),
        display_name: Set(survey.display_name.clone()),
        period: Set(survey.period.to_string()),
        instrument: Set(survey.instrument.clone()),
        weights: Set(survey.weights.as_str().to_owned()),
        asked: Set(json(&survey.asked)?),
        open_at: Set(survey.open_at.map(micros)),
        close_at: Set(survey.close_at.map(micros)),
        closed_at: Set(survey.closed_at.map(micros)),
        population: Set(survey.population),
        populations: Set(json(&survey.service_populations)?),
        access: Set(json(&survey.access)?),
        ..Default::default()
    })
}

/// Stores a new survey and its tallies, all of them empty; fails with a unique violation when the name is taken.
pub async fn survey_insert_in_txn(
    txn: &Txn,
    survey: &Survey,
    version: i64,
    now: i64,
) -> Result<Stored, DbErr> {
    let row = ActiveModel {
        etag: Set(version),
        version: Set(version),
        created_at: Set(now),
        updated_at: Set(now),
        counted_at: Set(now),
        ..definition(survey)?
    };
    let row = row.insert(txn).await?;
    elements_insert_in_txn(txn, row.id, &survey.asked).await?;
    row.try_into()
}

/// Saves the definition of a survey under its new etag.
pub async fn survey_save_in_txn(txn: &Txn, stored: &Stored) -> Result<(), DbErr> {
    let row = ActiveModel {
        id: Set(stored.id),
        etag: Set(stored.etag),
        updated_at: Set(stored.updated_at),
        ..definition(&stored.survey)?
    };
    row.update(txn).await.map(drop)
}

/// Locks surveys, in order of name, by taking the next version of each; those that don't exist are left out. Intake's
/// statements, each prepared once for any number of surveys.
pub async fn surveys_lock_in_txn(txn: &Txn, names: &[String], now_millis: i64) -> Result<Vec<Stored>, DbErr> {
    let (from, mut values) = table(txn, [Type::Text], names.iter().map(|n| [n.clone().into()]), 0);
    if txn.get_database_backend() == DbBackend::Postgres && names.len() > 1 {
        // An UPDATE alone locks in any order.
        let text = format!(
            "SELECT 1 FROM {from} JOIN survey ON name = v.column1 ORDER BY name FOR UPDATE OF survey"
        );
        txn.execute_raw(sql(txn, &text, values.clone())).await?;
    }
    values.push(now_millis.into());
    let now = values.len();
    let text = format!(
        "UPDATE survey SET version = CASE WHEN version + 1 > ${now} THEN version + 1 ELSE ${now} END
         FROM {from} WHERE name = v.column1 RETURNING *"
    );
    let rows = Model::find_by_statement(sql(txn, &text, values)).all(txn).await?;
    rows.into_iter().map(Stored::try_from).collect()
}

/// Locks one survey; `None` when it does not exist.
pub async fn survey_lock_in_txn(txn: &Txn, name: &str, now_millis: i64) -> Result<Option<Stored>, DbErr> {
    let locked = surveys_lock_in_txn(txn, &[name.to_owned()], now_millis).await?;
    Ok(locked.into_iter().next())
}

/// Holds the survey's row until the transaction ends, at the version it has: its result does not change.
pub async fn survey_hold_in_txn(txn: &Txn, name: &str) -> Result<Option<Stored>, DbErr> {
    let rows = Entity::update_many()
        .col_expr(Column::Version, Expr::col(Column::Version))
        .filter(Column::Name.eq(name))
        .exec_with_returning(txn)
        .await?;
    rows.into_iter().next().map(Stored::try_from).transpose()
}

const SUMS: [Type; 7] = {
    use Type::{Int, Text};
    [Int, Int, Int, Text, Int, Int, Int]
};

/// Saves the sums of surveys that are locked: survey, respondents, voided, moments, whether they are disclosed, version,
/// undisclosed. All of intake's surveys at once, each with its own numbers.
pub(super) async fn survey_sums_save_in_txn(txn: &Txn, sums: &[[Value; 7]], now: i64) -> Result<(), DbErr> {
    let (from, mut values) = table(txn, SUMS, sums.iter().cloned(), 0);
    values.push(now.into());
    let text = format!(
        "UPDATE survey SET respondents = v.column2, voided = v.column3, moments = v.column4,
            disclosed_version = CASE WHEN v.column5 = 1 THEN v.column6 ELSE disclosed_version END,
            disclosed_respondents = CASE WHEN v.column5 = 1 THEN v.column2 ELSE disclosed_respondents END,
            disclosed_moments = CASE WHEN v.column5 = 1 THEN v.column4 ELSE disclosed_moments END,
            undisclosed = v.column7, counted_at = ${}
         FROM {from} WHERE id = v.column1",
        values.len()
    );
    txn.execute_raw(sql(txn, &text, values)).await.map(drop)
}

/// Discloses the sums of a survey that is locked.
pub(super) async fn survey_disclose_in_txn(txn: &Txn, id: i64) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::DisclosedVersion, Expr::col(Column::Version))
        .col_expr(Column::DisclosedRespondents, Expr::col(Column::Respondents))
        .col_expr(Column::DisclosedMoments, Expr::col(Column::Moments))
        .col_expr(Column::Undisclosed, Expr::value(0_i64))
        .filter(Column::Id.eq(id))
        .exec(txn)
        .await
        .map(drop)
}

/// A survey by its name.
pub async fn survey_get(conn: &impl ConnectionTrait, name: &str) -> Result<Option<Stored>, DbErr> {
    Entity::find()
        .filter(Column::Name.eq(name))
        .one(conn)
        .await?
        .map(Stored::try_from)
        .transpose()
}

/// Every survey of these units and periods, ordered by name. Intake's statement, prepared once for any number of them.
pub async fn surveys_of(txn: &Txn, keys: &BTreeSet<UnitPeriod>) -> Result<Vec<Stored>, DbErr> {
    let (from, values) = table(txn, [Type::Text; 3], keys.iter().map(key_row), 0);
    let text = format!(
        "SELECT survey.* FROM {from} JOIN survey ON agency = v.column1 AND unit = v.column2 AND period = v.column3
         ORDER BY name"
    );
    let rows = Model::find_by_statement(sql(txn, &text, values)).all(txn).await?;
    rows.into_iter().map(Stored::try_from).collect()
}

/// Which surveys to list; an empty text means any.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Id of the agency.
    pub agency: String,
    /// Id of the unit.
    pub unit: String,
    /// Period.
    pub period: String,
    /// Only names after this one.
    pub after: String,
    /// Rows at most.
    pub limit: u64,
}

/// Surveys ordered by name.
pub async fn survey_page(conn: &impl ConnectionTrait, filter: &Filter) -> Result<Vec<Stored>, DbErr> {
    let mut query = Entity::find().filter(Column::Name.gt(filter.after.as_str()));
    for (column, value) in [
        (Column::Agency, &filter.agency),
        (Column::Unit, &filter.unit),
        (Column::Period, &filter.period),
    ] {
        if !value.is_empty() {
            query = query.filter(column.eq(value.as_str()));
        }
    }
    let rows = query
        .order_by_asc(Column::Name)
        .limit(filter.limit)
        .all(conn)
        .await?;
    rows.into_iter().map(Stored::try_from).collect()
}

/// The other surveys of a unit and period.
pub async fn survey_siblings(txn: &Txn, survey: &Survey) -> Result<Vec<Stored>, DbErr> {
    let rows = Entity::find()
        .filter(Column::Agency.eq(survey.name.unit.agency.as_str()))
        .filter(Column::Unit.eq(survey.name.unit.unit.as_str()))
        .filter(Column::Period.eq(survey.period.as_str()))
        .filter(Column::Name.ne(survey.name.to_string()))
        .all(txn)
        .await?;
    rows.into_iter().map(Stored::try_from).collect()
}

/// Names of surveys whose closing time has come, at most `limit`.
pub async fn survey_due(conn: &impl ConnectionTrait, now: i64, limit: u64) -> Result<Vec<String>, DbErr> {
    Entity::find()
        .select_only()
        .column(Column::Name)
        .filter(Column::ClosedAt.is_null())
        .filter(Column::CloseAt.lte(now))
        .order_by_asc(Column::CloseAt)
        .limit(limit)
        .into_tuple()
        .all(conn)
        .await
}
