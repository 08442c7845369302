//! Inputs that are made of honest ones, and of what breaks parsers.

use proptest::{collection::vec, prelude::*, sample::Index};
use serde_json::Value;

/// Texts that break parsers: ends of ranges, other letters, other structures.
pub const TEXTS: &[&str] = &[
    "",
    " ",
    "-",
    "0",
    "-1",
    "1e999",
    "1e-999",
    "NaN",
    "1/0",
    "0/0",
    "99999999999999999999999999999999999999999999",
    "-9223372036854775808",
    "18446744073709551616",
    "0.1234567890123456789012345678901234567890",
    "\u{0}",
    "\u{1b}[2J",
    "\r\n",
    "\u{feff}",
    "\u{202e}abc\u{202c}",
    "\u{200b}",
    "e\u{301}\u{301}\u{301}\u{301}",
    "İı",
    "ß",
    "ﷺ",
    "👨\u{200d}👩\u{200d}👧",
    "\u{10ffff}",
    "=1+1",
    "\"",
    "'; DROP TABLE unit; --",
    "%s%n{}",
    "../../etc/passwd",
    "agencies/-/units/-",
    "agencies/3271/units/dpmptsp",
    "agencies/3271/units/dpmptsp/surveys/2024-q3",
    "metrics/skm/periods/2024/cohorts/kota",
    "9999-12-31",
    "0000-00-00",
    "-262144-01-01",
    "2024-02-30",
    "2024-q5",
    "2024-s1",
    "AAAAAAAAAAA",
    "eyJhbGciOiJub25lIn0.e30.",
    "[[[[[[[[[[[[[[[[",
    "{\"a\":",
    "<a><b/>",
];

/// A hostile text, also a long one.
pub fn text() -> BoxedStrategy<String> {
    prop_oneof![
        8 => prop::sample::select(TEXTS).prop_map(str::to_owned),
        2 => "\\PC{0,40}",
        1 => vec(any::<char>(), 0..20).prop_map(String::from_iter),
        1 => (prop::sample::select(TEXTS), 1_usize..3000).prop_map(|(text, n)| text.repeat(n)),
    ]
    .boxed()
}

/// One of the honest inputs with some of its bytes cut out, doubled, flipped, or replaced by hostile ones.
pub fn mutated(honest: Vec<Vec<u8>>) -> BoxedStrategy<Vec<u8>> {
    let change = (0_u8..5, any::<Index>(), any::<Index>(), any::<u8>(), text());
    (prop::sample::select(honest), vec(change, 0..6))
        .prop_map(|(mut bytes, changes)| {
            for (kind, from, length, byte, text) in changes {
                let from = from.index(bytes.len() + 1);
                let to = (from + length.index(64)).min(bytes.len());
                match kind {
                    0 => drop(bytes.drain(from..to)),
                    1 => {
                        let again = bytes[from..to].to_vec();
                        drop(bytes.splice(from..from, again));
                    }
                    2 => bytes[from..to].fill(byte),
                    3 => bytes.truncate(from),
                    _ => drop(bytes.splice(from..to, text.into_bytes())),
                }
            }
            bytes
        })
        .boxed()
}

/// A JSON value that no document expects.
fn value() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        4 => text().prop_map(Value::String),
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::Bool),
        2 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => prop::sample::select(vec![0_i64, -1, 1, 100, i64::MAX, i64::MIN]).prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::Array),
            vec(("[a-z_]{1,8}", inner), 0..4).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
    .boxed()
}

/// Calls `change` on each node with its number, counted in the order of the document; `number` becomes their count.
fn visit(node: &mut Value, number: &mut usize, change: &mut dyn FnMut(&mut Value, usize)) {
    let own = *number;
    *number += 1;
    match node {
        Value::Array(list) => list.iter_mut().for_each(|inner| visit(inner, number, change)),
        Value::Object(fields) => fields.values_mut().for_each(|inner| visit(inner, number, change)),
        _ => {}
    }
    change(node, own);
}

/// One of the honest documents with some of its values replaced, removed, or doubled.
pub fn document(honest: Vec<Value>) -> BoxedStrategy<String> {
    let change = (0_u8..4, any::<Index>(), value());
    (prop::sample::select(honest), vec(change, 0..5))
        .prop_map(|(mut document, changes)| {
            for (kind, at, new) in changes {
                let mut count = 0;
                visit(&mut document, &mut count, &mut |_, _| {});
                let (at, mut number) = (at.index(count), 0);
                visit(&mut document, &mut number, &mut |node, own| {
                    if own != at {
                        return;
                    }
                    match (kind, &mut *node) {
                        (0, Value::Array(list)) => list.extend(list.clone()),
                        (1, Value::Array(list)) => drop(list.pop()),
                        (1, Value::Object(fields)) => {
                            let last = fields.keys().next_back().cloned();
                            drop(last.and_then(|last| fields.remove(&last)));
                        }
                        _ => *node = new.clone(),
                    }
                });
            }
            document.to_string()
        })
        .boxed()
}
