//! Checks that several requests share; each adds its faults to the others.

use prima_platform::{failure::Violation, request_id};
use prima_proto::name;

/// A resource name, or its fault.
pub fn named<T>(field: &str, parsed: Result<T, name::Error>, faults: &mut Vec<Violation>) -> Option<T> {
    parsed
        .map_err(|e| {
            faults.push(Violation::new(
                field,
                e.to_string(),
                format!("nama tidak benar: {e}"),
            ))
        })
        .ok()
}

/// The id of a request.
pub fn id(id: &str, faults: &mut Vec<Violation>) {
    faults.extend(request_id::check("request_id", id).err());
}

/// A text of `minimum` to `maximum` characters, of control characters at most line breaks.
pub fn text(field: &str, text: &str, minimum: usize, maximum: usize, faults: &mut Vec<Violation>) {
    let length = text.trim().chars().count();
    let control = text.chars().any(|c| c.is_control() && c != '\n');
    if length < minimum || text.chars().count() > maximum || control {
        faults.push(Violation::new(
            field,
            format!("must be {minimum} to {maximum} characters, of control characters only line breaks"),
            format!("harus {minimum} sampai {maximum} karakter, tanpa karakter kendali selain baris baru"),
        ));
    }
}

/// A level, 0 to `max`.
pub fn level(field: &str, level: i32, max: u32, faults: &mut Vec<Violation>) -> i64 {
    if u32::try_from(level).map_or(true, |l| l > max) {
        faults.push(Violation::new(
            field,
            format!("must be 0 to {max}"),
            format!("harus 0 sampai {max}"),
        ));
    }
    level.into()
}

/// A fault of a field.
pub fn wrong(field: impl Into<String>, english: &str, indonesian: &str, faults: &mut Vec<Violation>) {
    faults.push(Violation::new(field, english, indonesian));
}
