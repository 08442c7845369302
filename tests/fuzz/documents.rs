//! Documents of operators: instruments, workflows, categories, definitions of league tables, lists of holidays.

use std::str::from_utf8;

use prima_complaint::domain::{calendar, category::Categories, workflow::Workflow};
use prima_index::domain::instrument::Instrument;
use prima_platform::failure::Violation;
use prima_ranking::domain::definition::Definition;
use proptest::prelude::*;
use serde_json::Value;

use crate::{
    bounded, files, fuzz,
    hostile::{document, mutated},
};

/// Faults are named, in both languages, and not without end.
fn named<T>(read: Result<T, Vec<Violation>>) -> Result<(), String> {
    let Err(faults) = read else { return Ok(()) };
    let whole = |v: &Violation| !v.field.is_empty() && !v.description.is_empty() && !v.localized.is_empty();
    if faults.is_empty() || faults.len() > 10_000 || !faults.iter().all(whole) {
        return Err(format!("{} faults: {:?}", faults.len(), faults.first()));
    }
    Ok(())
}

/// Reads the honest documents, which are accepted, then what hostile ones are made of them, and the corpus.
fn documents(
    folder: &str,
    honest: &[&str],
    read: impl Fn(&str) -> Result<(), String>,
    accepts: impl Fn(&str) -> bool,
) {
    let files = files(folder, honest);
    let texts: Vec<String> = files
        .iter()
        .map(|(_, bytes)| String::from_utf8(bytes.clone()).unwrap())
        .collect();
    for text in &texts {
        assert!(accepts(text), "an honest document of {folder} is refused");
    }
    for (name, bytes) in crate::files("tests/fuzz/corpus/documents", &[""]) {
        if let Ok(text) = from_utf8(&bytes) {
            bounded(&text, |text| read(text)).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        }
    }
    let values: Vec<Value> = texts
        .iter()
        .map(|text| serde_json::from_str(text).unwrap())
        .collect();
    let bytes = texts.into_iter().map(String::into_bytes).collect();
    let text = mutated(bytes).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    fuzz(512, &prop_oneof![3 => document(values), 1 => text], |text| {
        read(text)
    });
}

#[test]
fn instruments() {
    documents(
        "services/index/data",
        &["pekppp-2017.json", "pekppp-2022.json"],
        |text| named(Instrument::read(text)),
        |text| Instrument::read(text).is_ok(),
    );
}

#[test]
fn workflows() {
    documents(
        "services/complaint/data",
        &["workflow-sp4n.json"],
        |text| named(Workflow::parse(text)),
        |text| Workflow::parse(text).is_ok(),
    );
}

#[test]
fn categories() {
    documents(
        "services/complaint/data",
        &["categories.json"],
        |text| named(Categories::parse(text)),
        |text| Categories::parse(text).is_ok(),
    );
}

#[test]
fn table_definitions() {
    documents(
        "services/ranking/data/tables",
        &[".json"],
        |text| named(Definition::read(text)),
        |text| Definition::read(text).is_ok(),
    );
}

#[test]
fn holidays() {
    let honest = files("services/complaint/data", &["holidays-id.csv"]);
    assert!(calendar::read_csv(from_utf8(&honest[0].1).unwrap()).is_ok());
    let read = |bytes: &Vec<u8>| {
        let read = calendar::read_csv(&String::from_utf8_lossy(bytes));
        named(read.map_err(|faults| faults.into_iter().map(|fault| fault.violation).collect()))
    };
    fuzz(512, &mutated(vec![honest[0].1.clone()]), read);
}
