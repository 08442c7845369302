//! Short texts that callers send: names, periods, subjects of the bus, ids, codes of citizens, page tokens, filters, times.

use std::{fmt::Debug, str::FromStr};

use chrono::NaiveDate;
use prima_complaint::domain::code;
use prima_index::domain::rule::Op;
use prima_platform::{
    number,
    page::Page,
    request::{self, text},
    request_id, unicode, words,
};
use prima_proto::{name, period::Period, score::Key, subject};
use prima_survey::domain::access::{Secret, client_part};
use proptest::prelude::*;

use crate::{
    bounded, files, fuzz,
    hostile::{self, mutated},
};

/// Names and texts as honest callers send them.
const HONEST: &[&str] = &[
    "agencies/3271",
    "agencies/3271/units/dpmptsp",
    "agencies/3271/units/dpmptsp/services/izin-usaha",
    "agencies/3271/units/dpmptsp/surveys/2024-q3",
    "metrics/skm/periods/2024-q3/cohorts/dpmptsp.32",
    "rounds/kipp-2024/entries/e1",
    "complaints/0190f3c2-7a55-7000-8000-000000000000",
    "prima.survey.score.skm.2024-q3.unit.3271.dpmptsp",
    "prima.directory.unit.3271.dpmptsp",
    "2024-m07",
    "2024-02-29",
    "ABCDE-12345-FGHJK-MNPQR",
    "https://example.go.id/a?b=c#d",
];

/// Parses a name; what is accepted is written as it was read, so that one thing has one name.
fn same<T: FromStr + ToString>(text: &str) -> Result<(), String>
where
    T::Err: Into<[String; 2]> + Debug,
{
    match text.parse::<T>() {
        Ok(name) if name.to_string() == text => Ok(()),
        Ok(name) => Err(format!("is read as `{}`", name.to_string())),
        Err(error) => {
            let messages: [String; 2] = error.into();
            let named = messages.iter().all(|message| !message.is_empty());
            if named {
                Ok(())
            } else {
                Err("is refused without a reason".into())
            }
        }
    }
}

fn names(text: &str) -> Result<(), String> {
    same::<name::Agency>(text)?;
    same::<name::Unit>(text)?;
    same::<name::PublicService>(text)?;
    same::<name::Survey>(text)?;
    same::<name::LeagueTable>(text)?;
    same::<name::Subject>(text)?;
    let _ = (
        name::id(text),
        name::cohort(text),
        name::agency_id(text),
        subject::unit_in(text),
    );
    let _ = Key::parse(text);
    if let Ok(period) = Period::from_str(text) {
        if period.as_str() != text || period.first_day() > period.last_day() {
            return Err(format!("is read as `{period:?}`"));
        }
        let _ = period.previous();
    }
    Ok(())
}

fn fields(text: &str) -> Result<(), String> {
    if let Ok(day) = request::day("f", text)
        && day.to_string() != text
    {
        return Err(format!("is read as {day}"));
    }
    let _ = request::past_day("f", text, NaiveDate::MAX);
    let _ = (request_id::check("f", text), request::shown(text));
    let _ = (text::link("f", text), text::lines("f", text, 0, 10_000));
    if let Ok(name) = text::name("f", text, 0, 10_000)
        && (!unicode::is_plain(&name) || text::name("f", &name, 0, 10_000).as_deref() != Ok(&name))
    {
        return Err("is accepted as a name, and not what was accepted".into());
    }
    let _ = (words::words(text), words::count(text), Op::parse(text));
    let _ = (number::parse_decimal(text), number::parse_fraction(text));
    for (size, token) in [(0, text), (1000, text), (i32::MIN, text)] {
        if let Err(faults) = Page::parse(size, token, &[text])
            && faults.is_empty()
        {
            return Err("a page is refused without a reason".into());
        }
    }
    Ok(())
}

fn codes(text: &str) -> Result<(), String> {
    for length in [code::TRACKING, code::SECRET] {
        if let Some(read) = code::read(text, length)
            && code::read(&code::grouped(&read), length).as_ref() != Some(&read)
        {
            return Err(format!("is read as `{read}`"));
        }
    }
    let survey: name::Survey = "agencies/3271/units/dpmptsp/surveys/a".parse().unwrap();
    let secret = Secret::new(&[7; 32]);
    let _ = client_part(text);
    if secret.read_token(&survey, text).is_ok() || secret.check_link(&survey, text).is_ok() {
        return Err("is accepted as a token or link".into());
    }
    Ok(())
}

fn each(check: impl Fn(&str) -> Result<(), String>) {
    for (name, bytes) in files("tests/fuzz/corpus/texts", &[""]) {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        bounded(&text, |text| check(text)).unwrap_or_else(|fault| panic!("{name}: {fault}"));
    }
    let honest = HONEST.iter().map(|text| text.as_bytes().to_vec()).collect();
    let near = mutated(honest).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    fuzz(2048, &prop_oneof![near, hostile::text()], |text| check(text));
}

#[test]
fn names_periods_and_subjects() {
    each(names);
}

#[test]
fn fields_and_page_tokens() {
    each(fields);
}

#[test]
fn codes_tokens_and_links_of_citizens() {
    each(codes);
}
