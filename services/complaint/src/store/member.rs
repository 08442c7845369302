//! Members of the teams that answer consultations.

use chrono::{DateTime, Utc};
use prima_platform::{
    db::{Txn, insert_new},
    page::Page,
};
use prima_proto::name;
use sea_orm::{QueryOrder, QuerySelect, QueryTrait, Set, entity::prelude::*};

use super::{Lock, next_version};

/// A row of the table `member`. `topics` holds the keys with a comma before and after each.
#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "member")]
struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    agency: String,
    #[sea_orm(primary_key, auto_increment = false)]
    member: String,
    display_name: String,
    office: String,
    topics: String,
    active: i64,
    version: i64,
}

prima_platform::no_relations!();

/// The data of a team member.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Member {
    /// Name with academic title.
    pub display_name: String,
    /// Office.
    pub office: String,
    /// Keys of topics.
    pub topics: Vec<String>,
    /// Whether the member can be assigned new questions.
    pub active: bool,
}

#[derive(Debug, Clone)]
pub struct Stored {
    pub name: name::Member,
    pub member: Member,
    /// Version of its last change.
    pub version: i64,
}

impl From<Model> for Stored {
    fn from(row: Model) -> Self {
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

fn row(stored: &Stored) -> ActiveModel {
    let member = &stored.member;
    let topics: String = member.topics.iter().map(|topic| format!("{topic},")).collect();
    ActiveModel {
        agency: Set(stored.name.agency.clone()),
        member: Set(stored.name.member.clone()),
        display_name: Set(member.display_name.clone()),
        office: Set(member.office.clone()),
        topics: Set(format!(",{topics}")),
        active: Set(member.active.into()),
        version: Set(stored.version),
    }
}

/// Inserts a member; false when the name is taken.
pub async fn member_insert_in_txn(txn: &Txn, new: &Stored) -> Result<bool, DbErr> {
    insert_new(txn, row(new)).await
}

/// Saves a locked member and takes the next version.
pub async fn member_save_in_txn(txn: &Txn, stored: &mut Stored, now: DateTime<Utc>) -> Result<(), DbErr> {
    stored.version = next_version(stored.version, now);
    row(stored).update(txn).await.map(drop)
}

/// A member by name, locked as `lock` says.
pub async fn member_get(
    conn: &impl ConnectionTrait,
    name: &name::Member,
    lock: Lock,
) -> Result<Option<Stored>, DbErr> {
    let key = (name.agency.clone(), name.member.clone());
    let found = lock.on(Entity::find_by_id(key)).one(conn).await?;
    Ok(found.map(Stored::from))
}

/// A page of the team of an agency, ordered by id, and the token of the next page; a topic narrows it to active members
/// for that topic.
pub async fn member_page(
    conn: &impl ConnectionTrait,
    agency: &str,
    topic: &str,
    page: &Page,
) -> Result<(Vec<Stored>, String), DbErr> {
    let mut rows = Entity::find()
        .filter(Column::Agency.eq(agency))
        .filter(Column::Member.gt(page.after.as_str()))
        .apply_if(Some(topic).filter(|topic| !topic.is_empty()), |query, topic| {
            query
                .filter(Column::Active.eq(1))
                .filter(Column::Topics.like(format!("%,{topic},%")))
        })
        .order_by_asc(Column::Member)
        .limit(page.limit())
        .all(conn)
        .await?;
    let next = page.cut(&mut rows, |row| row.member.clone());
    Ok((rows.into_iter().map(Stored::from).collect(), next))
}
