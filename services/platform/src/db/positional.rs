//! Rewrites `$1` to positional parameters for SQLite, to which `$1` is a *name*: looking up each of many names among
//! all of them takes quadratic time.

use sea_orm::Value;

/// `text` with `?` for each `$n` outside quotes and comments, and the values in the order of these: a parameter that
/// occurs twice has its value twice. A number without a value becomes `:n`, which the driver refuses.
pub(super) fn positional(text: &str, values: Vec<Value>) -> (String, Vec<Value>) {
    let bytes = text.as_bytes();
    let mut rewritten = String::with_capacity(text.len());
    let mut indices = Vec::with_capacity(values.len());
    let (mut at, mut copied) = (0, 0);
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        at = match (byte, bytes.get(at + 1)) {
            // A doubled quote ends one quoted text and begins the next.
            (b'\'' | b'"' | b'`', _) => past(bytes, at + 1, &[byte]),
            (b'[', _) => past(bytes, at + 1, b"]"),
            (b'-', Some(b'-')) => past(bytes, at + 2, b"\n"),
            (b'/', Some(b'*')) => past(bytes, at + 2, b"*/"),
            // A `$` within a name belongs to it.
            _ if in_name(byte) => run(bytes, at + 1, in_name),
            _ => at + 1,
        };
        if byte != b'$' {
            continue;
        }
        let Some(number) = text.get(start + 1..at).and_then(|n| n.parse::<usize>().ok()) else {
            continue;
        };
        rewritten.push_str(text.get(copied..start).unwrap_or_default());
        copied = at;
        match number.checked_sub(1).filter(|index| *index < values.len()) {
            Some(index) => {
                rewritten.push('?');
                indices.push(index);
            }
            None => {
                rewritten.push(':');
                copied = start + 1;
            }
        }
    }
    rewritten.push_str(text.get(copied..).unwrap_or_default());
    if indices.iter().copied().eq(0..values.len()) {
        return (rewritten, values);
    }
    let values = indices.into_iter().filter_map(|index| values.get(index).cloned());
    (rewritten, values.collect())
}

/// Whether SQLite accepts the byte in a name or in the name of a parameter.
fn in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || !byte.is_ascii()
}

/// The first index from `at` on whose byte is not `inside`.
fn run(bytes: &[u8], at: usize, inside: impl Fn(u8) -> bool) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(|b| !inside(*b)).unwrap_or(rest.len())
}

/// The index after the next `end`; the end of the text when there is none.
fn past(bytes: &[u8], at: usize, end: &[u8]) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    let found = rest.windows(end.len()).position(|window| window == end);
    found.map_or(bytes.len(), |offset| at + offset + end.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sea_orm::{ConnectOptions, ConnectionTrait, DbBackend, Statement};

    use super::*;

    fn rewritten(text: &str, values: &[i64]) -> (String, Vec<i64>) {
        let (text, values) = positional(text, values.iter().map(|v| (*v).into()).collect());
        let number = |v: Value| match v {
            Value::BigInt(Some(n)) => n,
            other => panic!("{other:?}"),
        };
        (text, values.into_iter().map(number).collect())
    }

    #[test]
    fn values_come_in_the_order_of_their_occurrences() {
        for (text, values, expected, order) in [
            ("SELECT 1", &[][..], "SELECT 1", &[][..]),
            ("$1, $2", &[10, 20], "?, ?", &[10, 20]),
            ("$2, $1", &[10, 20], "?, ?", &[20, 10]),
            (
                "$1 = $2 OR $1 < $2",
                &[10, 20],
                "? = ? OR ? < ?",
                &[10, 20, 10, 20],
            ),
            ("$2", &[10, 20], "?", &[20]),
            ("($1,$10)", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], "(?,?)", &[1, 10]),
        ] {
            assert_eq!(
                rewritten(text, values),
                (expected.to_owned(), order.to_vec()),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_quoted_or_a_comment_or_a_name_stays() {
        for text in [
            "'$1'",
            "'it''s $1'",
            "''''",
            "'$1",
            "\"$1\"",
            "\"a\"\"$1\"",
            "`$1`",
            "[$1]",
            "-- $1",
            "/* $1 */",
            "/* $1",
            "/*/ $1 */",
            "a$1",
            "é$1",
            "$1a",
            "$",
            "$a",
            "$$1",
            "$-1",
        ] {
            assert_eq!(rewritten(text, &[10]), (text.to_owned(), vec![]), "{text}");
        }
        let text = "'$1'$1\"$1\"$1--'\n$1/*'*/$1-$1/$1[']$1";
        let expected = "'$1'?\"$1\"?--'\n?/*'*/?-?/?[']?";
        assert_eq!(rewritten(text, &[10]), (expected.to_owned(), vec![10; 7]));
    }

    #[test]
    fn a_number_without_a_value_is_not_taken_for_null() {
        assert_eq!(rewritten("$1, $2, $0", &[10]), ("?, :2, :0".to_owned(), vec![10]));
    }

    /// A piece of a statement that SQLite accepts after SELECT, with `$1` to `$6`.
    fn piece() -> impl Strategy<Value = String> {
        let quoted = "[a-z$0-9 '\"/*\\-\\[éß\n]{0,8}";
        prop_oneof![
            3 => (1..=6usize).prop_map(|n| format!("${n}")),
            2 => (1..=6usize, 1..=6usize).prop_map(|(a, b)| format!("(${a}*10+${b}/$1)")),
            1 => quoted.prop_map(|t| format!("'{}'", t.replace('\'', "''"))),
            1 => (1..=6usize, quoted).prop_map(|(n, t)| format!("${n} AS \"{}\"", t.replace('"', "\"\""))),
            1 => (1..=6usize, "[a-z$1-6 ']{1,6}").prop_map(|(n, t)| format!("${n} AS [${t}]")),
            1 => (1..=6usize, "[a-z$0-9 '\"/é]{0,8}").prop_map(|(n, t)| format!("/*{t}*/${n}--{t}\n")),
            1 => (1..=6usize, 1..=6usize).prop_map(|(a, b)| format!("${a} AS a${b}")),
        ]
    }

    /// SQLite must return the same for the rewritten statement as for the one with names.
    #[test]
    fn a_rewritten_statement_answers_as_it_does_by_names() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let db = runtime.block_on(async {
            let mut options = ConnectOptions::new("sqlite::memory:");
            options.max_connections(1).sqlx_logging(false);
            sea_orm::Database::connect(options).await.unwrap()
        });
        let answer = |text: &str, values: Vec<Value>| {
            #[expect(clippy::disallowed_methods, reason = "what is compared with")]
            let statement = Statement::from_sql_and_values(DbBackend::Sqlite, text, values);
            let row = runtime.block_on(db.query_one_raw(statement)).unwrap().unwrap();
            let cells = 0..row.column_names().len();
            cells
                .map(|n| {
                    let number = row.try_get_by_index::<i64>(n).map(|n| n.to_string());
                    number.or_else(|_| row.try_get_by_index(n)).unwrap()
                })
                .collect::<Vec<String>>()
        };
        proptest!(|(pieces in prop::collection::vec(piece(), 1..12))| {
            let text = format!("SELECT {}", pieces.join(", "));
            let values: Vec<Value> = (1..=6i64).map(Value::from).collect();
            let (rewritten, ordered) = positional(&text, values.clone());
            prop_assert_eq!(rewritten.matches('?').count(), ordered.len());
            prop_assert_eq!(answer(&rewritten, ordered), answer(&text, values), "{} as {}", text, rewritten);
        });
    }
}
