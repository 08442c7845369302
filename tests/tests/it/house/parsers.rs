//! Every parser has a target of the fuzzing suite, or a reason why not, in `tests/fuzz/parsers.txt`.

use std::collections::{BTreeMap, BTreeSet};

use super::{code, read, without_tests};

const LIST: &str = "tests/fuzz/parsers.txt";
/// What a name of a function begins with that makes something of a text or of bytes.
const VERBS: [&str; 6] = ["parse", "read", "decode", "from_str", "verify", "without"];
/// Why a file has no target.
const REASONS: [&str; 4] = ["stored", "built-in", "settings", "operator"];

/// Whether a source file has a function that parses a text or bytes.
fn parses(text: &str) -> bool {
    let lines: Vec<&str> = code(text).into_iter().map(|(_, line)| line).collect();
    let text = lines.join("\n");
    text.match_indices("fn ").any(|(at, _)| {
        let rest = &text[at + 3..];
        let name: String = rest
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        let arguments = rest.split(['{', ';']).next().unwrap_or_default();
        let arguments = arguments.split("->").next().unwrap_or_default();
        let verb = VERBS.iter().any(|verb| {
            let more = name.strip_prefix(verb);
            more.is_some_and(|more| more.is_empty() || more.starts_with('_'))
        });
        verb && [" str", "&str", "a str", "[u8]"]
            .iter()
            .any(|of| arguments.contains(of))
    })
}

#[test]
fn what_parses_is_found() {
    assert!(parses("pub fn parse(text: &str) -> Option<Self> {\n}\n"));
    assert!(parses(
        "fn read_table<'a>(\n    text: &'a str,\n) -> Table {\n}\n"
    ));
    assert!(parses("fn decode(body: &[u8]) -> Row {\n}\n"));
    assert!(!parses(
        "// fn parse(text: &str)\nfn readings(a: &str) {\n}\nfn parse(n: u8) -> &str {\n}\n"
    ));
}

#[test]
fn every_parser_has_a_fuzz_target() {
    let list = read(LIST);
    let mut listed: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in list
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let mut words = line.split_whitespace();
        let file = words.next().unwrap();
        assert!(
            listed.insert(file, words.collect()).is_none(),
            "{file} is listed twice"
        );
    }
    let sources: BTreeSet<String> = without_tests()
        .into_iter()
        .filter(|file| parses(&read(file)))
        .collect();
    assert!(sources.len() > 50, "{sources:?}");
    let found: BTreeSet<&str> = sources.iter().map(String::as_str).collect();
    let known: BTreeSet<&str> = listed.keys().copied().collect();
    let missing: Vec<_> = found.difference(&known).collect();
    assert!(missing.is_empty(), "{LIST} lacks {missing:#?}");
    let gone: Vec<_> = known.difference(&found).collect();
    assert!(gone.is_empty(), "{LIST} lists {gone:#?}, which parse nothing");
    for (file, targets) in listed {
        assert!(!targets.is_empty(), "{file} has no target");
        for target in targets {
            let exists = |(module, function): (&str, &str)| {
                read(&format!("tests/fuzz/{module}.rs")).contains(&format!("fn {function}("))
            };
            let is_known = target.split_once("::").map_or(REASONS.contains(&target), exists);
            assert!(is_known, "{file}: no target {target}");
        }
    }
}
