//! Responses: they are inserted many at a time, each at most once. Voiding removes one from every figure, but does not
//! delete it.

use std::collections::{HashMap, HashSet};

use prima_platform::db::{Column as Type, Txn, sql, table};
use prima_proto::name;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, DbErr, EntityTrait, FromQueryResult, QueryFilter,
    QuerySelect, QueryTrait, entity::prelude::*, sea_query::SelectStatement,
};

use super::rows::{self, Cell};

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
    /// Keyed digest of the response as parsed; without a key while an earlier release's is not replaced yet.
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
    /// Responses that were in the figures of the survey when it was stored, as its sender was told; `None` for one of many that
    /// an agent sent together, and instead of 0.
    pub counted: Option<i64>,
    /// Responses that were known to wait then, with this one.
    pub pending: Option<i64>,
    /// Number of its quarantine; negative since it was accepted. `None` when it was in none.
    pub quarantine: Option<i64>,
}

prima_platform::no_relations!();

/// The condition that a response is in no quarantine that waits for a decision or was voided.
pub const NOT_IN_QUESTION: &str = "(quarantine IS NULL OR quarantine < 0)";

/// The same for a query that is built.
pub fn not_in_question() -> Condition {
    Condition::any()
        .add(Column::Quarantine.is_null())
        .add(Column::Quarantine.lt(0))
}

/// The columns of a new response.
const NEW: [Column; 22] = {
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
        Counted,
        Pending,
    ]
};

/// The key of a response.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, FromQueryResult)]
pub struct Key {
    /// The survey.
    pub survey_id: i64,
    /// Id within it.
    pub response_id: String,
}

impl Model {
    /// The values of the columns [`NEW`].
    fn cells(&self) -> [Cell<'_>; NEW.len()] {
        [
            self.survey_id.into(),
            (&self.response_id).into(),
            (&self.digest).into(),
            self.submitted_at.into(),
            self.accepted_at.into(),
            self.batch.into(),
            (&self.answers).into(),
            self.sex.as_ref().into(),
            self.age.into(),
            self.age_group.as_ref().into(),
            self.education.as_ref().into(),
            self.occupation.as_ref().into(),
            self.service.as_ref().into(),
            self.channel.as_ref().into(),
            self.hour_band.as_ref().into(),
            (&self.source).into(),
            self.token.as_ref().into(),
            self.counter.into(),
            self.device.as_ref().into(),
            self.import_id.as_ref().into(),
            self.counted.into(),
            self.pending.into(),
        ]
    }

    /// The key of the response.
    pub fn key(&self) -> Key {
        Key {
            survey_id: self.survey_id,
            response_id: self.response_id.clone(),
        }
    }
}

/// Inserts the rows that do not exist yet, and returns the keys of those that were skipped. Keys in `rows` are
/// distinct. A row whose key, token or counter is already in use is skipped; of rows with the same token or counter the
/// first is inserted. Keys are read back only when a row was skipped. If `known` is false, a row to be skipped is a unique
/// violation instead.
pub async fn response_insert_in_txn(txn: &Txn, rows: &[&Model], known: bool) -> Result<HashSet<Key>, DbErr> {
    let (mut skipped, mut rows) = (HashSet::new(), rows.to_vec());
    // In the order of the keys, those of a survey are near to each other in the index. The order matters to nothing else
    // where no two rows can have the same token or counter.
    if rows
        .iter()
        .all(|row| row.token.is_none() && row.counter.is_none())
    {
        rows.sort_unstable_by(|a, b| (a.survey_id, &a.response_id).cmp(&(b.survey_id, &b.response_id)));
    }
    let cells: Vec<_> = rows.iter().map(|row| row.cells()).collect();
    let mut rest = &*rows;
    for part in rows::parts(txn, &cells) {
        let (rows, later) = rest.split_at(part.len());
        rest = later;
        if !known {
            txn.execute_raw(rows::insert::<Entity, _>(txn, NEW, part, ""))
                .await?;
        } else if let Some(inserted) = part_insert_in_txn(txn, part).await? {
            let keys = rows.iter().map(|row| row.key());
            skipped.extend(keys.filter(|key| !inserted.contains(key)));
        }
    }
    Ok(skipped)
}

/// The last row of the table on SQLite, where the rows of a later INSERT have higher numbers.
#[derive(Debug, FromQueryResult)]
struct Last {
    last: i64,
}

/// The outcome of an INSERT on PostgreSQL: the number of inserted rows, with the key of each unless all were inserted.
#[derive(Debug, FromQueryResult)]
struct Inserted {
    inserted: i64,
    survey_id: Option<i64>,
    response_id: Option<String>,
}

/// Inserts rows; returns the keys of those that were inserted, `None` when all were.
async fn part_insert_in_txn(
    txn: &Txn,
    rows: &[[Cell<'_>; NEW.len()]],
) -> Result<Option<HashSet<Key>>, DbErr> {
    let conflict = "ON CONFLICT DO NOTHING";
    if txn.get_database_backend() == DbBackend::Postgres {
        let tail = format!("{conflict} RETURNING survey_id, response_id");
        let mut insert = rows::insert::<Entity, _>(txn, NEW, rows, &tail);
        insert.sql = format!(
            "WITH stored AS ({}), total AS (SELECT COUNT(*) AS inserted FROM stored)
             SELECT inserted, survey_id, response_id FROM total LEFT JOIN stored ON inserted < ${}",
            insert.sql,
            NEW.len() + 1
        );
        let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        if let Some(values) = &mut insert.values {
            values.0.push(count.into());
        }
        let outcome = Inserted::find_by_statement(insert).all(txn).await?;
        let count = outcome.first().map_or(0, |first| first.inserted);
        if usize::try_from(count) == Ok(rows.len()) {
            return Ok(None);
        }
        let key = |row: Inserted| {
            Some(Key {
                survey_id: row.survey_id?,
                response_id: row.response_id?,
            })
        };
        return Ok(Some(outcome.into_iter().filter_map(key).collect()));
    }
    let last = sql(txn, "SELECT COALESCE(MAX(rowid), 0) AS last FROM response", []);
    let last = Last::find_by_statement(last)
        .one(txn)
        .await?
        .map_or(0, |row| row.last);
    let insert = rows::insert::<Entity, _>(txn, NEW, rows, conflict);
    let count = txn.execute_raw(insert).await?.rows_affected();
    if usize::try_from(count) == Ok(rows.len()) {
        return Ok(None);
    }
    let text = "SELECT survey_id, response_id FROM response WHERE rowid > $1";
    let new = Key::find_by_statement(sql(txn, text, [last.into()]))
        .all(txn)
        .await?;
    Ok(Some(new.into_iter().collect()))
}

/// A response with a digest that is not keyed.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Unkeyed {
    /// Its key.
    #[sea_orm(nested)]
    pub key: Key,
    /// That digest.
    pub digest: Vec<u8>,
}

/// A response with its keyed digest.
#[derive(Debug, Clone)]
pub struct Rekeyed {
    /// The response.
    pub row: Unkeyed,
    /// That digest.
    pub keyed: Vec<u8>,
}

/// The next responses after `after` whose digest is not keyed, in the order of their keys. The condition is that of the
/// partial index.
pub async fn digests_unkeyed(
    conn: &impl ConnectionTrait,
    after: &Key,
    limit: u64,
) -> Result<Vec<Unkeyed>, DbErr> {
    let text = "SELECT survey_id, response_id, digest FROM response
                WHERE LENGTH(digest) = 16 AND (survey_id, response_id) > ($1, $2)
                ORDER BY survey_id, response_id LIMIT $3";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values = [
        after.survey_id.into(),
        after.response_id.as_str().into(),
        limit.into(),
    ];
    Unkeyed::find_by_statement(sql(conn, text, values))
        .all(conn)
        .await
}

/// Stores keyed digests in place of those that are still stored.
pub async fn digests_rekey_in_txn(txn: &Txn, rows: &[Rekeyed]) -> Result<(), DbErr> {
    let types = [Type::Int, Type::Text, Type::Bytes, Type::Bytes];
    let values = rows.iter().map(|one| {
        let Unkeyed { key, digest } = &one.row;
        [
            key.survey_id.into(),
            key.response_id.as_str().into(),
            digest.clone().into(),
            one.keyed.clone().into(),
        ]
    });
    let (from, values) = table(txn, types, values, 0);
    let text = format!(
        "UPDATE response SET digest = v.column4 FROM {from}
         WHERE survey_id = v.column1 AND response_id = v.column2 AND digest = v.column3"
    );
    txn.execute_raw(sql(txn, &text, values)).await.map(drop)
}

/// The stored values with which a repeat of a response is compared.
#[derive(Debug, Clone, FromQueryResult)]
pub struct First {
    #[sea_orm(nested)]
    key: Key,
    /// As in the row of the response.
    pub digest: Vec<u8>,
    /// When it was accepted, unix microseconds.
    pub accepted_at: i64,
    /// `agent`, `link`, `token:<batch>` or `kiosk:<device>`.
    pub source: String,
    /// Number of its void; `None` when it is not voided.
    pub voided: Option<i64>,
    /// Responses in the figures when it was stored.
    pub counted: Option<i64>,
    /// Responses that waited then.
    pub pending: Option<i64>,
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
            "SELECT r.survey_id, r.response_id, r.digest, r.accepted_at, r.source, r.voided, r.counted, r.pending
             FROM {from}
             JOIN response r ON r.survey_id = v.column1 AND r.response_id = v.column2"
        );
        let rows = First::find_by_statement(sql(txn, &text, values)).all(txn).await?;
        found.extend(rows.into_iter().map(|first| (first.key.clone(), first)));
    }
    Ok(found)
}

/// A response by its id.
pub async fn response_get(
    conn: &impl ConnectionTrait,
    survey: i64,
    id: &str,
) -> Result<Option<Model>, DbErr> {
    let one = Entity::find().filter(Column::SurveyId.eq(survey));
    one.filter(Column::ResponseId.eq(id)).one(conn).await
}

/// A response by the digest of the token that it came with.
pub async fn response_by_token(
    conn: &impl ConnectionTrait,
    survey: i64,
    token: &[u8],
) -> Result<Option<Model>, DbErr> {
    let one = Entity::find().filter(Column::SurveyId.eq(survey));
    // The second condition is that of the partial index.
    let one = one
        .filter(Column::Token.eq(token))
        .filter(Expr::cust("token IS NOT NULL"));
    one.one(conn).await
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

/// Selects the responses of an import that are not voided, of the survey in the outer query.
pub(super) fn of_import(import: &str) -> SelectStatement {
    let responses = Entity::find().select_only().column(Column::ResponseId);
    responses
        .filter(Column::ImportId.eq(import))
        .filter(Column::Voided.is_null())
        .filter(Expr::cust("survey_id = survey.id"))
        .into_query()
}

/// Marks these responses of a locked survey as voided by this void, except those that are already voided.
pub async fn responses_void_in_txn(txn: &Txn, survey: i64, ids: &[String], number: i64) -> Result<(), DbErr> {
    void_in_txn(txn, of(survey, ids), number).await
}

/// Marks the responses of an import into a locked survey as voided by this void, except those that are already voided.
pub async fn import_void_in_txn(txn: &Txn, survey: i64, import: &str, number: i64) -> Result<(), DbErr> {
    let of = Condition::all()
        .add(Column::SurveyId.eq(survey))
        .add(Column::ImportId.eq(import));
    void_in_txn(txn, of, number).await
}

async fn void_in_txn(txn: &Txn, which: Condition, number: i64) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::Voided, number.into())
        .filter(which)
        .filter(Column::Voided.is_null())
        .exec(txn)
        .await
        .map(drop)
}

/// Names of the other surveys of a unit that have counted responses of this import, at most five.
pub async fn surveys_with_import(
    conn: &impl ConnectionTrait,
    id: i64,
    unit: &name::Unit,
    import_id: &str,
) -> Result<Vec<String>, DbErr> {
    let text = "SELECT name FROM survey WHERE agency = $1 AND unit = $2 AND id <> $3 AND EXISTS (SELECT 1 FROM response
        WHERE survey_id = survey.id AND import_id = $4 AND voided IS NULL) ORDER BY name LIMIT 5";
    let (agency, unit) = (unit.agency.as_str(), unit.unit.as_str());
    let values = [agency.into(), unit.into(), id.into(), import_id.into()];
    let rows = Holder::find_by_statement(sql(conn, text, values))
        .all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| row.name).collect())
}

#[derive(Debug, FromQueryResult)]
struct Holder {
    name: String,
}
