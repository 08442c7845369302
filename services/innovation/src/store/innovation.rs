//! Innovations and their history.

use std::collections::BTreeSet;

use chrono::Datelike;
use prima_platform::{
    db::{Column, Txn, sql, table},
    page::Page,
};
use prima_proto::name;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};

use super::{Lock, SEARCH, broken, json, read_json};
use crate::domain::{
    calendar,
    innovation::{Award, Innovation},
};

/// Year of what never happened.
const NEVER: i64 = 0;
/// Year of what has not ended.
const OPEN: i64 = 9999;

#[derive(Debug, FromQueryResult)]
struct Row {
    id: i64,
    name: String,
    body: String,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

/// An innovation as stored.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Key in the database.
    pub id: i64,
    /// Resource name.
    pub name: name::Innovation,
    /// What is kept of it.
    pub innovation: Innovation,
    /// Version of its last change.
    pub version: i64,
    /// Registration, unix microseconds.
    pub created_at: i64,
    /// Last change, unix microseconds.
    pub updated_at: i64,
}

impl TryFrom<Row> for Stored {
    type Error = DbErr;

    fn try_from(row: Row) -> Result<Self, DbErr> {
        Ok(Self {
            id: row.id,
            innovation: read_json(&row.name, "body", &row.body)?,
            name: name::Innovation::parse(&row.name).map_err(|_| broken(&row.name, "name"))?,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

fn stored(rows: Vec<Row>) -> Result<Vec<Stored>, DbErr> {
    rows.into_iter().map(Stored::try_from).collect()
}

/// What is searched by: status, category, goals, first year, start, stop.
fn columns(innovation: &Innovation, created_at: i64) -> [Value; 6] {
    let registered = calendar::day(prima_platform::clock::from_micros(created_at));
    let year = |date: Option<chrono::NaiveDate>, none| date.map_or(none, |d| i64::from(d.year()));
    let sdgs: String = innovation.sdgs.iter().map(|n| format!("{n},")).collect();
    [
        innovation.status.as_str().into(),
        innovation.category.clone().into(),
        format!(",{sdgs}").into(),
        i64::from(*innovation.years(registered, *calendar::YEARS.end()).start()).into(),
        year(innovation.start_date, NEVER).into(),
        year(innovation.stop_date, OPEN).into(),
    ]
}

const SELECTED: &str = "SELECT id, name, body, version, created_at, updated_at FROM innovation";

/// Stores a new innovation and returns its key; `None` when its name is in use.
pub async fn innovation_insert(txn: &Txn, new: &Stored) -> Result<Option<i64>, DbErr> {
    let mut values: Vec<Value> = vec![
        new.name.to_string().into(),
        new.name.unit.agency.clone().into(),
        new.name.unit.unit.clone().into(),
    ];
    values.extend(columns(&new.innovation, new.created_at));
    values.extend([
        json(&new.innovation)?.into(),
        new.version.into(),
        new.created_at.into(),
        new.updated_at.into(),
    ]);
    let text = "INSERT INTO innovation (name, agency, unit, status, category, sdgs, first_year, start_year, stop_year,
                    body, version, created_at, updated_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING
                RETURNING id";
    let row = txn.query_one_raw(sql(txn, text, values)).await?;
    row.map(|r| r.try_get("", "id")).transpose()
}

/// Writes a locked innovation back.
pub async fn innovation_save_in_txn(txn: &Txn, stored: &Stored) -> Result<(), DbErr> {
    let mut values: Vec<Value> = vec![stored.id.into()];
    values.extend(columns(&stored.innovation, stored.created_at));
    values.extend([
        json(&stored.innovation)?.into(),
        stored.updated_at.into(),
        stored.version.into(),
    ]);
    let text =
        "UPDATE innovation SET status = $2, category = $3, sdgs = $4, first_year = $5, start_year = $6,
                    stop_year = $7, body = $8, updated_at = $9, version = $10 WHERE id = $1";
    txn.execute_raw(sql(txn, text, values)).await?;
    Ok(())
}

/// An innovation by its name, locked in the way asked for.
pub async fn innovation_get(
    conn: &impl ConnectionTrait,
    name: &name::Innovation,
    lock: Lock,
) -> Result<Option<Stored>, DbErr> {
    let text = format!("{SELECTED} WHERE name = $1{}", lock.sql(conn));
    let row = Row::find_by_statement(sql(conn, &text, [name.to_string().into()]));
    row.one(conn).await?.map(Stored::try_from).transpose()
}

/// Which of these innovations were not put to work.
pub async fn ideas_among(conn: &impl ConnectionTrait, names: &[String]) -> Result<BTreeSet<String>, DbErr> {
    if names.is_empty() {
        return Ok(BTreeSet::new());
    }
    let (from, values) = table(
        conn,
        [Column::Text],
        names.iter().map(|name| [name.clone().into()]),
        0,
    );
    let text =
        format!("SELECT i.name FROM {from} JOIN innovation i ON i.name = v.column1 WHERE i.start_year = 0");
    let rows = conn.query_all_raw(sql(conn, &text, values)).await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}

/// Innovations by their keys, in any order.
pub async fn innovations_by_id(conn: &impl ConnectionTrait, ids: &[i64]) -> Result<Vec<Stored>, DbErr> {
    let (from, values) = table(conn, [Column::Int], ids.iter().map(|id| [(*id).into()]), 0);
    let text = format!(
        "SELECT i.id, i.name, i.body, i.version, i.created_at, i.updated_at
         FROM {from} JOIN innovation i ON i.id = v.column1"
    );
    stored(Row::find_by_statement(sql(conn, &text, values)).all(conn).await?)
}

/// Every innovation of these units, ordered by name.
pub async fn innovations_of(
    conn: &impl ConnectionTrait,
    units: &[(String, String)],
) -> Result<Vec<Stored>, DbErr> {
    let rows = units
        .iter()
        .map(|(agency, unit)| [agency.clone().into(), unit.clone().into()]);
    let (from, values) = table(conn, [Column::Text; 2], rows, 0);
    let text = format!(
        "SELECT i.id, i.name, i.body, i.version, i.created_at, i.updated_at
         FROM {from} JOIN innovation i ON i.agency = v.column1 AND i.unit = v.column2 ORDER BY i.name"
    );
    stored(Row::find_by_statement(sql(conn, &text, values)).all(conn).await?)
}

/// Which innovations to list; an empty text and 0 mean any.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Id of the agency.
    pub agency: String,
    /// Id of the unit.
    pub unit: String,
    /// Status.
    pub status: String,
    /// Key of the category.
    pub category: String,
    /// A goal that it serves.
    pub sdg: i32,
    /// A year in which it was at work.
    pub year: i32,
    /// Only those that were put to work.
    pub public: bool,
    /// Of those that were not put to work only the ones of these agencies; `None` for all.
    pub ideas_of: Option<Vec<String>>,
    /// Words.
    pub query: String,
}

/// A page of innovations ordered by name, and the token of the next one.
pub async fn innovation_page(
    conn: &impl ConnectionTrait,
    filter: &Filter,
    page: &Page,
) -> Result<(Vec<Stored>, String), DbErr> {
    let mut text = format!("{SELECTED} WHERE name > $1");
    let mut values: Vec<Value> = vec![page.after.clone().into()];
    for (column, value) in [
        ("agency", &filter.agency),
        ("unit", &filter.unit),
        ("status", &filter.status),
        ("category", &filter.category),
    ] {
        if !value.is_empty() {
            values.push(value.clone().into());
            text.push_str(&format!(" AND {column} = ${}", values.len()));
        }
    }
    if filter.public {
        text.push_str(" AND start_year > 0");
    }
    if let Some(agencies) = &filter.ideas_of {
        let first = values.len() + 1;
        values.extend(agencies.iter().map(|agency| Value::from(agency.clone())));
        let own: Vec<String> = (first..=values.len()).map(|n| format!("${n}")).collect();
        match own.is_empty() {
            true => text.push_str(" AND start_year > 0"),
            false => text.push_str(&format!(
                " AND (start_year > 0 OR agency IN ({}))",
                own.join(", ")
            )),
        }
    }
    if filter.sdg > 0 {
        values.push(format!("%,{},%", filter.sdg).into());
        text.push_str(&format!(" AND sdgs LIKE ${}", values.len()));
    }
    if filter.year > 0 {
        values.push(i64::from(filter.year).into());
        let n = values.len();
        text.push_str(&format!(
            " AND start_year > 0 AND start_year <= ${n} AND stop_year >= ${n}"
        ));
    }
    if let Some((condition, value)) = SEARCH.condition(conn, "id", &filter.query, values.len() + 1) {
        values.push(value);
        text.push_str(&format!(" AND {condition}"));
    }
    values.push(i64::try_from(page.limit()).unwrap_or(i64::MAX).into());
    text.push_str(&format!(" ORDER BY name LIMIT ${}", values.len()));
    let mut rows = Row::find_by_statement(sql(conn, &text, values)).all(conn).await?;
    let next = page.cut(&mut rows, |r| r.name.clone());
    Ok((stored(rows)?, next))
}

/// One state that an innovation had.
#[derive(Debug, Clone)]
pub struct Revision {
    /// Counted from 1.
    pub number: i64,
    /// The innovation as it stood.
    pub innovation: Innovation,
    /// Who made it so.
    pub editor: String,
    /// When, unix microseconds.
    pub made_at: i64,
}

#[derive(Debug, FromQueryResult)]
struct RevisionRow {
    number: i64,
    body: String,
    editor: String,
    made_at: i64,
}

/// Adds the present state of a locked innovation to its history.
pub async fn revision_add(txn: &Txn, stored: &Stored, editor: &str) -> Result<(), DbErr> {
    let text = "INSERT INTO revision (innovation_id, number, body, editor, made_at)
                SELECT $1, COALESCE(MAX(number), 0) + 1, $2, $3, $4 FROM revision WHERE innovation_id = $1";
    let values = [
        stored.id.into(),
        json(&stored.innovation)?.into(),
        editor.into(),
        stored.updated_at.into(),
    ];
    txn.execute_raw(sql(txn, text, values)).await?;
    Ok(())
}

/// A page of the history, the oldest first, and the token of the next one.
pub async fn revision_page(
    conn: &impl ConnectionTrait,
    innovation: i64,
    page: &Page,
) -> Result<(Vec<Revision>, String), DbErr> {
    let text = "SELECT number, body, editor, made_at FROM revision WHERE innovation_id = $1 AND number > $2
                ORDER BY number LIMIT $3";
    let values = [
        innovation.into(),
        page.after.parse::<i64>().unwrap_or(0).into(),
        i64::try_from(page.limit()).unwrap_or(i64::MAX).into(),
    ];
    let mut rows = RevisionRow::find_by_statement(sql(conn, text, values))
        .all(conn)
        .await?;
    let next = page.cut(&mut rows, |r| r.number.to_string());
    let revision = |row: RevisionRow| {
        Ok(Revision {
            number: row.number,
            innovation: read_json(&row.number.to_string(), "revision", &row.body)?,
            editor: row.editor,
            made_at: row.made_at,
        })
    };
    Ok((
        rows.into_iter().map(revision).collect::<Result<_, DbErr>>()?,
        next,
    ))
}

#[derive(Debug, FromQueryResult)]
struct AwardRow {
    year: i64,
    award: String,
    round: String,
}

/// Every award of an innovation: those of before, then those of announced rounds.
pub async fn awards_of(conn: &impl ConnectionTrait, stored: &Stored) -> Result<Vec<Award>, DbErr> {
    let text = "SELECT year, award, round FROM award WHERE innovation_id = $1 ORDER BY year, round, award";
    let rows = AwardRow::find_by_statement(sql(conn, text, [stored.id.into()]))
        .all(conn)
        .await?;
    let mut awards = stored.innovation.former_awards.clone();
    awards.extend(rows.into_iter().map(|r| Award {
        year: i32::try_from(r.year).unwrap_or_default(),
        award: r.award,
        round: r.round,
    }));
    Ok(awards)
}

/// Units of an agency with an innovation that belongs to `year` and no portfolio of it yet.
pub async fn units_without_portfolio(
    conn: &impl ConnectionTrait,
    agency: &str,
    year: i32,
) -> Result<Vec<name::Unit>, DbErr> {
    #[derive(FromQueryResult)]
    struct Unit {
        unit: String,
    }
    let text =
        "SELECT DISTINCT unit FROM innovation i WHERE agency = $1 AND first_year <= $2 AND stop_year >= $2
                AND NOT EXISTS (SELECT 1 FROM portfolio p
                                WHERE p.agency = i.agency AND p.unit = i.unit AND p.year = $2)";
    let rows = Unit::find_by_statement(sql(conn, text, [agency.into(), i64::from(year).into()])).all(conn);
    let unit = |row: Unit| name::Unit {
        agency: agency.to_owned(),
        unit: row.unit,
    };
    Ok(rows.await?.into_iter().map(unit).collect())
}
