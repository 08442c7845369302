//! Members of the teams that answer.

use prima_platform::{
    db::{Txn, sql},
    page::Page,
};
use prima_proto::name;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};

use super::{Lock, next_version};

#[derive(Debug, FromQueryResult)]
struct Row {
    agency: String,
    member: String,
    display_name: String,
    office: String,
    topics: String,
    active: i64,
    version: i64,
}

const SELECTED: &str = "SELECT agency, member, display_name, office, topics, active, version FROM member";

/// What is kept of a member.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Member {
    /// Name and title.
    pub display_name: String,
    /// Office.
    pub office: String,
    /// Keys of topics.
    pub topics: Vec<String>,
    /// Whether the member takes new questions.
    pub active: bool,
}

impl Member {
    fn values(&self) -> [Value; 4] {
        let topics: String = self.topics.iter().map(|topic| format!("{topic},")).collect();
        [
            self.display_name.clone().into(),
            self.office.clone().into(),
            format!(",{topics}").into(),
            i64::from(self.active).into(),
        ]
    }
}

/// A member as stored.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Resource name.
    pub name: name::Member,
    /// What is kept.
    pub member: Member,
    /// Version of its last change.
    pub version: i64,
}

impl From<Row> for Stored {
    fn from(row: Row) -> Self {
        let topics = row.topics.split(',').filter(|topic| !topic.is_empty());
        Self {
            member: Member {
                display_name: row.display_name,
                office: row.office,
                topics: topics.map(str::to_owned).collect(),
                active: row.active != 0,
            },
            name: name::Member {
                agency: row.agency,
                member: row.member,
            },
            version: row.version,
        }
    }
}

/// Adds a member; whether its name was free.
pub async fn member_insert(txn: &Txn, new: &Stored) -> Result<bool, DbErr> {
    let [display_name, office, topics, active] = new.member.values();
    let values = [
        new.name.agency.clone().into(),
        new.name.member.clone().into(),
        display_name,
        office,
        topics,
        active,
        new.version.into(),
    ];
    let text = "INSERT INTO member (agency, member, display_name, office, topics, active, version)
                VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
    Ok(txn.execute_raw(sql(txn, text, values)).await?.rows_affected() == 1)
}

/// Saves a member that is locked and takes the next version; `millis` is now in unix milliseconds.
pub async fn member_save(txn: &Txn, stored: &mut Stored, millis: i64) -> Result<(), DbErr> {
    let [display_name, office, topics, active] = stored.member.values();
    let values = [
        stored.name.agency.clone().into(),
        stored.name.member.clone().into(),
        display_name,
        office,
        topics,
        active,
        millis.into(),
    ];
    let text = format!(
        "UPDATE member SET display_name = $3, office = $4, topics = $5, active = $6, version = {}
         WHERE agency = $1 AND member = $2 RETURNING version",
        next_version("member", 7)
    );
    let row = txn.query_one_raw(sql(txn, &text, values)).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotUpdated)?;
    stored.version = row.try_get("", "version")?;
    Ok(())
}

/// A member, locked in the way asked for.
pub async fn member_get(
    conn: &impl ConnectionTrait,
    name: &name::Member,
    lock: Lock,
) -> Result<Option<Stored>, DbErr> {
    let text = format!("{SELECTED} WHERE agency = $1 AND member = $2{}", lock.sql(conn));
    let values = [name.agency.clone().into(), name.member.clone().into()];
    let row = Row::find_by_statement(sql(conn, &text, values)).one(conn).await?;
    Ok(row.map(Stored::from))
}

/// The team of an agency ordered by name, and the token of the next page; for a topic only those who are active.
pub async fn member_page(
    conn: &impl ConnectionTrait,
    agency: &str,
    topic: &str,
    page: &Page,
) -> Result<(Vec<Stored>, String), DbErr> {
    let mut values: Vec<Value> = vec![
        agency.into(),
        page.after.clone().into(),
        i64::try_from(page.limit()).unwrap_or(i64::MAX).into(),
    ];
    let mut also = "";
    if !topic.is_empty() {
        also = " AND active = 1 AND topics LIKE $4";
        values.push(format!("%,{topic},%").into());
    }
    let text = format!("{SELECTED} WHERE agency = $1 AND member > $2{also} ORDER BY member LIMIT $3");
    let rows = Row::find_by_statement(sql(conn, &text, values)).all(conn).await?;
    let mut rows: Vec<Stored> = rows.into_iter().map(Stored::from).collect();
    let next = page.cut(&mut rows, |row| row.name.member.clone());
    Ok((rows, next))
}
