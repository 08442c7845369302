//! Units in a cycle, and their indexes.

use prima_platform::{
    db::{Txn, broken, insert_new, sql},
    number::{self, Rational},
};
use prima_proto::{event::v1::UnitState, name};
use prost::Message;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, ExprTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, entity::prelude::*, sea_query::SelectStatement,
};

use super::key::of;
use crate::domain::level::Inputs;

/// One unit in one cycle.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "assessment")]
pub struct Model {
    /// Key of the cycle.
    #[sea_orm(primary_key, auto_increment = false)]
    pub cycle_id: i64,
    /// Id of the agency.
    #[sea_orm(primary_key, auto_increment = false)]
    pub agency: String,
    /// Id of the unit.
    #[sea_orm(primary_key, auto_increment = false)]
    pub unit: String,
    /// `offline` or `online`.
    pub form: String,
    /// Grows with every change.
    pub version: i64,
    /// Exact index, a fraction; `None` while an input is missing.
    pub exact: Option<String>,
    /// The inputs of the index, JSON of `domain::level::Inputs`.
    pub inputs: String,
    /// Version of the score that was published last; 0 when none was.
    pub published: i64,
    /// When it last changed, unix microseconds.
    pub updated_at: i64,
}

prima_platform::no_relations!();

impl Model {
    /// Name of the unit.
    pub fn unit_name(&self) -> name::Unit {
        name::Unit {
            agency: self.agency.clone(),
            unit: self.unit.clone(),
        }
    }

    /// The inputs of its index.
    pub fn read_inputs(&self) -> Result<Inputs, DbErr> {
        serde_json::from_str(&self.inputs).map_err(|_| broken(self.unit_name(), "inputs"))
    }

    /// Its exact index.
    pub fn read_exact(&self) -> Option<Rational> {
        number::parse_fraction(self.exact.as_deref()?)
    }
}

/// Stores an enrolled unit; false when it was enrolled before.
pub async fn assessment_insert_in_txn(txn: &Txn, row: &Model) -> Result<bool, DbErr> {
    insert_new(txn, row.clone().into_active_model()).await
}

/// One unit of a cycle.
pub async fn assessment_get(
    conn: &impl ConnectionTrait,
    cycle_id: i64,
    unit: &name::Unit,
) -> Result<Option<Model>, DbErr> {
    Entity::find().filter(of(cycle_id, unit)).one(conn).await
}

/// Locks a unit of a cycle and takes its next version.
pub async fn assessment_lock_in_txn(
    txn: &Txn,
    cycle_id: i64,
    unit: &name::Unit,
    now_millis: i64,
) -> Result<Option<Model>, DbErr> {
    // Written as SQL because of the arithmetic.
    let text = "UPDATE assessment SET version = CASE WHEN version + 1 > $4 THEN version + 1 ELSE $4 END
                WHERE cycle_id = $1 AND agency = $2 AND unit = $3 RETURNING *";
    let values = [
        cycle_id.into(),
        unit.agency.as_str().into(),
        unit.unit.as_str().into(),
        now_millis.into(),
    ];
    Entity::find().from_raw_sql(sql(txn, text, values)).one(txn).await
}

/// Locks a unit of a cycle for a change that does not affect its index; its version stays the same.
pub async fn assessment_lock_same_version_in_txn(
    txn: &Txn,
    cycle_id: i64,
    unit: &name::Unit,
) -> Result<Option<Model>, DbErr> {
    let row = Entity::find().filter(of(cycle_id, unit)).lock_exclusive();
    row.one(txn).await
}

/// Writes a locked row back.
pub async fn assessment_save_in_txn(txn: &Txn, row: &Model) -> Result<(), DbErr> {
    let update = Entity::update(row.clone().into_active_model().reset_all());
    update.exec_without_returning(txn).await.map(drop)
}

/// The rows of a cycle, or of one agency in it when that is not empty.
fn of_cycle(cycle_id: i64, agency: &str) -> Select<Entity> {
    let agency = (!agency.is_empty()).then_some(agency);
    Entity::find()
        .filter(Column::CycleId.eq(cycle_id))
        .apply_if(agency, |query, agency| query.filter(Column::Agency.eq(agency)))
}

/// Units of a cycle after an agency and unit, in this order; when `agency` is not empty, only those of that agency.
pub async fn assessment_page(
    conn: &impl ConnectionTrait,
    cycle_id: i64,
    agency: &str,
    after: (&str, &str),
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let key = Expr::tuple([Column::Agency, Column::Unit].map(Expr::col));
    of_cycle(cycle_id, agency)
        .filter(key.gt(Expr::tuple([after.0, after.1].map(Expr::val))))
        .order_by_asc(Column::Agency)
        .order_by_asc(Column::Unit)
        .limit(limit)
        .all(conn)
        .await
}

/// Every unit of a cycle, or of one agency in it when that is not empty, in key order.
pub async fn assessments_of(
    conn: &impl ConnectionTrait,
    cycle_id: i64,
    agency: &str,
) -> Result<Vec<Model>, DbErr> {
    of_cycle(cycle_id, agency)
        .order_by_asc(Column::Agency)
        .order_by_asc(Column::Unit)
        .all(conn)
        .await
}

/// Exact indexes of every unit of a cycle, or of one agency in it when that is not empty.
pub async fn assessments_exact(
    conn: &impl ConnectionTrait,
    cycle_id: i64,
    agency: &str,
) -> Result<Vec<Option<Rational>>, DbErr> {
    let exact = of_cycle(cycle_id, agency).select_only().column(Column::Exact);
    let rows: Vec<Option<String>> = exact.into_tuple().all(conn).await?;
    let read = |exact: Option<String>| number::parse_fraction(exact.as_deref()?);
    Ok(rows.into_iter().map(read).collect())
}

/// Exact index of every unit of a cycle with the unit type that the directory published last; `unknown` without one. A type
/// that the agency of the unit has defined is the built-in one under which it is compared nationwide, else its key, a dot
/// and the id of the agency.
pub async fn assessments_by_type(
    conn: &impl ConnectionTrait,
    cycle_id: i64,
) -> Result<Vec<(Option<Rational>, String)>, DbErr> {
    // Written as SQL because the rows are joined by more than a key, and only one column of each is read.
    let text = "SELECT a.exact, a.agency, f.payload FROM assessment a
                LEFT JOIN fact f ON f.service = 'directory' AND f.agency = a.agency AND f.unit = a.unit
                WHERE a.cycle_id = $1";
    let rows = conn.query_all_raw(sql(conn, text, [cycle_id.into()])).await?;
    rows.into_iter()
        .map(|row| {
            let (exact, payload): (Option<String>, Option<Vec<u8>>) =
                (row.try_get("", "exact")?, row.try_get("", "payload")?);
            let unit = payload.and_then(|payload| UnitState::decode(payload.as_slice()).ok());
            let agency: String = row.try_get("", "agency")?;
            let known = unit
                .map(|unit| compared(unit, &agency))
                .filter(|key| !key.is_empty());
            Ok((
                exact.as_deref().and_then(number::parse_fraction),
                known.unwrap_or_else(|| "unknown".to_owned()),
            ))
        })
        .collect()
}

/// The group in which a unit is compared with others.
fn compared(unit: UnitState, agency: &str) -> String {
    match unit.agency_unit_type {
        None => unit.unit_type,
        Some(defined) if defined.national_unit_type.is_empty() => format!("{}.{agency}", unit.unit_type),
        Some(defined) => defined.national_unit_type,
    }
}

/// The keys of the cycles that have a unit.
pub fn cycles_of(agency: &str, unit: &str) -> SelectStatement {
    Entity::find()
        .select_only()
        .column(Column::CycleId)
        .filter(Column::Agency.eq(agency))
        .filter(Column::Unit.eq(unit))
        .into_query()
}

#[cfg(test)]
mod tests {
    use prima_proto::event::v1::AgencyUnitTypeState;

    use super::*;

    #[test]
    fn units_of_a_type_of_their_agency_are_compared_by_its_national_type_or_within_the_agency() {
        let unit = |national: Option<&str>| UnitState {
            unit_type: "balai".to_owned(),
            agency_unit_type: national.map(|key| AgencyUnitTypeState {
                display_name: "Balai Kota".to_owned(),
                national_unit_type: key.to_owned(),
            }),
            ..UnitState::default()
        };
        let group = |national| compared(unit(national), "3271");
        assert_eq!(group(None), "balai");
        assert_eq!(group(Some("lainnya")), "lainnya");
        assert_eq!(group(Some("")), "balai.3271");
    }
}
