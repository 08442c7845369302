//! Searches bytes for markers in the encodings in which a text may be hidden: plain, hexadecimal, base64 and changed
//! case.

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use prima_platform::db::sql;
use sea_orm::{ConnectionTrait, DbBackend};

use crate::fixture::World;

/// Markers: texts that occur nowhere else.
#[derive(Debug, Default)]
pub struct Markers(Vec<(String, Vec<String>)>);

/// The bytes as a text of as many characters, in which searching is fast.
fn latin(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

impl Markers {
    /// Adds a text to search for.
    pub fn add(&mut self, what: &str, text: &str) {
        assert!(text.len() >= 8, "{what} is too short to be its own");
        let bytes = text.as_bytes();
        let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
        let mut forms = vec![hex];
        for shift in 0..3 {
            // In base64 the preceding bytes shift a text by some bits, and the characters at its ends depend on the
            // neighbouring bytes.
            let moved = [vec![b' '; shift], bytes.to_vec()].concat();
            let whole = moved.len() / 3 * 3;
            let encoded = STANDARD_NO_PAD.encode(&moved[..whole]);
            let first = if shift == 0 { 0 } else { 4 };
            forms.push(encoded[first..].to_owned());
        }
        forms.push(latin(bytes).to_lowercase());
        self.0.push((what.to_owned(), forms));
    }

    /// The markers that the bytes contain, with their encoding.
    pub fn find(&self, place: &str, bytes: &[u8]) -> Vec<String> {
        let text = latin(bytes);
        let lower = text.to_lowercase();
        let mut found = Vec::new();
        for (what, forms) in &self.0 {
            for (n, form) in forms.iter().enumerate() {
                let names = ["hex", "base64", "base64", "base64", "text"];
                let hay = if names[n] == "base64" { &text } else { &lower };
                if let Some(at) = hay.find(form.as_str()) {
                    let near: String = hay.chars().skip(at.saturating_sub(60)).take(120).collect();
                    found.push(format!("{place}: {what} as {}: {near:?}", names[n]));
                }
            }
        }
        found
    }
}

/// The bytes of every column of every table of the service, with its name.
pub async fn dump(world: &World) -> Vec<(String, Vec<u8>)> {
    let reader = world.db.reader();
    let is_postgres = world.db.backend() == DbBackend::Postgres;
    let columns = if is_postgres {
        "SELECT table_name AS t, column_name AS c, data_type AS k FROM information_schema.columns
         WHERE table_schema = current_schema()"
    } else {
        "SELECT m.name AS t, i.name AS c, i.type AS k FROM sqlite_master m, pragma_table_info(m.name) i
         WHERE m.type = 'table'"
    };
    let rows = reader.query_all_raw(sql(reader, columns, [])).await.unwrap();
    assert!(rows.len() > 100, "{}", rows.len());
    let mut all = Vec::new();
    for row in rows {
        let part = |name: &str| row.try_get::<String>("", name).unwrap();
        let (table, column, kind) = (part("t"), part("c"), part("k"));
        let hex = match (is_postgres, kind.as_str()) {
            (true, "bytea") => format!("encode(\"{column}\", 'hex')"),
            (true, _) => format!("encode(convert_to(\"{column}\"::text, 'UTF8'), 'hex')"),
            (false, _) => format!("hex(\"{column}\")"),
        };
        let text = format!("SELECT {hex} AS h FROM \"{table}\" WHERE \"{column}\" IS NOT NULL");
        for value in reader.query_all_raw(sql(reader, &text, [])).await.unwrap() {
            let hex: String = value.try_get("", "h").unwrap();
            let bytes = (0..hex.len() / 2).map(|n| u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).unwrap());
            all.push((format!("{table}.{column}"), bytes.collect()));
        }
    }
    all
}
