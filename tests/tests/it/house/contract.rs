//! What the documentation tells callers: `proto/README.md` lists every error reason, and the contracts mark the methods
//! that only read.

use std::collections::{BTreeMap, BTreeSet};

use prost::Message;
use prost_types::{FileDescriptorSet, method_options::IdempotencyLevel};

use super::{code, read, services, without_tests};

/// Heading of the table of reasons that every service can send; they are in the platform.
const EVERY: &str = "Every service";

/// Texts in the code that look like a reason and are not.
const NO_REASONS: [&str; 16] = [
    // These are column types and a pragma.
    "BLOB",
    "BYTEA",
    "ON",
    "TEXT",
    // These are algorithms and kinds of keys in tokens.
    "EC",
    "ES256",
    "ES384",
    "ES512",
    "JWT",
    "OKP",
    "PS256",
    "RS256",
    "RSA",
    // This is an environment variable.
    "PRIMA_FAILPOINTS",
    // These are codes of PostgreSQL.
    "XX001",
    "XX002",
];

/// Reasons that are never sent to a caller.
const NOT_SENT: [&str; 8] = [
    // Refusals by the rules of complaints that are answered as faults of a field, `INVALID_FIELDS`.
    "SAME_AGENCY",
    "STARS_OUT_OF_RANGE",
    "UNKNOWN_CLASS",
    "UNKNOWN_REASON",
    // Events that can't be placed in a table; no call causes them.
    "SCORE_METRIC_INVALID",
    "SCORE_PERIOD_INVALID",
    "SCORE_VALUE_INVALID",
    // The connection is closed without a response.
    "TOO_MANY_CONNECTIONS",
];

/// The codes that `grpc::status` uses, and that of an answer with a notice.
const CODES: [&str; 14] = [
    "ABORTED",
    "ALREADY_EXISTS",
    "CANCELLED",
    "DEADLINE_EXCEEDED",
    "FAILED_PRECONDITION",
    "INTERNAL",
    "INVALID_ARGUMENT",
    "NOT_FOUND",
    "OK",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "UNAUTHENTICATED",
    "UNAVAILABLE",
    "UNIMPLEMENTED",
];

/// Whether `text` is written `LIKE_THIS_1`.
fn is_upper_snake(text: &str) -> bool {
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    text.len() > 1 && text.starts_with(|c: char| c.is_ascii_uppercase()) && text.split('_').all(is_word)
}

/// The texts of a line that are written like a reason. Byte strings and quotes within a text are not counted.
fn reasons_of(line: &str) -> Vec<&str> {
    let parts: Vec<&str> = line.split('"').collect();
    let between = parts.windows(3);
    between
        .filter(|three| !three[0].ends_with(['b', '\\']) && is_upper_snake(three[1]))
        .map(|three| three[1])
        .collect()
}

/// Everything in the code of a folder of `services/` that is written like a reason. The commands of `prima` send none.
fn written() -> BTreeMap<String, BTreeSet<String>> {
    let mut written: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in without_tests() {
        let Some((folder, _)) = path
            .strip_prefix("services/")
            .and_then(|rest| rest.split_once('/'))
        else {
            continue;
        };
        if folder != "prima" {
            let text = read(&path);
            let found = code(&text).into_iter().flat_map(|(_, line)| reasons_of(line));
            let of_folder = written.entry(folder.to_owned()).or_default();
            of_folder.extend(found.map(str::to_owned));
        }
    }
    written
}

/// A row of a table of reasons: the reason, and the other cells.
type Row = (String, Vec<String>);

/// The tables below the heading `## Errors`, by their headings.
fn tables(text: &str) -> BTreeMap<String, Vec<Row>> {
    let mut tables: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    let (mut inside, mut heading) = (false, "");
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            inside = title == "Errors";
        } else if let Some(title) = line.strip_prefix("### ") {
            heading = title;
        } else if inside && line.starts_with("| `") {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let reason = cells[0].trim_matches('`').to_owned();
            let others = cells[1..].iter().map(|cell| (*cell).to_owned()).collect();
            let rows = tables.entry(heading.to_owned()).or_default();
            rows.push((reason, others));
        }
    }
    tables
}

#[test]
fn what_is_written_like_a_reason_is_found() {
    assert_eq!(
        reasons_of("Self::A => (\"NOT_FOUND\", \"Tidak ditemukan\"),"),
        ["NOT_FOUND"]
    );
    assert_eq!(
        reasons_of("full: \"SETTLED\", share: \"A_1\","),
        ["SETTLED", "A_1"]
    );
    for none in [
        "Some(b\"WEBP\")",
        "\"TEXT COLLATE \\\"C_C\\\"\"",
        "\"A\" \"a_B\" \"A__B\" \"_A\" \"1A\"",
    ] {
        assert_eq!(reasons_of(none), Vec::<&str>::new(), "{none}");
    }
    let found = tables(
        "| `A` | b |\n## Errors\n### x\n| Reason | Code |\n|---|---|\n| `B` | c | d |\n## Next\n| `C` | d |\n",
    );
    let row = ("B".to_owned(), vec!["c".to_owned(), "d".to_owned()]);
    assert_eq!(found, BTreeMap::from([("x".to_owned(), vec![row])]));
}

#[test]
fn every_error_reason_is_documented() {
    let written = written();
    let all: BTreeSet<&str> = written.values().flatten().map(String::as_str).collect();
    assert!(all.len() > 100, "{all:?}");
    let others: BTreeSet<&str> = NO_REASONS.into_iter().chain(NOT_SENT).collect();
    let gone: Vec<_> = others.difference(&all).collect();
    assert!(gone.is_empty(), "no longer in the code: {gone:?}");

    let tables = tables(&read("proto/README.md"));
    let documented = |heading: &str| -> BTreeSet<&str> {
        let rows = tables.get(heading).into_iter().flatten();
        rows.map(|(reason, _)| reason.as_str()).collect()
    };
    let sent = |folder: &str| -> BTreeSet<&str> {
        let found = written.get(folder).into_iter().flatten();
        let found = found.map(String::as_str);
        found.filter(|text| !others.contains(text)).collect()
    };
    let mut headings = services();
    headings.insert(EVERY.to_owned());
    let found: BTreeSet<String> = tables.keys().cloned().collect();
    assert!(found.is_subset(&headings), "tables of {found:?}");
    let everywhere = documented(EVERY);
    for heading in &headings {
        let folder = if heading == EVERY { "platform" } else { heading };
        let (sent, documented) = (sent(folder), documented(heading));
        let known: BTreeSet<&str> = documented.union(&everywhere).copied().collect();
        let undocumented: Vec<_> = sent.difference(&known).collect();
        assert!(
            undocumented.is_empty(),
            "proto/README.md, `{heading}` lacks {undocumented:?}"
        );
        let unsent: Vec<_> = documented.difference(&sent).collect();
        assert!(
            unsent.is_empty(),
            "proto/README.md, `{heading}`: no code sends {unsent:?}"
        );
    }
}

#[test]
fn the_tables_of_reasons_are_complete_and_sorted() {
    for (heading, rows) in tables(&read("proto/README.md")) {
        let in_order = rows.windows(2).all(|two| two[0].0 < two[1].0);
        assert!(in_order, "`{heading}` is not sorted, or lists a reason twice");
        for (reason, cells) in rows {
            let [codes, means, help] = cells.as_slice() else {
                panic!("{reason} of `{heading}` has the cells {cells:?}");
            };
            assert!(!means.is_empty() && !help.is_empty(), "{reason} of `{heading}`");
            let codes: Vec<&str> = codes.split('`').skip(1).step_by(2).collect();
            let known = codes.iter().all(|code| CODES.contains(code));
            assert!(
                known && (!codes.is_empty() || reason == "UNKNOWN"),
                "{reason} of `{heading}` has the codes {codes:?}"
            );
        }
    }
}

#[test]
fn methods_that_only_read_say_so() {
    let set = FileDescriptorSet::decode(prima_proto::FILE_DESCRIPTOR_SET).unwrap();
    let ours = || set.file.iter().filter(|f| f.package().starts_with("prima."));
    let fields: BTreeMap<String, BTreeSet<&str>> = ours()
        .flat_map(|file| file.message_type.iter().map(move |message| (file, message)))
        .map(|(file, message)| {
            let names = message.field.iter().map(|field| field.name()).collect();
            (format!(".{}.{}", file.package(), message.name()), names)
        })
        .collect();
    let (mut reading, mut faults) = (0, Vec::new());
    for service in ours().flat_map(|file| &file.service) {
        for method in &service.method {
            let name = format!("{}.{}", service.name(), method.name());
            let options = method.options.clone().unwrap_or_default();
            if options.idempotency_level() == IdempotencyLevel::NoSideEffects {
                reading += 1;
                let of_request = &fields[method.input_type()];
                let writing = ["request_id", "etag", "update_mask"];
                for field in writing.iter().filter(|f| of_request.contains(*f)) {
                    faults.push(format!("{name} only reads, and takes `{field}`"));
                }
            } else if ["Get", "List", "Search", "Watch"]
                .iter()
                .any(|verb| method.name().starts_with(verb))
            {
                faults.push(format!("{name} is not marked NO_SIDE_EFFECTS"));
            }
        }
    }
    assert!(reading > 50, "{reading} methods only read");
    assert!(faults.is_empty(), "{faults:#?}");
}
