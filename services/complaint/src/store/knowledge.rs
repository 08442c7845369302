//! The knowledge base: questions and answers in the words of agencies, public. Nothing is deleted.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::{from_micros, micros},
    db::{Txn, sql},
    failure::Failure,
    page::Page,
    vault::Keyring,
};
use prima_proto::name;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};

use super::{
    Lock, SEARCH,
    sealed::{Note, seal},
};

#[derive(Debug, FromQueryResult)]
struct Row {
    id: i64,
    uid: String,
    agency: String,
    topic: String,
    question: String,
    answer: String,
    published_at: i64,
    withdrawn_at: Option<i64>,
}

const COLUMNS: &str = "id, uid, agency, topic, question, answer, published_at, withdrawn_at";

/// An entry as stored.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Key in the database.
    pub id: i64,
    /// Resource name.
    pub name: name::Knowledge,
    /// Id of the agency that answers for it.
    pub agency: String,
    /// Key of the topic.
    pub topic: String,
    /// The question in general words.
    pub question: String,
    /// The answer.
    pub answer: String,
    /// When it was published.
    pub published_at: DateTime<Utc>,
    /// When it was withdrawn.
    pub withdrawn_at: Option<DateTime<Utc>>,
}

impl From<Row> for Stored {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            name: name::Knowledge { entry: row.uid },
            agency: row.agency,
            topic: row.topic,
            question: row.question,
            answer: row.answer,
            published_at: from_micros(row.published_at),
            withdrawn_at: row.withdrawn_at.map(from_micros),
        }
    }
}

/// Publishes an entry (its key is taken from the database) that comes from a consultation, and lets it be found.
pub async fn knowledge_insert(
    txn: &Txn,
    new: &Stored,
    consultation: i64,
    actor: &str,
) -> Result<(), Failure> {
    let values = [
        new.name.entry.clone().into(),
        new.agency.clone().into(),
        new.topic.clone().into(),
        consultation.into(),
        new.question.clone().into(),
        new.answer.clone().into(),
        actor.into(),
        micros(new.published_at).into(),
    ];
    let text =
        "INSERT INTO knowledge (uid, agency, topic, consultation_id, question, answer, actor, published_at,
            withdrawn_by, sealed_key)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', '') RETURNING id";
    let row = txn.query_one_raw(sql(txn, text, values)).await?;
    let row = row.ok_or_else(|| Failure::internal("INSERT returned no row"))?;
    let text = format!("{}\n{}", new.question, new.answer);
    SEARCH.put(txn, row.try_get("", "id")?, &text).await?;
    Ok(())
}

/// Takes an entry that is locked out of what can be found.
pub async fn knowledge_withdraw(
    txn: &Txn,
    vault: &Keyring,
    id: i64,
    actor: &str,
    reason: &Note,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let sealed = seal(vault, reason)?;
    let values = [
        id.into(),
        micros(now).into(),
        actor.into(),
        sealed.bytes.into(),
        sealed.key.into(),
    ];
    let text = "UPDATE knowledge SET withdrawn_at = $2, withdrawn_by = $3, sealed = $4, sealed_key = $5 WHERE id = $1";
    txn.execute_raw(sql(txn, text, values)).await?;
    SEARCH.remove(txn, id).await?;
    Ok(())
}

/// An entry by its name, withdrawn or not, locked in the way asked for.
pub async fn knowledge_get(
    conn: &impl ConnectionTrait,
    name: &name::Knowledge,
    lock: Lock,
) -> Result<Option<Stored>, DbErr> {
    let text = format!("SELECT {COLUMNS} FROM knowledge WHERE uid = $1{}", lock.sql(conn));
    let found = Row::find_by_statement(sql(conn, &text, [name.entry.clone().into()]));
    Ok(found.one(conn).await?.map(Stored::from))
}

/// What a search is narrowed to; empty means anything.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Words, all of which occur.
    pub query: String,
    /// Id of the agency.
    pub agency: String,
    /// Key of the topic.
    pub topic: String,
}

/// What can be found, the newest first, and the token of the next page.
pub async fn knowledge_page(
    conn: &impl ConnectionTrait,
    filter: &Filter,
    page: &Page,
) -> Result<(Vec<Stored>, String), DbErr> {
    let mut values: Vec<Value> = vec![i64::try_from(page.limit()).unwrap_or(i64::MAX).into()];
    let mut also = String::new();
    let equal = [("agency", &filter.agency), ("topic", &filter.topic)];
    for (column, value) in equal.into_iter().filter(|(_, value)| !value.is_empty()) {
        values.push(value.clone().into());
        also.push_str(&format!(" AND {column} = ${}", values.len()));
    }
    if let Ok(after) = page.after.parse::<i64>() {
        values.push(after.into());
        also.push_str(&format!(" AND id < ${}", values.len()));
    }
    if let Some((condition, value)) = SEARCH.condition(conn, "id", &filter.query, values.len() + 1) {
        values.push(value);
        also.push_str(&format!(" AND {condition}"));
    }
    let text =
        format!("SELECT {COLUMNS} FROM knowledge WHERE withdrawn_at IS NULL{also} ORDER BY id DESC LIMIT $1");
    let rows = Row::find_by_statement(sql(conn, &text, values)).all(conn).await?;
    let mut rows: Vec<Stored> = rows.into_iter().map(Stored::from).collect();
    let next = page.cut(&mut rows, |row| row.id.to_string());
    Ok((rows, next))
}

#[derive(Debug, FromQueryResult)]
struct Near {
    uid: String,
}

/// Entries in which a word is looked for at most, the newest ones: a word that is everywhere tells nothing.
const EACH: i64 = 200;

/// At most `count` entries in which any of the words occurs: those with the most of them first, then those of the
/// agency, then the newest.
pub async fn knowledge_near(
    conn: &impl ConnectionTrait,
    words: &[String],
    agency: &str,
    count: i64,
) -> Result<Vec<name::Knowledge>, DbErr> {
    let mut values: Vec<Value> = vec![agency.into(), count.into(), EACH.into()];
    let mut parts = Vec::new();
    for word in words {
        let Some((condition, value)) = SEARCH.condition(conn, "id", word, values.len() + 1) else {
            continue;
        };
        values.push(value);
        parts.push(format!(
            "SELECT * FROM (SELECT id, uid, agency FROM knowledge WHERE {condition}
                ORDER BY id DESC LIMIT $3) AS word{}",
            values.len()
        ));
    }
    if parts.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!(
        "SELECT uid FROM ({}) AS near GROUP BY id, uid, agency
         ORDER BY COUNT(*) DESC, CASE WHEN agency = $1 THEN 0 ELSE 1 END, id DESC LIMIT $2",
        parts.join(" UNION ALL ")
    );
    let rows = Near::find_by_statement(sql(conn, &text, values))
        .all(conn)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| name::Knowledge { entry: row.uid })
        .collect())
}
