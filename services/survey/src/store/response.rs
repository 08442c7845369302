//! Responses: they are inserted many at a time, each at most once. Voiding removes one from every figure, but does not
//! delete it.

use std::collections::{HashMap, HashSet};

use prima_platform::db::{Column as Type, Txn, at_once, sql, table};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect, entity::prelude::*,
};

use super::rows;

/// A row of the table `response`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "response")]
pub struct Model {
    /// The survey.
    #[sea_orm(primary_key, auto_increment = false)]
    pub survey_id: i64,
    /// Id, unique in the survey: the client's id, followed by the digest of the body when the response came through the
    /// open link.
    #[sea_orm(primary_key, auto_increment = false)]
    pub response_id: String,
    /// Digest of the response as parsed.
    pub digest: Vec<u8>,
    /// When the citizen answered, unix microseconds.
    pub submitted_at: i64,
    /// When it was accepted, unix microseconds.
    pub accepted_at: i64,
    /// Version above all that were counted when the response was stored, and not above the one that counts it.
    pub batch: i64,
    /// One character per element asked; `-` for an element without an answer.
    pub answers: String,
    /// Sex.
    pub sex: Option<String>,
    /// Age in years.
    pub age: Option<i64>,
    /// Age group.
    pub age_group: Option<String>,
    /// Education.
    pub education: Option<String>,
    /// Occupation.
    pub occupation: Option<String>,
    /// Public service received.
    pub service: Option<String>,
    /// How the service was received.
    pub channel: Option<String>,
    /// Hour band.
    pub hour_band: Option<String>,
    /// `agent`, `link`, `token:<batch>` or `kiosk:<device>`.
    pub source: String,
    /// Digest of the token it came with; unique in the survey.
    pub token: Option<Vec<u8>>,
    /// Counter of the kiosk it came from; unique in the survey for that kiosk.
    pub counter: Option<i64>,
    /// Digest of the identifier of the device that was used.
    pub device: Option<Vec<u8>>,
    /// Label of the import it came with.
    pub import_id: Option<String>,
    /// Number of its void; `None` when it is not voided.
    pub voided: Option<i64>,
}

prima_platform::no_relations!();

/// The columns of a new response.
const NEW: [Column; 20] = {
    use Column::*;
    [
        SurveyId,
        ResponseId,
        Digest,
        SubmittedAt,
        AcceptedAt,
        Batch,
        Answers,
        Sex,
        Age,
        AgeGroup,
        Education,
        Occupation,
        Service,
        Channel,
        HourBand,
        Source,
        Token,
        Counter,
        Device,
        ImportId,
    ]
};

/// The key of a response.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, FromQueryResult)]
pub struct Key {
    /// The survey.
    pub survey_id: i64,
    /// Id within it.
    pub response_id: String,
}

impl Model {
    /// The key of the response.
    pub fn key(&self) -> Key {
        Key {
            survey_id: self.survey_id,
            response_id: self.response_id.clone(),
        }
    }
}

/// Inserts the rows that do not exist yet, and returns the keys of those that were inserted. Keys in `rows` are
/// distinct. A row whose key, token or counter is already in use is skipped; of rows with the same token or counter the
/// first is inserted.
pub async fn response_insert_in_txn(txn: &Txn, rows: &[&Model]) -> Result<HashSet<Key>, DbErr> {
    let mut inserted = HashSet::with_capacity(rows.len());
    for part in at_once(txn, rows, NEW.len()) {
        let tail = "ON CONFLICT DO NOTHING RETURNING survey_id, response_id";
        let insert = rows::insert::<Entity, _>(txn, NEW, part.iter().copied(), tail);
        inserted.extend(Key::find_by_statement(insert).all(txn).await?);
    }
    Ok(inserted)
}

/// The stored values with which a repeat of a response is compared.
#[derive(Debug, Clone, FromQueryResult)]
pub struct First {
    #[sea_orm(nested)]
    key: Key,
    /// Digest of the response as parsed.
    pub digest: Vec<u8>,
    /// When it was accepted, unix microseconds.
    pub accepted_at: i64,
    /// `agent`, `link`, `token:<batch>` or `kiosk:<device>`.
    pub source: String,
    /// Number of its void; `None` when it is not voided.
    pub voided: Option<i64>,
}

/// The responses stored under these keys. Keys are passed as one array a column, so that the statement of intake is
/// prepared once.
pub async fn response_find(txn: &Txn, keys: &[Key]) -> Result<HashMap<Key, First>, DbErr> {
    let mut found = HashMap::with_capacity(keys.len());
    for chunk in keys.chunks(1000) {
        let keys = chunk
            .iter()
            .map(|key| [key.survey_id.into(), key.response_id.clone().into()]);
        let (from, values) = table(txn, [Type::Int, Type::Text], keys, 0);
        let text = format!(
            "SELECT r.survey_id, r.response_id, r.digest, r.accepted_at, r.source, r.voided FROM {from}
             JOIN response r ON r.survey_id = v.column1 AND r.response_id = v.column2"
        );
        let rows = First::find_by_statement(sql(txn, &text, values)).all(txn).await?;
        found.extend(rows.into_iter().map(|first| (first.key.clone(), first)));
    }
    Ok(found)
}

/// Tokens used, by number of the batch; a batch without any is left out.
pub async fn tokens_used(conn: &impl ConnectionTrait, survey_id: i64) -> Result<HashMap<i64, i64>, DbErr> {
    let rows: Vec<(String, i64)> = Entity::find()
        .select_only()
        .column(Column::Source)
        .column_as(Column::ResponseId.count(), "used")
        .filter(Column::SurveyId.eq(survey_id))
        .filter(Column::Token.is_not_null())
        .group_by(Column::Source)
        .into_tuple()
        .all(conn)
        .await?;
    let number = |source: &str| source.strip_prefix("token:")?.parse().ok();
    Ok(rows
        .into_iter()
        .filter_map(|(source, used)| Some((number(&source)?, used)))
        .collect())
}

/// Which of these responses a survey has, voided ones included.
pub async fn responses_known(txn: &Txn, survey: i64, ids: &[String]) -> Result<HashSet<String>, DbErr> {
    let known = Entity::find().select_only().column(Column::ResponseId);
    let known: Vec<String> = known.filter(of(survey, ids)).into_tuple().all(txn).await?;
    Ok(known.into_iter().collect())
}

fn of(survey: i64, ids: &[String]) -> Condition {
    let ids = Column::ResponseId.is_in(ids.iter().map(String::as_str));
    Condition::all().add(Column::SurveyId.eq(survey)).add(ids)
}

/// Whether a survey has any response of this import, voided ones included.
pub async fn import_known(txn: &Txn, survey: i64, import: &str) -> Result<bool, DbErr> {
    let row = Entity::find()
        .filter(Column::SurveyId.eq(survey))
        .filter(Column::ImportId.eq(import))
        .one(txn)
        .await?;
    Ok(row.is_some())
}

/// Voids these responses of a locked survey, except those that are already voided. Returns the answers of each response
/// that it voided.
pub async fn responses_void_in_txn(
    txn: &Txn,
    survey: i64,
    ids: &[String],
    number: i64,
) -> Result<Vec<String>, DbErr> {
    let rows = Entity::update_many()
        .col_expr(Column::Voided, number.into())
        .filter(of(survey, ids))
        .filter(Column::Voided.is_null())
        .exec_with_returning(txn)
        .await?;
    Ok(rows.into_iter().map(|row| row.answers).collect())
}

/// Voids the next responses of an import after an id, at most `limit`, except those that are already voided. The survey
/// is locked, so no response is stored meanwhile. Returns id and answers of those that it voided, ordered by id; an
/// empty result is the end.
pub async fn import_void_in_txn(
    txn: &Txn,
    (survey, import): (i64, &str),
    number: i64,
    after: &str,
    limit: u64,
) -> Result<Vec<(String, String)>, DbErr> {
    let next = Condition::all()
        .add(Column::SurveyId.eq(survey))
        .add(Column::ImportId.eq(import))
        .add(Column::ResponseId.gt(after))
        .add(Column::Voided.is_null());
    let page: Vec<(String, String)> = Entity::find()
        .select_only()
        .columns([Column::ResponseId, Column::Answers])
        .filter(next.clone())
        .order_by_asc(Column::ResponseId)
        .limit(limit)
        .into_tuple()
        .all(txn)
        .await?;
    let Some((last, _)) = page.last() else {
        return Ok(page);
    };
    let changed = Entity::update_many()
        .col_expr(Column::Voided, number.into())
        .filter(next)
        .filter(Column::ResponseId.lte(last.as_str()))
        .exec(txn)
        .await?
        .rows_affected;
    if usize::try_from(changed) == Ok(page.len()) {
        return Ok(page);
    }
    Err(DbErr::Custom(format!(
        "voiding {import}: read {} responses, but {changed} changed",
        page.len()
    )))
}
