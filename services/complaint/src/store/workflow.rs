//! Workflows that callers have added. Rows are never changed.

use prima_platform::{
    clock::micros,
    db::{Txn, insert_new},
};
use sea_orm::{NotSet, QueryOrder, QuerySelect, Set, entity::prelude::*};

use super::By;

#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "workflow")]
pub struct Model {
    /// Numbers the workflows in the order in which they were added.
    #[sea_orm(primary_key)]
    pub number: i64,
    pub id: String,
    /// The document as it was sent, JSON.
    pub body: String,
    /// Subject of the token that added it.
    pub actor: String,
    /// When it was added, unix microseconds.
    pub created_at: i64,
}

prima_platform::no_relations!();

fn newest_first() -> Select<Entity> {
    Entity::find().order_by_desc(Column::Number)
}

/// Every added workflow, the newest first.
pub async fn workflows(conn: &impl ConnectionTrait) -> Result<Vec<Model>, DbErr> {
    newest_first().all(conn).await
}

/// Ids of the added workflows, the newest first.
pub async fn workflow_ids(conn: &impl ConnectionTrait) -> Result<Vec<String>, DbErr> {
    let ids = newest_first().select_only().column(Column::Id);
    ids.into_tuple().all(conn).await
}

/// An added workflow by its id.
pub async fn workflow_get(conn: &impl ConnectionTrait, id: &str) -> Result<Option<Model>, DbErr> {
    Entity::find().filter(Column::Id.eq(id)).one(conn).await
}

/// Id of the workflow that was added last; `None` when there is only the built-in one.
pub async fn workflow_newest(conn: &impl ConnectionTrait) -> Result<Option<String>, DbErr> {
    let ids = newest_first().select_only().column(Column::Id);
    ids.into_tuple().one(conn).await
}

/// Adds a workflow; false when its id is taken.
pub async fn workflow_add_in_txn(txn: &Txn, id: &str, body: &str, by: &By) -> Result<bool, DbErr> {
    let row = ActiveModel {
        number: NotSet,
        id: Set(id.to_owned()),
        body: Set(body.to_owned()),
        actor: Set(by.actor.clone()),
        created_at: Set(micros(by.at)),
    };
    insert_new(txn, row).await
}
