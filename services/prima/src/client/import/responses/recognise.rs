//! Recognises the meaning of a column by its header alone.

use std::sync::LazyLock;

use super::form::{Form, Question};
use super::headers::{ASKING, ELEMENT_WORDS, FILLERS, Field, NAME_WORDS, NAMES, OF_TOOLS, REMARK, TIMES};
use crate::client::import::words::{same, squash, unmarked, words};

/// The names of the fields, as [`squash`] gives them.
static SQUASHED_NAMES: LazyLock<Vec<String>> =
    LazyLock::new(|| NAMES.iter().map(|(_, name, _)| squash(name)).collect());

/// The meaning of a header: `None` when it is unknown, an error with all candidates when it is ambiguous.
pub(super) type Meaning = Result<Option<Field>, Vec<Field>>;

/// Counts the different fields that the cells of a row name; a header names more of them than a title does.
pub(super) fn known(cells: &[String], named_by_user: &[String], form: &Form) -> usize {
    let given = |cell: &&String| named_by_user.iter().any(|column| same(column, cell));
    let mut fields: Vec<Field> = cells
        .iter()
        .filter_map(|cell| recognise(cell, form).ok().flatten())
        .filter(|field| *field != Field::Skip)
        .collect();
    fields.sort();
    fields.dedup();
    fields.len() + cells.iter().filter(given).count()
}

/// Resolves ambiguous columns: each becomes the one candidate that no other column is.
pub(super) fn settle(meanings: &mut [Meaning]) {
    let taken: Vec<Field> = meanings
        .iter()
        .filter_map(|meaning| meaning.clone().ok().flatten())
        .collect();
    for meaning in meanings {
        let Err(several) = meaning else { continue };
        let left: Vec<Field> = several
            .iter()
            .filter(|field| !taken.contains(field))
            .cloned()
            .collect();
        match left.as_slice() {
            [field] => *meaning = Ok(Some(field.clone())),
            // When the file has a date column and a column for the element, a further time column is the time of day.
            [] if several.contains(&Field::SubmittedAt) => *meaning = Ok(Some(Field::Clock)),
            _ => {}
        }
    }
}

/// Whether a form tool adds this column by itself, or it identifies the respondent.
pub(super) fn of_tools(name: &str) -> bool {
    let name = squash(name);
    let shared =
        name.starts_with("grouptime") || name.starts_with("questiontime") || name.starts_with("points");
    shared || OF_TOOLS.contains(&name.as_str())
}

/// Recognises the meaning of a header: `None` when it is unknown, an error when it is ambiguous.
pub(super) fn recognise(header: &str, form: &Form) -> Meaning {
    let header: &str = &unmarked(header);
    // In the grid questions of form tools the row of the grid follows the question in brackets.
    if let Some((outer, inner)) = header
        .trim()
        .strip_suffix(']')
        .and_then(|text| text.rsplit_once('['))
    {
        return match plain(inner, form)? {
            Some(field) => Ok(Some(field)),
            None => plain(outer, form),
        };
    }
    if let Some(field) = plain(header, form)? {
        return Ok(Some(field));
    }
    if of_tools(header) {
        return Ok(None);
    }
    // `Saran (opsional)`, or a group before the question: `skm/U1`.
    let shorter = [
        header
            .trim()
            .strip_suffix(')')
            .and_then(|text| text.rsplit_once('('))
            .map(|(front, _)| front),
        header.rsplit_once('/').map(|(_, last)| last),
    ];
    for part in shorter.into_iter().flatten() {
        if let Some(field) = plain(part, form)? {
            return Ok(Some(field));
        }
    }
    Ok(None)
}

/// Whether the whole header, and not only a part of it, is a name of this field.
pub(super) fn means_whole(header: &str, field: &Field, form: &Form) -> bool {
    exact(&squash(header), form).is_ok_and(|meaning| meaning.as_ref() == Some(field))
}

/// Normalises the code of an element: `U1`, `U01`, `U-1`, `Unsur 1`.
pub(super) fn code_key(text: &str) -> Option<String> {
    let text = squash(text);
    let number = text.strip_prefix("unsur").or_else(|| text.strip_prefix('u'));
    match number.filter(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())) {
        Some(number) => Some(format!("u{}", number.trim_start_matches('0'))),
        None if text.is_empty() => None,
        None => Some(text),
    }
}

/// Finds the element whose code begins a text; returns it with the words after the code.
fn coded<'a>(text: &'a [String], form: &Form) -> Option<(Field, &'a [String])> {
    for words in [1, 2] {
        let (code, rest) = text.split_at_checked(words)?;
        let key = code_key(&code.concat())?;
        let question = form
            .questions
            .iter()
            .find(|question| code_key(&question.code).as_ref() == Some(&key));
        if let Some(question) = question {
            return Some((Field::Element(question.key.clone()), rest));
        }
    }
    None
}

fn plain(header: &str, form: &Form) -> Meaning {
    let all = words(header);
    if let Some(field) = exact(&all.concat(), form)? {
        return Ok(Some(field));
    }
    // `1. …`, `U1. …`, `1) U1 …`, `Unsur 1: …`
    let mut rest = all.as_slice();
    let mut code = coded(rest, form);
    while let (None, Some((first, others))) = (&code, rest.split_first())
        && !others.is_empty()
        && first.len() <= 2
        && first.bytes().all(|b| b.is_ascii_digit())
    {
        rest = others;
        code = coded(rest, form);
    }
    // `skm_u1`: the code follows the short name of its group.
    if let (None, [.., last]) = (&code, rest)
        && rest.len() <= 3
        && last.starts_with('u')
    {
        code = coded(std::slice::from_ref(last), form);
    }
    let marked = rest.len() < all.len();
    let Some((element, behind)) = code else {
        if let Some(field) = exact(&rest.concat(), form)? {
            return Ok(Some(field));
        }
        if let Some(field) = by_words(rest, marked || header.contains('?'), form)? {
            return Ok(Some(field));
        }
        let telling: Vec<&str> = rest
            .iter()
            .map(String::as_str)
            .filter(|word| !FILLERS.contains(word))
            .collect();
        return exact(&telling.concat(), form);
    };
    // After a code only the name of an element can follow, even if the words could also name another field.
    let elements = |meaning: Meaning| -> Vec<Field> {
        let found = meaning.map_or_else(|several| several, |one| one.into_iter().collect());
        found
            .into_iter()
            .filter(|field| matches!(field, Field::Element(_)))
            .collect()
    };
    let mut meant = elements(exact(&behind.concat(), form));
    if meant.is_empty() {
        meant = elements(by_words(behind, true, form));
    }
    match meant.as_slice() {
        [other] if *other != element => Err(vec![element, other.clone()]),
        _ => Ok(Some(element)),
    }
}

/// Recognises the whole text, squashed.
fn exact(text: &str, form: &Form) -> Meaning {
    if text.is_empty() {
        return Ok(None);
    }
    let mut found: Vec<Field> = NAMES
        .iter()
        .zip(&*SQUASHED_NAMES)
        .filter(|((_, _, others), name)| *name == text || others.contains(&text))
        .map(|((field, ..), _)| field.clone())
        .collect();
    if TIMES.iter().any(|names| names.contains(&text)) {
        found.push(Field::SubmittedAt);
    }
    let is = |question: &Question| {
        question.squashed.iter().any(|held| held == text)
            || ELEMENT_WORDS
                .iter()
                .any(|(key, words)| *key == question.key && words.contains(&text))
    };
    let questions = form.questions.iter().chain(&form.unasked);
    found.extend(questions.filter(|q| is(q)).map(|q| Field::Element(q.key.clone())));
    one(found)
}

/// Recognises an element by its typical words, in a question or a short name.
fn by_words(text: &[String], marked: bool, form: &Form) -> Meaning {
    let first = text.first().map(String::as_str).unwrap_or_default();
    let question = marked || ASKING.contains(&first) || text.len() <= NAME_WORDS;
    if !question || REMARK.contains(&first) {
        return Ok(None);
    }
    let names = |key: &str| {
        let words = ELEMENT_WORDS
            .iter()
            .filter(|(known, _)| *known == key)
            .flat_map(|(_, words)| *words);
        words
            .into_iter()
            .any(|word| text.iter().any(|given| given == word))
    };
    let questions = form.questions.iter().chain(&form.unasked);
    one(questions
        .filter(|q| names(&q.key))
        .map(|q| Field::Element(q.key.clone()))
        .collect())
}

fn one(mut found: Vec<Field>) -> Meaning {
    found.sort();
    found.dedup();
    if found.len() > 1 {
        Err(found)
    } else {
        Ok(found.pop())
    }
}
