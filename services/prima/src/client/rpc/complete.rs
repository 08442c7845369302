//! What the shell completes behind `prima call`: methods, their fields, and the values of a field.

use std::ffi::OsStr;

use clap_complete::CompletionCandidate;
use prost_reflect::MethodDescriptor;

use super::describe::{Field, fields};
use crate::client::contract;

/// The names of methods, each also with its service.
pub fn methods() -> Vec<CompletionCandidate> {
    let all = contract::methods().unwrap_or_default();
    let bare = all.iter().map(|method| method.name().to_owned());
    let mut names: Vec<String> = bare.chain(all.iter().map(contract::short)).collect();
    names.retain(|name| contract::method(name).is_ok());
    names.into_iter().map(CompletionCandidate::new).collect()
}

/// The fields of the method that the command line names, up to `=`; behind it, the values that the field accepts.
pub fn pairs(current: &OsStr) -> Vec<CompletionCandidate> {
    let words = std::env::args().skip_while(|word| word != "--").skip(1);
    let method = words
        .skip_while(|word| word != "call")
        .skip(1)
        .find_map(|word| contract::method(&word).ok());
    match (method, current.to_str()) {
        (Some(method), Some(current)) => candidates(&method, current)
            .into_iter()
            .map(CompletionCandidate::new)
            .collect(),
        _ => Vec::new(),
    }
}

fn candidates(method: &MethodDescriptor, current: &str) -> Vec<String> {
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
    fn a_field_is_completed_with_the_values_that_it_accepts() {
        let list = contract::method("ListComplaints").unwrap();
        assert_eq!(candidates(&list, "ord"), ["order="]);
        assert_eq!(candidates(&list, "order=D"), ["order=DUE"]);
        assert_eq!(candidates(&list, "open="), ["open=true", "open=false"]);
        let submit = contract::method("SubmitResponse").unwrap();
        assert!(candidates(&submit, "response.answ").contains(&"response.answers.".to_owned()));
    }

    #[test]
    fn only_matching_names_are_completed() {
        let names: Vec<_> = methods()
            .iter()
            .map(|name| name.get_value().to_string_lossy().into_owned())
            .collect();
        assert!(names.contains(&"SubmitResponse".to_owned()));
        assert!(!names.contains(&"ListInstruments".to_owned()));
        assert!(names.contains(&"IndexService/ListInstruments".to_owned()));
    }
}
