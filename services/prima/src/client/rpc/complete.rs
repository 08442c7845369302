//! What a shell offers behind `prima call`: methods, their fields, and the words that a field takes.

use std::ffi::OsStr;

use clap_complete::CompletionCandidate;
use prost_reflect::MethodDescriptor;

use super::describe::{Field, fields};
use crate::client::contract;

/// Names of methods, each behind its service too.
pub fn methods() -> Vec<CompletionCandidate> {
    let all = contract::methods().unwrap_or_default();
    let bare = all.iter().map(|method| method.name().to_owned());
    let mut names: Vec<String> = bare.chain(all.iter().map(contract::short)).collect();
    names.retain(|name| contract::method(name).is_ok());
    names.into_iter().map(CompletionCandidate::new).collect()
}

/// Fields of the method that the line names, up to `=`, then the words that the field takes.
pub fn pairs(current: &OsStr) -> Vec<CompletionCandidate> {
    let words = std::env::args().skip_while(|word| word != "--").skip(1);
    let method = words
        .skip_while(|word| word != "call")
        .skip(1)
        .find_map(|word| contract::method(&word).ok());
    match (method, current.to_str()) {
        (Some(method), Some(current)) => offered(&method, current)
            .into_iter()
            .map(CompletionCandidate::new)
            .collect(),
        _ => Vec::new(),
    }
}

fn offered(method: &MethodDescriptor, current: &str) -> Vec<String> {
    let mut all = Vec::new();
    fields(&method.input(), "", &mut Vec::new(), &mut all);
    let texts = all.into_iter().filter(|field| !field.nested).flat_map(|field| {
        let Field { path, choices, .. } = field;
        match current.split_once('=') {
            Some((named, _)) if named == path => {
                choices.iter().map(|choice| format!("{path}={choice}")).collect()
            }
            Some(_) => Vec::new(),
            None => match path.strip_suffix("KUNCI") {
                Some(map) => vec![map.to_owned()],
                None => vec![format!("{path}=")],
            },
        }
    });
    texts.filter(|text| text.starts_with(current)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_offered_with_the_words_that_it_takes() {
        let list = contract::method("ListComplaints").unwrap();
        assert_eq!(offered(&list, "ord"), ["order="]);
        assert_eq!(offered(&list, "order=D"), ["order=DUE"]);
        assert_eq!(offered(&list, "open="), ["open=true", "open=false"]);
        let submit = contract::method("SubmitResponse").unwrap();
        assert!(offered(&submit, "response.answ").contains(&"response.answers.".to_owned()));
    }

    #[test]
    fn only_names_that_hold_are_offered() {
        let names: Vec<_> = methods()
            .iter()
            .map(|name| name.get_value().to_string_lossy().into_owned())
            .collect();
        assert!(names.contains(&"SubmitResponse".to_owned()));
        assert!(!names.contains(&"ListInstruments".to_owned()));
        assert!(names.contains(&"IndexService/ListInstruments".to_owned()));
    }
}
