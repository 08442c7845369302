//! Number of reports in each cell, in two tables: `tally` counts for the unit that handles a report, `held_tally` for
//! those who hold or held it, with an empty unit for the agency as a whole. A row whose count falls to 0 stays, because
//! the next report will need it again.

use std::collections::BTreeMap;

use prima_platform::db::{self, Txn, broken, sql, table};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};

use crate::domain::{
    case::Channel,
    performance::{Cell, Measure},
};

/// One of the two tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tally {
    /// What is counted for the unit that handles a report.
    Handled,
    /// What is counted for those who hold or held it.
    Held,
}

impl Tally {
    fn table(self) -> &'static str {
        match self {
            Self::Handled => "tally",
            Self::Held => "held_tally",
        }
    }
}

#[derive(Debug, FromQueryResult)]
struct Row {
    unit: String,
    month: i64,
    class: String,
    channel: String,
    sp4n: i64,
    measure: String,
    bucket: i64,
    count: i64,
}

const TYPES: [db::Column; 9] = {
    use db::Column::{Int, Text};
    [Text, Text, Int, Text, Text, Int, Text, Int, Int]
};

/// Adds to the counts of cells, in the order of their keys. A row exists for every cell that is subtracted from.
pub async fn tally_add_in_txn(txn: &Txn, tally: Tally, changes: &BTreeMap<Cell, i64>) -> Result<(), DbErr> {
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
    let into = tally.table();
    let text = format!(
        "INSERT INTO {into} (agency, unit, month, class, channel, sp4n, measure, bucket, count)
         SELECT column1, column2, column3, column4, column5, column6, column7, column8, column9 FROM {from} WHERE TRUE
         ON CONFLICT (agency, unit, month, class, channel, sp4n, measure, bucket)
         DO UPDATE SET count = {into}.count + excluded.count"
    );
    txn.execute_raw(sql(txn, &text, values)).await?;
    Ok(())
}

/// The cells of a unit, or with `None` those of all units of the agency, from the month `first` to the month `last`,
/// both included, whose count is not 0.
pub async fn tally_of(
    conn: &impl ConnectionTrait,
    tally: Tally,
    agency: &str,
    unit: Option<&str>,
    (first, last): (i64, i64),
) -> Result<Vec<(Cell, i64)>, DbErr> {
    let table = tally.table();
    let mut values: Vec<Value> = vec![agency.into(), first.into(), last.into()];
    let own = match unit {
        Some(unit) => {
            values.push(unit.into());
            "AND unit = $4"
        }
        None => "",
    };
    let text = format!(
        "SELECT unit, month, class, channel, sp4n, measure, bucket, count FROM {table}
         WHERE agency = $1 AND month BETWEEN $2 AND $3 AND count <> 0 {own}"
    );
    let rows = Row::find_by_statement(sql(conn, &text, values)).all(conn).await?;
    let cell = |row: Row| {
        let of = format!("{table} of {agency}/{}", row.unit);
        let bad = |column| broken(&of, column);
        let channel = match row.channel.as_str() {
            "" => None,
            key => Some(Channel::parse(key).ok_or_else(|| bad("channel"))?),
        };
        let cell = Cell {
            agency: agency.to_owned(),
            month: row.month,
            class: row.class,
            channel,
            sp4n: row.sp4n != 0,
            measure: Measure::parse(&row.measure).ok_or_else(|| bad("measure"))?,
            bucket: row.bucket,
            unit: row.unit,
        };
        Ok((cell, row.count))
    };
    rows.into_iter().map(cell).collect()
}
