//! The knowledge base: questions and answers that agencies have written for the public. Rows are never deleted.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::{from_micros, micros},
    db::{Txn, sql},
    failure::Failure,
    page::Page,
    vault::Keyring,
};
use prima_proto::name;
use sea_orm::{FromQueryResult, Set, entity::prelude::*};

use super::{
    Lock, SEARCH,
    sealed::{Note, seal},
};

#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "knowledge")]
struct Model {
    #[sea_orm(primary_key)]
    id: i64,
    uid: String,
    agency: String,
    topic: String,
    consultation_id: i64,
    question: String,
    answer: String,
    actor: String,
    published_at: i64,
    withdrawn_at: Option<i64>,
    withdrawn_by: String,
    sealed: Option<Vec<u8>>,
    sealed_key: String,
}

prima_platform::no_relations!();

#[derive(Debug, Clone)]
pub struct Stored {
    /// Key in the database.
    pub id: i64,
    pub name: name::Knowledge,
    /// Id of the agency that answered.
    pub agency: String,
    pub topic: String,
    /// The question, rewritten for the public.
    pub question: String,
    pub answer: String,
    pub published_at: DateTime<Utc>,
    pub withdrawn_at: Option<DateTime<Utc>>,
}

impl From<Model> for Stored {
    fn from(row: Model) -> Self {
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

/// Publishes an entry about a consultation and adds it to the search index. `new.id` is ignored; the database assigns
/// one.
pub async fn knowledge_insert_in_txn(
    txn: &Txn,
    new: &Stored,
    consultation: i64,
    actor: &str,
) -> Result<(), Failure> {
    let row = ActiveModel {
        uid: Set(new.name.entry.clone()),
        agency: Set(new.agency.clone()),
        topic: Set(new.topic.clone()),
        consultation_id: Set(consultation),
        question: Set(new.question.clone()),
        answer: Set(new.answer.clone()),
        actor: Set(actor.to_owned()),
        published_at: Set(micros(new.published_at)),
        withdrawn_by: Set(String::new()),
        sealed_key: Set(String::new()),
        ..Default::default()
    };
    let inserted = Entity::insert(row).exec(txn).await?;
    let text = format!("{}\n{}", new.question, new.answer);
    SEARCH.put(txn, inserted.last_insert_id, &text).await?;
    Ok(())
}

/// Withdraws a locked entry and removes it from the search index.
pub async fn knowledge_withdraw_in_txn(
    txn: &Txn,
    vault: &Keyring,
    id: i64,
    actor: &str,
    reason: &Note,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let sealed = seal(vault, reason)?;
    let row = ActiveModel {
        id: Set(id),
        withdrawn_at: Set(Some(micros(now))),
        withdrawn_by: Set(actor.to_owned()),
        sealed: Set(Some(sealed.bytes)),
        sealed_key: Set(sealed.key),
        ..Default::default()
    };
    row.update(txn).await?;
    SEARCH.remove(txn, id).await?;
    Ok(())
}

/// An entry by its name, withdrawn or not, locked as `lock` says.
pub async fn knowledge_get(
    conn: &impl ConnectionTrait,
    name: &name::Knowledge,
    lock: Lock,
) -> Result<Option<Stored>, DbErr> {
    let one = Entity::find().filter(Column::Uid.eq(name.entry.as_str()));
    Ok(lock.on(one).one(conn).await?.map(Stored::from))
}

/// Narrows a search; an empty field means no restriction.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Words that must all occur.
    pub query: String,
    /// Id of the agency.
    pub agency: String,
    /// Key of the topic.
    pub topic: String,
}

/// A page of published entries, the newest first, and the token of the next page.
pub async fn knowledge_page(
    conn: &impl ConnectionTrait,
    filter: &Filter,
    page: &Page,
) -> Result<(Vec<Stored>, String), DbErr> {
    // Raw SQL, because the search index has a condition of its own for each database.
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
    let text = format!("SELECT * FROM knowledge WHERE withdrawn_at IS NULL{also} ORDER BY id DESC LIMIT $1");
    let found = Entity::find().from_raw_sql(sql(conn, &text, values));
    let mut rows = found.all(conn).await?;
    let next = page.cut(&mut rows, |row| row.id.to_string());
    Ok((rows.into_iter().map(Stored::from).collect(), next))
}

#[derive(Debug, FromQueryResult)]
struct Near {
    uid: String,
}

/// How many of the newest entries are searched for a word. A word that occurs in more of them does not help to find
/// similar entries.
const SEARCHED_PER_WORD: i64 = 200;

/// At most `count` entries in which any of the words occurs: those with most of the words first, then those of the
/// agency, then the newest.
pub async fn knowledge_near(
    conn: &impl ConnectionTrait,
    words: &[String],
    agency: &str,
    count: i64,
) -> Result<Vec<name::Knowledge>, DbErr> {
    // Raw SQL, so that one statement counts the words and still finds each along the search index.
    let mut values: Vec<Value> = vec![agency.into(), count.into(), SEARCHED_PER_WORD.into()];
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
