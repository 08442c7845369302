//! The contract as data: every service, method and message of the descriptors that this program was compiled with.

use std::sync::LazyLock;

use anyhow::{anyhow, bail};
use prost_reflect::{
    DescriptorPool, EnumDescriptor, FileDescriptor, Kind, MessageDescriptor, MethodDescriptor,
};

static POOL: LazyLock<Result<DescriptorPool, String>> = LazyLock::new(|| {
    DescriptorPool::decode(prima_proto::FILE_DESCRIPTOR_SET).map_err(|error| error.to_string())
});

/// Every descriptor. Fails when the descriptors that were compiled in are damaged.
pub fn pool() -> anyhow::Result<&'static DescriptorPool> {
    POOL.as_ref()
        .map_err(|text| anyhow!("deskriptor kontrak rusak: {text}"))
}

/// Looks up a message by its full name. Fails when the contract has no such message.
pub fn message(name: &str) -> anyhow::Result<MessageDescriptor> {
    pool()?
        .get_message_by_name(name)
        .ok_or_else(|| anyhow!("no message {name}"))
}

pub fn methods() -> anyhow::Result<Vec<MethodDescriptor>> {
    let mut services: Vec<_> = pool()?.services().collect();
    services.sort_by(|a, b| a.full_name().cmp(b.full_name()));
    Ok(services
        .iter()
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .collect())
}

/// `SurveyService/SubmitResponse`.
pub fn short(method: &MethodDescriptor) -> String {
    format!("{}/{}", method.parent_service().name(), method.name())
}

/// `/prima.survey.v1.SurveyService/SubmitResponse`.
pub fn path(method: &MethodDescriptor) -> String {
    format!("/{}/{}", method.parent_service().full_name(), method.name())
}

/// Finds the method with this name: the bare name, the name with its service, or the gRPC path. Fails when no method or
/// more than one matches; the candidates are named.
pub fn method(name: &str) -> anyhow::Result<MethodDescriptor> {
    let all = methods()?;
    let asked = name.trim_start_matches('/');
    let full = |method: &MethodDescriptor| path(method).trim_start_matches('/').to_owned();
    let named = |method: &&MethodDescriptor| {
        [method.name().to_owned(), short(method), full(method)].contains(&asked.to_owned())
            || method.full_name() == asked
    };
    let found: Vec<_> = all.iter().filter(named).cloned().collect();
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => {
            let near: Vec<_> = all
                .iter()
                .map(short)
                .filter(|name| contains(name, asked))
                .collect();
            let near = match near.join(", ") {
                list if list.is_empty() || asked.is_empty() => list,
                list => format!("; maksudnya {list}?"),
            };
            bail!("metode `{name}` tidak dikenal{near} (semua metode: prima call --list)")
        }
        several => {
            let list: Vec<_> = several.iter().map(short).collect();
            bail!(
                "metode `{name}` ada di beberapa layanan; pilih {}",
                list.join(" atau ")
            )
        }
    }
}

/// Whether `text` contains `part`, ignoring case.
pub fn contains(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
}

/// The comment that the contract has at this path, on one line; empty when there is none.
pub fn comment(file: &FileDescriptor, path: &[i32]) -> String {
    let info = file.file_descriptor_proto().source_code_info.as_ref();
    let place = info.and_then(|info| info.location.iter().find(|place| place.path == path));
    let text = place.map(|place| [place.leading_comments(), place.trailing_comments()].concat());
    let text = text.unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What the names of an enum's values begin with. It is known from the zero value, which the contract always names
/// `…_UNSPECIFIED`.
fn prefix(descriptor: &EnumDescriptor) -> String {
    let zero = descriptor.default_value();
    zero.name()
        .strip_suffix("UNSPECIFIED")
        .unwrap_or_default()
        .to_owned()
}

/// The values of an enum by their short names, without the unspecified one.
pub fn choices(descriptor: &EnumDescriptor) -> Vec<(String, i32)> {
    let prefix = prefix(descriptor);
    let short = |name: &str| name.strip_prefix(&prefix).unwrap_or(name).to_owned();
    descriptor
        .values()
        .filter(|value| value.number() != 0 || prefix.is_empty())
        .map(|value| (short(value.name()), value.number()))
        .collect()
}

/// The value of an enum by its full or short name, in any case.
pub fn choice(descriptor: &EnumDescriptor, text: &str) -> Option<i32> {
    let asked = text.replace('-', "_");
    let prefix = prefix(descriptor);
    let mut values = descriptor.values();
    let found = values.find(|value| {
        let name = value.name();
        name.eq_ignore_ascii_case(&asked)
            || name
                .strip_prefix(&prefix)
                .is_some_and(|short| short.eq_ignore_ascii_case(&asked))
    });
    found.map(|value| value.number())
}

/// Whether a message is written as one text in JSON: a time or a field mask.
pub fn is_text(descriptor: &MessageDescriptor) -> bool {
    matches!(
        descriptor.full_name(),
        "google.protobuf.Timestamp" | "google.protobuf.FieldMask"
    )
}

/// The name of a type for people.
pub fn kind_name(kind: &Kind) -> String {
    match kind {
        Kind::Message(message) if message.full_name() == "google.protobuf.Timestamp" => {
            "waktu RFC 3339".to_owned()
        }
        Kind::Message(message) if is_text(message) => "isian,isian".to_owned(),
        Kind::Message(message) => message.name().to_owned(),
        Kind::Enum(descriptor) => {
            let names: Vec<String> = choices(descriptor).into_iter().map(|(name, _)| name).collect();
            names.join(" | ")
        }
        Kind::Bytes => "base64".to_owned(),
        other => format!("{other:?}").to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_is_named_bare_behind_its_service_or_by_its_path() {
        for name in [
            "SubmitResponse",
            "SurveyService/SubmitResponse",
            "prima.survey.v1.SurveyService/SubmitResponse",
            "/prima.survey.v1.SurveyService/SubmitResponse",
            "prima.survey.v1.SurveyService.SubmitResponse",
        ] {
            let found = method(name).unwrap();
            assert_eq!(
                path(&found),
                "/prima.survey.v1.SurveyService/SubmitResponse",
                "{name}"
            );
        }
    }

    #[test]
    fn an_ambiguous_method_name_is_refused_with_its_candidates() {
        let text = method("ListInstruments").unwrap_err().to_string();
        assert!(
            text.contains("IndexService/ListInstruments atau SurveyService/ListInstruments"),
            "{text}"
        );
        let text = method("submitresp").unwrap_err().to_string();
        assert!(
            text.contains("maksudnya SurveyService/SubmitResponse, "),
            "{text}"
        );
        assert!(method("").is_err() && method("Tidak/Ada").is_err());
    }

    #[test]
    fn a_choice_has_a_short_name_in_any_case() {
        let state = pool()
            .unwrap()
            .get_enum_by_name("prima.survey.v1.SurveyState")
            .unwrap();
        let open = state
            .get_value_by_name("SURVEY_STATE_OPEN")
            .map(|value| value.number());
        for text in ["SURVEY_STATE_OPEN", "OPEN", "open", "survey-state-open"] {
            assert_eq!(choice(&state, text), open, "{text}");
        }
        assert_eq!(
            (choice(&state, "BUKA"), choice(&state, "UNSPECIFIED")),
            (None, Some(0))
        );
    }
}
