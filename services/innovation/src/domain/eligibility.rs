//! Rules of eligibility; every failed rule is named.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use prima_platform::failure::{Failure, Kind, Violation};

use super::{
    calendar,
    entry::Proposal,
    innovation::{Award, Innovation, Status},
    round::{Group, Part, Rule, Rules},
    words,
};

/// The facts that the rules are evaluated on.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The innovation in its present state.
    pub innovation: &'a Innovation,
    /// The proposal.
    pub proposal: &'a Proposal,
    /// The last day of submission.
    pub closing: NaiveDate,
    /// Every award that the innovation has won.
    pub awards: &'a [Award],
    /// Entries of the same agency in the round with the same title.
    pub same_titles: usize,
    /// Other entries that the agency has submitted in the same group, earlier than this one if it is submitted too.
    pub submitted_before: usize,
}

/// A rule that is not met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// Key of the rule.
    pub rule: &'static str,
    /// The reason, in English.
    pub english: String,
    /// The reason, in Indonesian.
    pub indonesian: String,
}

/// The rules of its group that an entry fails, in the order of the group.
pub fn failed(rules: &Rules, facts: &Facts<'_>) -> Vec<Failed> {
    let Some(group) = rules.group(&facts.proposal.group) else {
        return vec![Failed {
            rule: "group",
            english: "the round has no such group".into(),
            indonesian: "Kelompok tidak ada dalam kompetisi ini".into(),
        }];
    };
    let check = |rule: &Rule| {
        let (english, indonesian) = why(rules, group, rule, facts)?;
        Some(Failed {
            rule: rule.key(),
            english,
            indonesian,
        })
    };
    let mut failed: Vec<Failed> = group.rules.iter().filter_map(check).collect();
    // A group may have a rule several times, for different categories; the first one that fails is named.
    let mut named = BTreeSet::new();
    failed.retain(|one| named.insert(one.rule));
    failed
}

/// The failure for an entry that fails these rules.
pub fn not_eligible(failed: &[Failed]) -> Failure {
    let violations = failed
        .iter()
        .map(|f| Violation::new(f.rule, f.english.clone(), f.indonesian.clone()))
        .collect();
    let reasons: Vec<&str> = failed.iter().map(|f| f.indonesian.as_str()).collect();
    let rules: Vec<&str> = failed.iter().map(|f| f.rule).collect();
    Failure {
        violations,
        ..Failure::new(
            Kind::Precondition,
            "NOT_ELIGIBLE",
            format!("the entry fails: {}", rules.join(", ")),
            reasons.join("; "),
        )
    }
}

/// The causes for which the ministry rejects an entry: the rules that it fails, and the causes in the request; at
/// least one together.
///
/// # Errors
///
/// There is no cause, or the round does not define one of them.
pub fn causes(rules: &Rules, failed: &[Failed], given: Vec<String>) -> Result<Vec<String>, Violation> {
    let known = &rules.rejection_causes;
    let mut causes: Vec<String> = failed.iter().map(|f| f.rule.to_owned()).collect();
    let all_known = given.iter().all(|c| known.iter().any(|k| k.key == *c));
    for cause in given {
        if !causes.contains(&cause) {
            causes.push(cause);
        }
    }
    if all_known && !causes.is_empty() {
        return Ok(causes);
    }
    Err(Violation::new(
        "causes",
        "must name causes of the round, at least one when no rule fails",
        "harus menyebut alasan dari kompetisi ini, paling sedikit satu bila semua syarat terpenuhi",
    ))
}

/// The reason why a rule is not met; `None` when it is met.
fn why(rules: &Rules, group: &Group, rule: &Rule, facts: &Facts<'_>) -> Option<(String, String)> {
    let (met, english, indonesian) = match rule {
        Rule::MinAge { months, categories } => {
            let latest = calendar::months_before(facts.closing, *months);
            // Without a category the strictest requirement counts, as if it were for every category.
            let category = &facts.proposal.category;
            let required = categories.is_empty() || category.is_empty() || categories.contains(category);
            (
                !required || facts.innovation.start_date.is_some_and(|start| start <= latest),
                format!("must be at work since {latest} at the latest"),
                format!(
                    "Inovasi harus sudah diterapkan paling lambat {latest} ({months} bulan sebelum penutupan)"
                ),
            )
        }
        Rule::Implemented => (
            facts.innovation.status == Status::Implemented,
            "must be at work".to_owned(),
            "Inovasi harus berstatus diterapkan".to_owned(),
        ),
        Rule::Complete => {
            let missing = missing(&group.parts, facts.proposal);
            (
                missing.is_empty(),
                format!("lacks: {}", missing.join(", ")),
                format!("Belum lengkap: {}", missing.join(", ")),
            )
        }
        Rule::WordLimits => {
            let long = parts_where(&group.parts, facts.proposal, |part, text| {
                part.max_words > 0 && words::count(text) > part.max_words
            });
            (
                long.is_empty(),
                format!("has too many words in: {long}"),
                format!("Melebihi batas kata: {long}"),
            )
        }
        Rule::NoFiller => {
            let answers = &facts.proposal.answers;
            let idle = parts_where(&group.parts, facts.proposal, |part, text| {
                let repeated = answers
                    .iter()
                    .any(|(key, other)| *key != part.key && other == text);
                !text.is_empty() && (words::is_filler(text) || repeated)
            });
            (
                idle.is_empty(),
                format!("has filler in: {idle}"),
                format!("Jawaban asal isi: {idle}"),
            )
        }
        Rule::OneCategory => (
            rules.categories.iter().any(|c| c.key == facts.proposal.category),
            "must stand in a category of the round".to_owned(),
            "Harus memilih satu kategori kompetisi".to_owned(),
        ),
        Rule::UniqueTitle => (
            facts.same_titles == 0,
            "has the title of another entry of the agency".to_owned(),
            "Judul sama dengan usulan lain dari instansi ini".to_owned(),
        ),
        Rule::NotPastWinner { awards } => (
            won(facts, awards, 0, 0) == 0,
            format!("has won one of: {}", awards.join(", ")),
            format!("Pernah memperoleh salah satu penghargaan: {}", awards.join(", ")),
        ),
        Rule::NotWonTimes { awards, times } => (
            won(facts, awards, 0, 0) < *times,
            format!("has won {times} times: {}", awards.join(", ")),
            format!("Sudah {times} kali memperoleh: {}", awards.join(", ")),
        ),
        Rule::FormerWinner {
            awards,
            from_year,
            to_year,
        } => (
            won(facts, awards, *from_year, *to_year) > 0,
            format!("has not won any of: {}", awards.join(", ")),
            format!("Belum pernah memperoleh: {}", awards.join(", ")),
        ),
        Rule::Replica => (
            !facts.innovation.source.is_empty(),
            "must name the innovation it replicates".to_owned(),
            "Harus menyebut inovasi yang direplikasi".to_owned(),
        ),
        Rule::AgencyLimit { most } => (
            facts.submitted_before < *most,
            format!("is more than the {most} entries that an agency may submit in the group"),
            format!("Melebihi {most} usulan yang boleh diajukan satu instansi pada kelompok ini"),
        ),
    };
    (!met).then_some((english, indonesian))
}

fn missing<'a>(parts: &'a [Part], proposal: &Proposal) -> Vec<&'a str> {
    let mut missing: Vec<&str> = parts
        .iter()
        .filter(|p| proposal.answers.get(&p.key).is_none_or(String::is_empty))
        .map(|p| p.name.as_str())
        .collect();
    if proposal.documents.is_empty() {
        missing.push("dokumen pendukung");
    }
    missing
}

fn parts_where(parts: &[Part], proposal: &Proposal, found: impl Fn(&Part, &str) -> bool) -> String {
    let names: Vec<&str> = parts
        .iter()
        .filter(|p| proposal.answers.get(&p.key).is_some_and(|text| found(p, text)))
        .map(|p| p.name.as_str())
        .collect();
    names.join(", ")
}

fn won(facts: &Facts<'_>, awards: &[String], from: i32, to: i32) -> usize {
    facts
        .awards
        .iter()
        .filter(|a| awards.contains(&a.award) && (from == 0 || a.year >= from) && (to == 0 || a.year <= to))
        .count()
}
