//! What was accepted and is not counted.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Table, local};

/// One thing that is not counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// The service that knows of it.
    pub service: &'static str,
    pub kind: String,
    pub kind_display_name: String,
    pub name: String,
    /// The unit or agency.
    pub subject: String,
    pub period: String,
    pub since: Option<DateTime<Utc>>,
    pub reason: String,
    pub action: String,
}

/// All of it, of every service.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    pub items: Vec<Item>,
}

#[derive(Serialize)]
struct Json<'a> {
    /// How many there are of each kind.
    counts: BTreeMap<&'a str, usize>,
    figures: &'a [Item],
}

impl Figures {
    /// As text for people, or as JSON.
    pub fn render(&self, json: bool) -> anyhow::Result<String> {
        if !json {
            return Ok(self.table());
        }
        let counts = self
            .kinds()
            .into_iter()
            .map(|(item, count)| (item.kind.as_str(), count));
        let json = Json {
            counts: counts.collect(),
            figures: &self.items,
        };
        super::json(&json, false)
    }

    /// The first item of each kind with the number of items of that kind, in the order in which they were listed.
    fn kinds(&self) -> Vec<(&Item, usize)> {
        let mut kinds: Vec<(&Item, usize)> = Vec::new();
        for item in &self.items {
            match kinds.iter_mut().find(|(first, _)| first.kind == item.kind) {
                Some((_, count)) => *count += 1,
                None => kinds.push((item, 1)),
            }
        }
        kinds
    }

    fn table(&self) -> String {
        if self.items.is_empty() {
            return "Semua yang diterima terhitung.\n".to_owned();
        }
        let kinds = self.kinds();
        let mut text = Table::of(&kinds)
            .text("Yang tidak terhitung", |(item, _)| &item.kind_display_name)
            .number("Jumlah", |(_, count)| count)
            .text("Yang perlu dilakukan", |(item, _)| &item.action)
            .print();
        text += &Table::of(&self.items)
            .text("Jenis", |item| &item.kind_display_name)
            .whole("Nama", |item| &item.name)
            .whole("Unit atau instansi", |item| &item.subject)
            .text("Periode", |item| &item.period)
            .text("Sejak", |item| item.since.map(local).unwrap_or_default())
            .text("Sebab", |item| &item.reason)
            .print();
        text + &format!("{} tidak terhitung.\n", self.items.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(kind: &str, name: &str) -> Item {
        Item {
            service: "survey",
            kind: kind.to_owned(),
            kind_display_name: format!("Jenis {kind}"),
            name: name.to_owned(),
            subject: "agencies/3271/units/mpp".to_owned(),
            period: "2024".to_owned(),
            since: Some(DateTime::UNIX_EPOCH),
            reason: "Unit tidak terdaftar".to_owned(),
            action: "Daftarkan".to_owned(),
        }
    }

    #[test]
    fn each_kind_is_counted_and_each_item_is_listed() {
        let figures = Figures {
            items: vec![item("a", "x"), item("b", "y"), item("a", "z")],
        };
        insta::assert_snapshot!(figures.render(false).unwrap(), @"
        ┌──────────────────────┬────────┬──────────────────────┐
        │ Yang tidak terhitung ┆ Jumlah ┆ Yang perlu dilakukan │
        ╞══════════════════════╪════════╪══════════════════════╡
        │ Jenis a              ┆      2 ┆ Daftarkan            │
        │ Jenis b              ┆      1 ┆ Daftarkan            │
        └──────────────────────┴────────┴──────────────────────┘
        ┌─────────┬──────┬─────────────────────────┬─────────┬─────────────────────────┬──────────────────────┐
        │ Jenis   ┆ Nama ┆ Unit atau instansi      ┆ Periode ┆ Sejak                   ┆ Sebab                │
        ╞═════════╪══════╪═════════════════════════╪═════════╪═════════════════════════╪══════════════════════╡
        │ Jenis a ┆ x    ┆ agencies/3271/units/mpp ┆ 2024    ┆ 1970-01-01 07:00:00 WIB ┆ Unit tidak terdaftar │
        │ Jenis b ┆ y    ┆ agencies/3271/units/mpp ┆ 2024    ┆ 1970-01-01 07:00:00 WIB ┆ Unit tidak terdaftar │
        │ Jenis a ┆ z    ┆ agencies/3271/units/mpp ┆ 2024    ┆ 1970-01-01 07:00:00 WIB ┆ Unit tidak terdaftar │
        └─────────┴──────┴─────────────────────────┴─────────┴─────────────────────────┴──────────────────────┘
        3 tidak terhitung.
        ");
        let json: serde_json::Value = serde_json::from_str(&figures.render(true).unwrap()).unwrap();
        assert_eq!(json["counts"], serde_json::json!({"a": 2, "b": 1}));
        assert_eq!(json["figures"][2]["name"], "z");
        let none = Figures::default();
        assert_eq!(none.render(false).unwrap(), "Semua yang diterima terhitung.\n");
        assert_eq!(
            none.render(true).unwrap(),
            "{\n  \"counts\": {},\n  \"figures\": []\n}\n"
        );
    }
}
