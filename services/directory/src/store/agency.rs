//! Agencies.

use prima_platform::{
    clock::{from_micros, micros},
    db::{Txn, broken, insert_new},
    page::Page,
};
use prima_proto::name;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, Set, entity::prelude::*,
};

use crate::domain::agency::{Agency, Kind};

/// A row of the table `agency`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "agency")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub agency: String,
    /// Official name.
    pub display_name: String,
    /// Kind as text.
    pub kind: String,
    /// Id of the province.
    pub parent: Option<String>,
    /// Version.
    pub version: i64,
    /// Creation, unix microseconds.
    pub created_at: i64,
    /// Last change, unix microseconds.
    pub updated_at: i64,
}

prima_platform::no_relations!();

impl TryFrom<Model> for Agency {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        let kind = Kind::parse(&row.kind).ok_or_else(|| broken(&row.agency, "kind"))?;
        Ok(Self {
            name: name::Agency { agency: row.agency },
            display_name: row.display_name,
            kind,
            parent: row.parent.map(|agency| name::Agency { agency }),
            version: row.version,
            created_at: from_micros(row.created_at),
            updated_at: from_micros(row.updated_at),
        })
    }
}

fn row(agency: &Agency) -> ActiveModel {
    ActiveModel {
        agency: Set(agency.name.agency.clone()),
        display_name: Set(agency.display_name.clone()),
        kind: Set(agency.kind.as_str().to_owned()),
        parent: Set(agency.parent.as_ref().map(|p| p.agency.clone())),
        version: Set(agency.version),
        created_at: Set(micros(agency.created_at)),
        updated_at: Set(micros(agency.updated_at)),
    }
}

/// Inserts a new agency; `false` when its id is in use. It waits while another transaction inserts the same id.
pub async fn agency_insert_in_txn(txn: &Txn, agency: &Agency) -> Result<bool, DbErr> {
    insert_new(txn, row(agency)).await
}

/// Saves an agency that the transaction has locked.
pub async fn agency_save_in_txn(txn: &Txn, agency: &Agency) -> Result<(), DbErr> {
    row(agency).update(txn).await.map(drop)
}

/// Locks an agency until the end of the transaction; `None` when it does not exist. SQLite has no row locks;
/// there every writing transaction holds the only write lock from its beginning.
pub async fn agency_lock_in_txn(txn: &Txn, name: &name::Agency) -> Result<Option<Agency>, DbErr> {
    let found = Entity::find_by_id(name.agency.as_str())
        .lock_exclusive()
        .one(txn)
        .await?;
    found.map(Agency::try_from).transpose()
}

/// An agency by its name.
pub async fn agency_get(conn: &impl ConnectionTrait, name: &name::Agency) -> Result<Option<Agency>, DbErr> {
    Entity::find_by_id(name.agency.as_str())
        .one(conn)
        .await?
        .map(Agency::try_from)
        .transpose()
}

/// Which agencies to list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AgencyFilter {
    /// Only this kind.
    pub kind: Option<Kind>,
    /// Only regencies and cities of this province.
    pub parent: Option<name::Agency>,
}

/// A page of agencies ordered by name, and the token of the next one.
pub async fn agency_page(
    conn: &impl ConnectionTrait,
    filter: &AgencyFilter,
    page: &Page,
) -> Result<(Vec<Agency>, String), DbErr> {
    let mut rows = Entity::find()
        .filter(Column::Agency.gt(page.after.as_str()))
        .apply_if(filter.kind, |query, kind| {
            query.filter(Column::Kind.eq(kind.as_str()))
        })
        .apply_if(filter.parent.as_ref(), |query, parent| {
            query.filter(Column::Parent.eq(parent.agency.as_str()))
        })
        .order_by_asc(Column::Agency)
        .limit(page.limit())
        .all(conn)
        .await?;
    let next = page.cut(&mut rows, |row| row.agency.clone());
    let agencies = rows.into_iter().map(Agency::try_from).collect::<Result<_, _>>()?;
    Ok((agencies, next))
}
