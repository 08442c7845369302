//! Inserts, updates and locks many rows of an entity in one statement. The query builder would make a different statement for
//! each number of rows; these statements are prepared once for any number: see [`table`].

use prima_platform::db::{Column as Type, DbErr, Txn, plain_insert, sql, table};
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

/// An INSERT of these columns of rows, followed by `tail`. `rows` must be one of the parts that
/// [`prima_platform::db::at_once`] returns.
pub fn insert<'a, E: EntityTrait<Model: 'a>, const N: usize>(
    txn: &Txn,
    columns: [E::Column; N],
    rows: impl IntoIterator<Item = &'a E::Model>,
    tail: &str,
) -> Statement {
    let (name, names) = (E::default(), columns.map(|column| column.as_str()).join(", "));
    let head = format!("INSERT INTO {} ({names})", name.table_name());
    if txn.get_database_backend() != DbBackend::Postgres {
        let values = rows
            .into_iter()
            .flat_map(|row| columns.map(|column| row.get(column)));
        return plain_insert(&head, N, values.collect(), tail);
    }
    let (from, read, values) = source::<E, N>(txn, columns, rows);
    let text = format!("{head} SELECT {} FROM {from} WHERE TRUE {tail}", read.join(", "));
    sql(txn, &text, values)
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
