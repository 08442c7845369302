//! Number of reports in each cell. A row whose count falls to 0 stays, because the next report will need it again.

use std::collections::BTreeMap;

use prima_platform::db::{self, Txn, broken, sql, table};
use sea_orm::entity::prelude::*;

use crate::domain::{
    case::Channel,
    performance::{Cell, Measure},
};

#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "tally")]
struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    agency: String,
    #[sea_orm(primary_key, auto_increment = false)]
    unit: String,
    #[sea_orm(primary_key, auto_increment = false)]
    month: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    class: String,
    #[sea_orm(primary_key, auto_increment = false)]
    channel: String,
    #[sea_orm(primary_key, auto_increment = false)]
    sp4n: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    measure: String,
    #[sea_orm(primary_key, auto_increment = false)]
    bucket: i64,
    count: i64,
}

prima_platform::no_relations!();

const TYPES: [db::Column; 9] = {
    use db::Column::{Int, Text};
    [Text, Text, Int, Text, Text, Int, Text, Int, Int]
};

/// Adds to the counts of cells, in the order of their keys. A row exists for every cell that is subtracted from.
pub async fn tally_add_in_txn(txn: &Txn, changes: &BTreeMap<Cell, i64>) -> Result<(), DbErr> {
    if changes.is_empty() {
        return Ok(());
    }
    let rows = changes.iter().map(|(cell, by)| -> [Value; 9] {
        [
            cell.agency.clone().into(),
            cell.unit.clone().into(),
            cell.month.into(),
            cell.class.clone().into(),
            cell.channel.map_or("", Channel::key).into(),
            i64::from(cell.sp4n).into(),
            cell.measure.key().into(),
            cell.bucket.into(),
            (*by).into(),
        ]
    });
    // Raw SQL, because every change of a report runs it, with any number of cells.
    let (from, values) = table(txn, TYPES, rows, 0);
    let text = format!(
        "INSERT INTO tally (agency, unit, month, class, channel, sp4n, measure, bucket, count)
         SELECT column1, column2, column3, column4, column5, column6, column7, column8, column9 FROM {from} WHERE TRUE
         ON CONFLICT (agency, unit, month, class, channel, sp4n, measure, bucket)
         DO UPDATE SET count = tally.count + excluded.count"
    );
    txn.execute_raw(sql(txn, &text, values)).await?;
    Ok(())
}

/// The cells of a unit from the month `first` to the month `last`, both included, whose count is not 0.
pub async fn tally_of(
    conn: &impl ConnectionTrait,
    agency: &str,
    unit: &str,
    (first, last): (i64, i64),
) -> Result<Vec<(Cell, i64)>, DbErr> {
    let rows = Entity::find()
        .filter(Column::Agency.eq(agency))
        .filter(Column::Unit.eq(unit))
        .filter(Column::Month.between(first, last))
        .filter(Column::Count.ne(0));
    let cell = |row: Model| {
        let bad = |column| broken(format!("tally of {agency}/{unit}"), column);
        let channel = match row.channel.as_str() {
            "" => None,
            key => Some(Channel::parse(key).ok_or_else(|| bad("channel"))?),
        };
        let cell = Cell {
            agency: agency.to_owned(),
            unit: unit.to_owned(),
            month: row.month,
            class: row.class,
            channel,
            sp4n: row.sp4n != 0,
            measure: Measure::parse(&row.measure).ok_or_else(|| bad("measure"))?,
            bucket: row.bucket,
        };
        Ok((cell, row.count))
    };
    rows.all(conn).await?.into_iter().map(cell).collect()
}
