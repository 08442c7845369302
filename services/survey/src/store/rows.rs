//! Inserts, updates and locks many rows of an entity in one statement. The query builder would make a different statement for
//! each number of rows; these statements are prepared once for any number: see [`table`].

use prima_platform::db::{Column as Type, DbErr, Txn, plain_rows, rows_at_once, sql, table};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, IdenStatic, ModelTrait, Statement,
    Value, sea_query::ArrayType,
};

/// Rows as a table of these columns: the text of the FROM clause, the expression that reads each column, and the
/// values. NULL is passed as '', 0 or an empty byte string, none of which is a valid value of a nullable column.
fn source<'a, E: EntityTrait<Model: 'a>, const N: usize>(
    txn: &Txn,
    columns: [E::Column; N],
    rows: impl IntoIterator<Item = &'a E::Model>,
) -> (String, [String; N], Vec<Value>) {
    let types = columns.map(|column| match E::Model::get_value_type(column) {
        ArrayType::BigInt => Type::Int,
        ArrayType::Bytes => Type::Bytes,
        _ => Type::Text,
    });
    let rows = rows
        .into_iter()
        .map(|row| columns.map(|column| without_null(row.get(column))));
    let (from, values) = table(txn, types, rows, 0);
    let mut numbered = (1..).zip(types);
    let read = columns.map(|column| match numbered.next() {
        Some((n, _)) if !column.def().is_null() => format!("v.column{n}"),
        Some((n, Type::Int)) => format!("NULLIF(v.column{n}, 0)"),
        Some((n, Type::Text)) => format!("NULLIF(v.column{n}, '')"),
        Some((n, Type::Bytes)) => format!("CASE WHEN length(v.column{n}) > 0 THEN v.column{n} END"),
        None => String::new(),
    });
    (from, read, values)
}

fn without_null(value: Value) -> Value {
    match value {
        Value::BigInt(None) => 0_i64.into(),
        Value::String(None) => String::new().into(),
        Value::Bytes(None) => Vec::<u8>::new().into(),
        value => value,
    }
}

/// A value of a row that is inserted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell<'a> {
    /// `BIGINT`.
    Int(i64),
    /// `TEXT`.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// NULL.
    Null,
}

impl From<i64> for Cell<'_> {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl<'a> From<&'a String> for Cell<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a Vec<u8>> for Cell<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a, T: Into<Cell<'a>>> From<Option<T>> for Cell<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl Cell<'_> {
    /// The value for a column of this type.
    fn value(self, kind: Type) -> Value {
        match (self, kind) {
            (Self::Int(number), _) => number.into(),
            (Self::Text(text), _) => text.into(),
            (Self::Bytes(bytes), _) => bytes.into(),
            (Self::Null, Type::Int) => Value::BigInt(None),
            (Self::Null, Type::Text) => Value::String(None),
            (Self::Null, Type::Bytes) => Value::Bytes(None),
        }
    }
}

/// From this number of rows on, a column in which all rows have the same value is one parameter. With fewer rows, there
/// would be a different statement to prepare for nearly every combination of such columns.
const ALIKE: usize = 64;
/// Separates the values of a packed column; a text that contains it is not packed.
const SEPARATOR: char = '\u{1f}';

/// On SQLite the number of rows of a larger statement is rounded up to a multiple of this one, so that there are few
/// different statements to prepare.
const STEP: usize = 256;

/// Splits rows into parts for one [`insert`] each: on PostgreSQL into a single part, on SQLite into as few as its limit
/// on parameters allows, because each statement is two switches between threads.
pub fn parts<'a, 'b, const N: usize>(
    txn: &Txn,
    rows: &'a [[Cell<'b>; N]],
) -> std::slice::Chunks<'a, [Cell<'b>; N]> {
    rows.chunks(rows_at_once(txn, N) / STEP * STEP)
}

/// The number of rows for which a statement of SQLite with `count` rows is prepared.
fn prepared(count: usize) -> usize {
    if count > STEP {
        count.next_multiple_of(STEP)
    } else {
        count.next_power_of_two()
    }
}

/// An INSERT of rows with these columns, followed by `tail`. `rows` must be one of the [`parts`].
pub fn insert<E: EntityTrait, const N: usize>(
    txn: &Txn,
    columns: [E::Column; N],
    rows: &[[Cell<'_>; N]],
    tail: &str,
) -> Statement {
    let name = E::default();
    let head = |columns: &[&str]| format!("INSERT INTO {} ({})", name.table_name(), columns.join(", "));
    let same = alike(rows);
    if txn.get_database_backend() == DbBackend::Postgres {
        let (from, read, values) = packed::<E, N>(columns, rows, &same);
        let head = head(&columns.map(|column| column.as_str()));
        let text = format!("{head} SELECT {} FROM {from} WHERE TRUE {tail}", read.join(", "));
        return sql(txn, &text, values);
    }
    // Where all rows have the same value it is one parameter, and no NULLs are passed: each value is copied twice by the
    // driver and once by the database.
    let (mut names, mut read, mut values, mut different) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for ((column, same), place) in columns.iter().zip(&same).zip(0..) {
        match same {
            Some(Cell::Null) => continue,
            Some(cell) => {
                read.push("?".to_owned());
                values.push(cell.value(kind::<E>(*column)));
            }
            None => {
                different.push((place, kind::<E>(*column)));
                read.push(format!("column{}", different.len()));
            }
        }
        names.push(column.as_str());
    }
    let alike = values.len();
    values.reserve(rows.len() * different.len());
    for row in rows {
        let cells = different
            .iter()
            .filter_map(|(place, kind)| Some((row.get(*place)?, kind)));
        values.extend(cells.map(|(cell, kind)| cell.value(*kind)));
    }
    // Rows of NULL fill it up; the WHERE clause excludes them.
    let is_given = |(place, _): &(usize, Type)| columns.get(*place).is_some_and(|c| !c.def().is_null());
    let given = different.iter().position(is_given);
    let count = given.map_or(rows.len(), |_| prepared(rows.len()));
    values.resize(alike + count * different.len(), Value::BigInt(None));
    let (head, size) = (head(&names), (count, different.len()));
    if alike == 0 && count == rows.len() {
        return plain_rows(&head, size, tail, values);
    }
    let which = given.map_or("true".to_owned(), |n| format!("column{} IS NOT NULL", n + 1));
    let before = format!("{head} SELECT {} FROM (", read.join(", "));
    plain_rows(&before, size, &format!(") WHERE {which} {tail}"), values)
}

/// The value that all rows have in each column.
fn alike<'a, const N: usize>(rows: &[[Cell<'a>; N]]) -> [Option<Cell<'a>>; N] {
    let mut same = [None; N];
    if let Some(first) = rows.first().filter(|_| rows.len() >= ALIKE) {
        same = first.map(Some);
        for row in rows {
            for (same, cell) in same.iter_mut().zip(row) {
                *same = same.filter(|same| same == cell);
            }
        }
    }
    same
}

fn kind<E: EntityTrait>(column: E::Column) -> Type {
    match E::Model::get_value_type(column) {
        ArrayType::BigInt => Type::Int,
        ArrayType::Bytes => Type::Bytes,
        _ => Type::Text,
    }
}

/// Rows as a table for PostgreSQL, as [`source`] makes it, from far fewer values: a column in which all rows are the same is
/// one value, and the texts of a column are one text, which the server splits. To the driver every text of an array is
/// a value that is copied three times.
fn packed<E: EntityTrait, const N: usize>(
    columns: [E::Column; N],
    rows: &[[Cell<'_>; N]],
    same: &[Option<Cell<'_>>; N],
) -> (String, [String; N], Vec<Value>) {
    let (mut arrays, mut names, mut values) = (Vec::new(), Vec::new(), Vec::with_capacity(N));
    let mut numbered = (1..).zip(same);
    let read = columns.map(|column| {
        let (n, same) = numbered.next().unwrap_or((0, &None));
        let (kind, null) = (kind::<E>(column), column.def().is_null());
        let cells = || rows.iter().filter_map(move |row| row.get(n - 1));
        if let Some(cell) = same {
            values.push(cell.value(kind));
            return match kind {
                Type::Int => format!("${n}::bigint"),
                Type::Text => format!("${n}::text"),
                Type::Bytes => format!("${n}::bytea"),
            };
        }
        names.push(format!("column{n}"));
        if kind == Type::Int {
            let number = |cell: &Cell<'_>| match cell {
                Cell::Int(number) => Value::from(*number),
                _ => Value::from(0_i64),
            };
            values.push(Value::Array(
                ArrayType::BigInt,
                Some(Box::new(cells().map(number).collect())),
            ));
            arrays.push(format!("${n}::bigint[]"));
            return if null {
                format!("NULLIF(v.column{n}, 0)")
            } else {
                format!("v.column{n}")
            };
        }
        let separated = |cell: &Cell<'_>| matches!(cell, Cell::Text(text) if text.contains(SEPARATOR));
        if cells().any(separated) {
            let text = |cell: &Cell<'_>| match cell {
                Cell::Text(text) => Value::from(*text),
                _ => Value::from(""),
            };
            values.push(Value::Array(
                ArrayType::String,
                Some(Box::new(cells().map(text).collect())),
            ));
            arrays.push(format!("${n}::text[]"));
            return if null {
                format!("NULLIF(v.column{n}, '')")
            } else {
                format!("v.column{n}")
            };
        }
        let mut text = String::with_capacity(rows.len() * 16);
        for (place, cell) in cells().enumerate() {
            if place > 0 {
                text.push(SEPARATOR);
            }
            match cell {
                Cell::Text(cell) => text.push_str(cell),
                Cell::Bytes(cell) => hex(cell, &mut text),
                Cell::Int(_) | Cell::Null => {}
            }
        }
        values.push(text.into());
        // An empty text is NULL, as a text without any separator is an array without elements.
        arrays.push(format!("string_to_array(${n}::text, chr(31), '')"));
        match kind {
            Type::Bytes => format!("decode(v.column{n}, 'hex')"),
            _ if null => format!("v.column{n}"),
            _ => format!("COALESCE(v.column{n}, '')"),
        }
    });
    (
        format!("UNNEST({}) AS v ({})", arrays.join(", "), names.join(", ")),
        read,
        values,
    )
}

fn hex(bytes: &[u8], text: &mut String) {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or_default();
    text.extend(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]));
}

/// Updates these columns of rows; the first `keys` columns are the key.
pub async fn update_in_txn<'a, E: EntityTrait<Model: 'a>, const N: usize>(
    txn: &Txn,
    columns: [E::Column; N],
    keys: usize,
    rows: impl IntoIterator<Item = &'a E::Model>,
) -> Result<(), DbErr> {
    let (from, read, values) = source::<E, N>(txn, columns, rows);
    let equal = columns
        .iter()
        .zip(read)
        .map(|(column, read)| format!("{} = {read}", column.as_str()));
    let equal: Vec<String> = equal.collect();
    let (key, set) = equal.split_at(keys.min(N));
    let (name, set, key) = (E::default(), set.join(", "), key.join(" AND "));
    let text = format!("UPDATE {} SET {set} FROM {from} WHERE {key}", name.table_name());
    txn.execute_raw(sql(txn, &text, values)).await.map(drop)
}

/// Locks the rows with these keys, whose columns are texts, in the order of the keys by taking the next version of each;
/// missing rows are inserted.
pub async fn lock_in_txn<E: EntityTrait, const N: usize>(
    txn: &Txn,
    columns: [E::Column; N],
    keys: impl IntoIterator<Item = [Value; N]>,
    now_millis: i64,
) -> Result<Vec<E::Model>, DbErr> {
    let (from, mut values) = table(txn, [Type::Text; N], keys, 0);
    values.push(now_millis.into());
    let read: Vec<String> = (1..=N).map(|n| format!("column{n}")).collect();
    let (name, read, now) = (E::default(), read.join(", "), values.len());
    let (name, key) = (
        name.table_name(),
        columns.map(|column| column.as_str()).join(", "),
    );
    let text = format!(
        "INSERT INTO {name} ({key}, version) SELECT {read}, ${now} FROM {from} WHERE TRUE
         ON CONFLICT ({key}) DO UPDATE SET version =
             CASE WHEN {name}.version + 1 > excluded.version THEN {name}.version + 1
                  ELSE excluded.version END
         RETURNING *"
    );
    E::Model::find_by_statement(sql(txn, &text, values))
        .all(txn)
        .await
}
