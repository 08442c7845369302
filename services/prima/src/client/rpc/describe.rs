//! Describes the methods of the contract: which exist, what each takes and returns.

use prost_reflect::{Kind, MessageDescriptor, MethodDescriptor};

use crate::client::contract;
use crate::client::print::{self, Table};
use crate::summaries::summary;

/// The methods whose name or service contains the pattern.
pub(super) fn list(pattern: &str) -> anyhow::Result<String> {
    let mut methods = contract::methods()?;
    methods.retain(|method| contract::contains(&contract::short(method), pattern));
    let table = Table::of(&methods)
        .whole("Metode", |method| method.name().to_owned())
        .whole("Layanan", |method| method.parent_service().full_name().to_owned())
        .text("Aliran", streams)
        .text("Kegunaan", |method| summary(method.full_name()));
    Ok(table.print() + &format!("{} metode.\n", methods.len()))
}

fn streams(method: &MethodDescriptor) -> &'static str {
    match (method.is_client_streaming(), method.is_server_streaming()) {
        (false, false) => "-",
        (true, false) => "permintaan",
        (false, true) => "jawaban",
        (true, true) => "permintaan dan jawaban",
    }
}

/// A method with its fields and their comments in the contract.
pub(super) fn describe(method: &MethodDescriptor) -> String {
    let text = contract::comment(&method.parent_file(), method.path());
    let mut page = format!(
        "{}\n  {}.\n",
        contract::path(method).trim_start_matches('/'),
        summary(method.full_name())
    );
    if !text.is_empty() {
        page += &format!("  {}\n", print::clean(&text));
    }
    let (input, output) = (method.input(), method.output());
    for (what, message, stream) in [
        ("Permintaan", input, method.is_client_streaming()),
        ("Jawaban", output, method.is_server_streaming()),
    ] {
        let stream = if stream { " (aliran)" } else { "" };
        page += &format!("\n{what}{stream}: {}\n", message.name());
        let mut rows = Vec::new();
        fields(&message, "", &mut Vec::new(), &mut rows);
        if rows.is_empty() {
            page += "  tanpa isian\n";
            continue;
        }
        page += &Table::of(&rows)
            .whole("Isian", |field| &field.path)
            .text("Jenis", |field| &field.kind)
            .text("Keterangan", |field| &field.comment)
            .print();
    }
    page
}

pub(super) struct Field {
    /// The path that a pair uses; an item of a list is item 0.
    pub path: String,
    pub kind: String,
    /// The comment of the contract.
    pub comment: String,
    /// The values that may follow `=`, when only a few are possible.
    pub choices: Vec<String>,
    /// Whether the field is a message with fields of its own.
    pub nested: bool,
}

/// Every field, with those of inner messages after it. A message that contains itself is listed once.
pub(super) fn fields(
    descriptor: &MessageDescriptor,
    before: &str,
    within: &mut Vec<String>,
    rows: &mut Vec<Field>,
) {
    within.push(descriptor.full_name().to_owned());
    for field in descriptor.fields() {
        let path = format!("{before}{}", field.name());
        let kind = field.kind();
        let name = match &kind {
            Kind::Message(entry) if field.is_map() => {
                let value = contract::kind_name(&entry.map_entry_value_field().kind());
                format!("{value} untuk tiap kunci")
            }
            kind if field.is_list() => format!("daftar {}", contract::kind_name(kind)),
            kind => contract::kind_name(kind),
        };
        let inner = match &kind {
            Kind::Message(inner) if !field.is_map() && !contract::is_text(inner) => Some(inner),
            _ => None,
        };
        rows.push(Field {
            path: if field.is_map() {
                path.clone() + ".KUNCI"
            } else {
                path.clone()
            },
            kind: name,
            comment: contract::comment(&field.parent_file(), field.path()),
            choices: match &kind {
                Kind::Enum(choices) => contract::choices(choices)
                    .into_iter()
                    .map(|(name, _)| name)
                    .collect(),
                Kind::Bool => vec!["true".to_owned(), "false".to_owned()],
                _ => Vec::new(),
            },
            nested: inner.is_some(),
        });
        if let Some(inner) = inner
            && !within.contains(&inner.full_name().to_owned())
        {
            let item = if field.is_list() { ".0." } else { "." };
            fields(inner, &(path + item), within, rows);
        }
    }
    within.pop();
}
