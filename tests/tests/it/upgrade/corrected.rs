//! Figures of release 0.1.0 that this build corrects on purpose; see "Figures leave out less, and ranks compare what can
//! be compared" in deploy/RELEASES.md. Everything else must be the same.

use serde_json::{Value, json};

/// Kinds of cohorts that 0.1.0 did not have; they are added to what it listed.
const NEW_COHORTS: [&str; 4] = ["units.", "agencies.", "kl", "daerah"];

/// Tables with other numbers of ranked and unranked subjects.
const COUNTS: [(&str, &str, &str); 4] = [
    // The one unit of the agency that has a score is under its minimum sample.
    ("metrics/skm/periods/2023-s2/cohorts/kota", "0", "1"),
    // Kota Bogor has fewer reports than its minimum, and Kota Bandung one that it never verified.
    ("metrics/complaint-resolution/periods/2024/cohorts/kota", "0", "2"),
    // The unit of Kabupaten Bogor has no innovation.
    ("metrics/innovation/periods/2024/cohorts/dpmptsp", "3", "0"),
    ("metrics/innovation/periods/2024/cohorts/dpmptsp.32", "3", "0"),
];

/// Tables of complaints, in which one more report of Kota Bogor is late.
const COMPLAINTS: &str = "metrics/complaint-resolution/";

/// The survey that was open in 0.1.0 with responses that it did not disclose.
const IN_STEPS: &str = "agencies/3271/units/dpmptsp/surveys/2024-q1";
/// What 0.1.0 showed of disclosed responses only. The upgraded deployment has steps of one, so that its index is that of all
/// responses, as in 0.1.0.
const STEPPED: [&str; 7] = [
    "disclosedRespondents",
    "elements",
    "aspects",
    "standardError",
    "intervalLow",
    "intervalHigh",
    "indexExact",
];

/// Replaces what 0.1.0 showed of disclosed responses only, where not all were disclosed.
fn withhold(now: &mut Value, then: &Value) {
    if then["indexExact"] == "" && then["index"] != "" {
        for key in STEPPED {
            if let Some(value) = then.get(key) {
                now[key] = value.clone();
            }
        }
    }
}

fn each(now: &mut Value, then: &Value, key: &str) {
    let now = now
        .get_mut(key)
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten();
    let then = then[key].as_array().into_iter().flatten();
    now.zip(then).for_each(|(now, then)| withhold(now, then));
}

/// What is removed from an answer of this build: tables and standings of cohorts that 0.1.0 did not have, tables of
/// innovations in which it listed no unit, because none had an innovation, and what it did not disclose of an open survey.
pub fn leave_out_new(now: &mut Value, then: &Value) {
    each(now, then, "results");
    if let Some(result) = now.get_mut("result") {
        withhold(result, &then["result"]);
        each(result, &then["result"], "rollUps");
    }
    if then["analysis"]["survey"] == IN_STEPS {
        now["analysis"] = then["analysis"].clone();
    }
    if let (Some(comments), Some(before)) = (
        now.get_mut("comments").and_then(Value::as_array_mut),
        then["comments"].as_array(),
    ) {
        comments.retain(|comment| before.contains(comment));
    }
    let is_new = |cohort: &Value| {
        let cohort = cohort.as_str().unwrap_or_default();
        NEW_COHORTS
            .iter()
            .any(|new| cohort == *new || (new.ends_with('.') && cohort.starts_with(new)))
    };
    if let Some(tables) = now.get_mut("tables").and_then(Value::as_array_mut) {
        let before = then["tables"].as_array().cloned().unwrap_or_default();
        let listed = |table: &Value| before.iter().any(|other| other["name"] == table["name"]);
        tables
            .retain(|table| !is_new(&table["cohort"]) && (table["metric"] != "innovation" || listed(table)));
    }
    if let Some(standings) = now.get_mut("standings").and_then(Value::as_array_mut) {
        standings.retain(|standing| !is_new(&standing["table"]["cohort"]));
    }
}

/// The answer that is expected now to a question that 0.1.0 answered with `then`.
pub fn expected(then: &Value) -> Value {
    let mut now = then.clone();
    if let Some(score) = now
        .get_mut("score")
        .filter(|score| score["metric"] == "complaint-resolution")
    {
        // One of the archived reports was archived after its deadline.
        score["instrument"] = json!("prima-penyelesaian-2");
        score["exact"] = json!("16.666666666666666667");
        score["fraction"] = json!("50/3");
        score["value"] = json!("16.67");
        score["sampleSize"] = json!("6");
    }
    if let Some(tables) = now.get_mut("tables").and_then(Value::as_array_mut) {
        tables.iter_mut().for_each(counts);
    }
    for standing in now
        .get_mut("standings")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        let name = standing["table"]["name"].clone();
        counts(&mut standing["table"]);
        row(&name, &mut standing["row"]);
    }
    if now.get("rows").is_some() && now.get("table").is_some() {
        let name = now["table"]["name"].clone();
        counts(&mut now["table"]);
        if let Some(rows) = now["rows"].as_array_mut() {
            rows.iter_mut().for_each(|one| row(&name, one));
            if name == COUNTS[1].0 {
                rows.push(never_verified());
            }
            if name == COUNTS[2].0 {
                rows.push(without_innovation());
            }
        }
    }
    now
}

fn counts(table: &mut Value) {
    if let Some((_, ranked, unranked)) = COUNTS.iter().find(|(name, ..)| table["name"] == *name) {
        (table["ranked"], table["unranked"]) = (json!(ranked), json!(unranked));
    }
}

fn row(table: &Value, row: &mut Value) {
    if table.as_str().is_some_and(|name| name.starts_with(COMPLAINTS)) {
        (row["score"], row["respondents"]) = (json!("16.67"), json!("6"));
    }
    if table == COUNTS[0].0 {
        // 0.1.0 does not know the reason UNRANKED_REASON_UNITS_UNFIT.
        (row["rank"], row["unrankedReason"]) = (json!("0"), json!(3));
    } else if table == COUNTS[1].0 {
        row["rank"] = json!("0");
        row["unrankedReason"] = json!("UNRANKED_REASON_SAMPLE_TOO_SMALL");
        row["minimumRespondents"] = json!("10");
    }
}

fn without_innovation() -> Value {
    json!({
        "agencyDisplayName": "Kabupaten Bogor", "category": "Belum ada inovasi", "displayName": "dpmptsp agencies/3201",
        "minimumRespondents": "0", "rank": "3", "recorded": false, "respondents": "0", "score": "0.00",
        "status": "SCORE_STATUS_FINAL", "subject": "agencies/3201/units/dpmptsp", "unitsCounted": "0",
        "unitsExpected": "0", "unrankedReason": "UNRANKED_REASON_UNSPECIFIED",
    })
}

fn never_verified() -> Value {
    json!({
        "agencyDisplayName": "", "category": "", "displayName": "Kota Bandung", "minimumRespondents": "10",
        "rank": "0", "recorded": false, "respondents": "1", "score": "0.00", "status": "SCORE_STATUS_PROVISIONAL",
        "subject": "agencies/3273", "unitsCounted": "0", "unitsExpected": "0",
        "unrankedReason": "UNRANKED_REASON_SAMPLE_TOO_SMALL",
    })
}
