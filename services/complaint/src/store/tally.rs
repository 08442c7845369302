//! How many reports stand in each cell. Rows whose count falls to 0 stay: the next report finds them again.

use std::collections::BTreeMap;

use prima_platform::db::{Column, Txn, sql, table};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};

use super::broken;
use crate::domain::{
    case::Channel,
    performance::{Cell, Measure},
};

const COLUMNS: [Column; 9] = {
    use Column::{Int, Text};
    [Text, Text, Int, Text, Text, Int, Text, Int, Int]
};

/// Adds to the counts of cells, in their order; what is taken away was added before.
pub async fn tally_add(txn: &Txn, changes: &BTreeMap<Cell, i64>) -> Result<(), DbErr> {
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
    let (from, values) = table(txn, COLUMNS, rows, 0);
    let text = format!(
        "INSERT INTO tally (agency, unit, month, class, channel, sp4n, measure, bucket, count)
         SELECT column1, column2, column3, column4, column5, column6, column7, column8, column9 FROM {from} WHERE TRUE
         ON CONFLICT (agency, unit, month, class, channel, sp4n, measure, bucket)
         DO UPDATE SET count = tally.count + excluded.count"
    );
    txn.execute_raw(sql(txn, &text, values)).await?;
    Ok(())
}

#[derive(Debug, FromQueryResult)]
struct Row {
    month: i64,
    class: String,
    channel: String,
    sp4n: i64,
    measure: String,
    bucket: i64,
    count: i64,
}

/// The cells of a unit from one month to another, both included, that count anything.
pub async fn tally_of(
    conn: &impl ConnectionTrait,
    agency: &str,
    unit: &str,
    (first, last): (i64, i64),
) -> Result<Vec<(Cell, i64)>, DbErr> {
    let text = "SELECT month, class, channel, sp4n, measure, bucket, count FROM tally
                WHERE agency = $1 AND unit = $2 AND month BETWEEN $3 AND $4 AND count <> 0";
    let values = [agency.into(), unit.into(), first.into(), last.into()];
    let rows = Row::find_by_statement(sql(conn, text, values)).all(conn).await?;
    let cell = |row: Row| {
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
    rows.into_iter().map(cell).collect()
}
