//! Responses to submit: real ones and generated ones.

use std::collections::BTreeMap;

use prima_proto::survey::v1::Response;
use serde_json::Value;

/// The keys of the nine elements.
pub const ELEMENTS: [&str; 9] = [
    "requirements",
    "procedure",
    "time",
    "cost",
    "product",
    "competence",
    "conduct",
    "complaint_handling",
    "facilities",
];

/// Counts with their published or computed indices (`tests/data/skm.json`).
pub fn golden() -> Value {
    serde_json::from_str(include_str!("../data/skm.json")).expect("skm.json")
}

/// The respondents of a golden vector: its counts per element, distributed over rows.
pub fn respondents(vector: &Value) -> Vec<Response> {
    let count = usize::try_from(vector["respondents"].as_u64().expect("respondents")).expect("respondents");
    let mut rows = vec![BTreeMap::new(); count];
    for element in vector["elements"].as_array().expect("elements") {
        let key = element["key"].as_str().expect("key");
        let mut scores = (1..=4).flat_map(|score: i32| {
            let n = element["counts"][score.to_string()].as_u64().expect("count");
            (0..n).map(move |_| score)
        });
        for row in &mut rows {
            row.insert(
                key.to_owned(),
                scores.next().expect("as many answers as respondents"),
            );
        }
    }
    rows.into_iter()
        .map(|answers| Response {
            answers,
            ..Response::default()
        })
        .collect()
}

/// A response whose scores depend on `n`.
pub fn response(n: usize) -> Response {
    let score = |place: usize| i32::try_from(1 + (n * 7 + place * 3 + n / 4) % 4).expect("1 to 4");
    let answers = ELEMENTS
        .iter()
        .enumerate()
        .map(|(place, key)| ((*key).to_owned(), score(place)));
    Response {
        answers: answers.collect(),
        ..Response::default()
    }
}

/// The sum of the scores of `response(n)` per element, over the given `n`.
pub fn totals(ns: impl Iterator<Item = usize>) -> BTreeMap<String, i64> {
    let mut totals = BTreeMap::new();
    for n in ns {
        for (key, score) in response(n).answers {
            *totals.entry(key).or_insert(0) += i64::from(score);
        }
    }
    totals
}

/// Row `n` of [`csv`], counted from 0, as a form tool writes it, without an id.
fn row(n: usize) -> String {
    let response = response(n);
    let answers = ELEMENTS.map(|key| response.answers.get(key).map_or_else(String::new, i32::to_string));
    let sex = if n.is_multiple_of(2) {
        "Perempuan"
    } else {
        "Laki-laki"
    };
    let (day, hour, minute) = (1 + n % 28, 8 + n / 28 % 8, n / 224 % 60);
    format!(
        "2024/08/{day:02} {hour}:{minute:02}:00 {half} GMT+7,{sex},{age},SMA/SMK,Swasta,{answers},{text}",
        half = if hour < 12 { "AM" } else { "PM" },
        hour = if hour > 12 { hour - 12 } else { hour },
        age = 18 + n % 50,
        answers = answers.join(","),
        text = if n.is_multiple_of(100) {
            "\"Loket, mohon ditambah\""
        } else {
            ""
        },
    )
}

/// Writes the responses 0 to `count` as a form tool exports them; row `n` has the answers of `response(n)`. Fails when
/// the file can't be written.
pub fn csv(file: &mut impl std::io::Write, count: usize) -> std::io::Result<()> {
    let elements = ELEMENTS.join(",");
    writeln!(
        file,
        "Timestamp,Jenis Kelamin,Usia,Pendidikan Terakhir,Pekerjaan,{elements},Saran"
    )?;
    for n in 0..count {
        writeln!(file, "{}", row(n))?;
    }
    Ok(())
}
