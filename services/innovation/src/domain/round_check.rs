//! Checks the definition of a round and names every fault.

use std::collections::BTreeSet;

use prima_platform::failure::Violation;
use prima_proto::name::{TOKEN_MAX, token};

use super::round::{Cut, Part, Round, Rule, Stage, StageKind};

/// Collects faults under `round.`.
struct Faults(Vec<Violation>);

impl Faults {
    fn when(&mut self, wrong: bool, field: impl Into<String>, english: &str, indonesian: &str) {
        // The number is limited, because a malformed definition repeats the same fault.
        if wrong && self.0.len() < 100 {
            self.0.push(Violation::new(
                format!("round.{}", field.into()),
                english,
                indonesian,
            ));
        }
    }

    fn keys<'a>(&mut self, field: &str, keys: impl Iterator<Item = &'a str>, most: usize) {
        let keys: Vec<&str> = keys.collect();
        let distinct: BTreeSet<&&str> = keys.iter().collect();
        self.when(
            keys.iter().any(|k| token(k, TOKEN_MAX).is_err()) || distinct.len() < keys.len(),
            field,
            "needs keys of 1 to 63 characters a-z, 0-9 and -, each once",
            "perlu kunci 1 sampai 63 karakter a-z, 0-9, dan -, masing-masing satu kali",
        );
        self.when(keys.len() > most, field, "has too many", "terlalu banyak");
    }

    fn parts(&mut self, field: &str, parts: &[Part]) {
        self.keys(field, parts.iter().map(|p| p.key.as_str()), 50);
        let sum: i64 = parts.iter().map(|p| p.weight).sum();
        self.when(
            sum != 100 || parts.iter().any(|p| !(0..=100).contains(&p.weight)),
            field,
            "needs weights from 0 to 100 that add up to 100",
            "bobot harus 0 sampai 100 dan berjumlah 100",
        );
        self.when(
            parts.iter().any(|p| p.max_words > 10_000),
            field,
            "max_words must be at most 10000",
            "batas kata paling banyak 10000",
        );
    }
}

/// Every fault of a round's definition.
pub fn faults(round: &Round) -> Vec<Violation> {
    let mut faults = Faults(Vec::new());
    let rules = &round.rules;
    faults.keys(
        "rules.categories",
        rules.categories.iter().map(|c| c.key.as_str()),
        50,
    );
    faults.when(
        rules.categories.is_empty(),
        "rules.categories",
        "needs one at least",
        "paling sedikit satu",
    );
    faults.keys("rules.groups", rules.groups.iter().map(|g| g.key.as_str()), 10);
    faults.when(
        rules.groups.is_empty(),
        "rules.groups",
        "needs one at least",
        "paling sedikit satu",
    );
    for group in &rules.groups {
        let field = format!("rules.groups[{}]", group.key);
        faults.parts(&format!("{field}.parts"), &group.parts);
        for rule in &group.rules {
            check_rule(&mut faults, round, &format!("{field}.rules"), rule);
        }
    }
    let causes = rules.rejection_causes.iter().map(|c| c.key.as_str());
    faults.keys("rules.rejection_causes", causes, 50);
    faults.keys("rules.stages", rules.stages.iter().map(|s| s.key.as_str()), 20);
    let submissions = rules
        .stages
        .iter()
        .filter(|s| s.kind == StageKind::Submission)
        .count();
    faults.when(
        submissions != 1
            || rules
                .stages
                .first()
                .is_none_or(|s| s.kind != StageKind::Submission),
        "rules.stages",
        "must begin with the only stage of submission",
        "tahap pertama harus tahap pengajuan, dan hanya boleh satu",
    );
    let mut before: BTreeSet<&str> = BTreeSet::new();
    for stage in &rules.stages {
        check_stage(&mut faults, round, stage, &mut before);
    }
    let awards = rules
        .stages
        .iter()
        .flat_map(|s| &s.cuts)
        .filter(|c| !c.award.is_empty());
    let awards: Vec<(&str, &str)> = awards.map(|c| (c.group.as_str(), c.award.as_str())).collect();
    let distinct: BTreeSet<_> = awards.iter().collect();
    faults.when(
        distinct.len() < awards.len(),
        "rules.stages",
        "gives the same award of a group twice",
        "memberi penghargaan yang sama dua kali",
    );
    check_windows(&mut faults, round);
    check_panel(&mut faults, round);
    faults.0
}

fn check_rule(faults: &mut Faults, round: &Round, field: &str, rule: &Rule) {
    let awards = match rule {
        Rule::MinAge { months, categories } => {
            faults.when(
                !(1..=120).contains(months),
                field,
                "months must be 1 to 120",
                "jumlah bulan harus 1 sampai 120",
            );
            let known = |key: &String| round.rules.categories.iter().any(|c| c.key == *key);
            faults.when(
                !categories.iter().all(known),
                field,
                "name an unknown category",
                "menyebut kategori yang tidak dikenal",
            );
            return;
        }
        Rule::AgencyLimit { most } => {
            faults.when(
                !(1..=1000).contains(most),
                field,
                "most must be 1 to 1000",
                "jumlah usulan harus 1 sampai 1000",
            );
            return;
        }
        Rule::NotPastWinner { awards } | Rule::FormerWinner { awards, .. } => awards,
        Rule::NotWonTimes { awards, times } => {
            faults.when(
                !(2..=10).contains(times),
                field,
                "times must be 2 to 10",
                "jumlah kali harus 2 sampai 10",
            );
            awards
        }
        Rule::Implemented
        | Rule::Complete
        | Rule::WordLimits
        | Rule::NoFiller
        | Rule::OneCategory
        | Rule::UniqueTitle
        | Rule::Replica => return,
    };
    faults.keys(field, awards.iter().map(String::as_str), 50);
    faults.when(
        awards.is_empty(),
        field,
        "needs awards",
        "perlu kunci penghargaan",
    );
}

fn check_stage<'a>(
    faults: &mut Faults,
    round: &'a Round,
    stage: &'a Stage,
    scored_before: &mut BTreeSet<&'a str>,
) {
    let field = format!("rules.stages[{}]", stage.key);
    if !stage.kind.is_scored() {
        faults.when(
            !stage.parts.is_empty()
                || stage.minimum_scores != 0
                || stage.outlier.is_some()
                || !stage.basis.is_empty()
                || !stage.tie_break.is_empty()
                || !stage.cuts.is_empty(),
            field,
            "is not scored, and so has nothing but key, name and kind",
            "tahap tanpa penilaian hanya memiliki kunci, nama, dan jenis",
        );
        return;
    }
    if !stage.parts.is_empty() {
        faults.parts(&format!("{field}.parts"), &stage.parts);
    }
    faults.when(
        !(1..=20).contains(&stage.minimum_scores),
        format!("{field}.minimum_scores"),
        "must be 1 to 20",
        "harus 1 sampai 20",
    );
    faults.when(
        stage
            .outlier
            .as_ref()
            .is_some_and(|o| !(3..=1000).contains(&o.minimum_scores) || !(1..=100).contains(&o.band)),
        format!("{field}.outlier_rule"),
        "needs 3 scores or more and a band of 1 to 100",
        "perlu paling sedikit 3 nilai dan rentang 1 sampai 100",
    );
    scored_before.insert(&stage.key);
    faults.keys(
        &format!("{field}.basis"),
        stage.basis.iter().map(|b| b.stage.as_str()),
        20,
    );
    faults.when(
        stage
            .basis
            .iter()
            .any(|b| !scored_before.contains(b.stage.as_str()) || !(1..=100).contains(&b.weight)),
        format!("{field}.basis"),
        "must name scored stages up to this one, with weights from 1 to 100",
        "harus tahap penilaian sampai dengan tahap ini, dengan bobot 1 sampai 100",
    );
    let broken_tie = |key: &String| {
        let mut groups = round.rules.groups.iter();
        groups.any(|g| {
            let parts = round.rules.scored_parts(stage, &g.key);
            !parts.iter().any(|p| p.key == *key)
        })
    };
    faults.when(
        stage.tie_break.iter().any(broken_tie),
        format!("{field}.tie_break"),
        "must name parts that are scored in every group",
        "harus menyebut bagian yang dinilai pada setiap kelompok",
    );
    let mut eliminating: Vec<&str> = Vec::new();
    for cut in &stage.cuts {
        let bad_award = !cut.award.is_empty()
            && (token(&cut.award, TOKEN_MAX).is_err() || cut.award_name.trim().is_empty());
        faults.when(
            round.rules.group(&cut.group).is_none() || !bounds_are_valid(cut) || bad_award,
            format!("{field}.cuts"),
            "needs a known group, 1 to 100000 places or a minimum score of 1 to 100, and a name for an award",
            "perlu kelompok yang dikenal, 1 sampai 100000 tempat atau nilai batas 1 sampai 100, dan nama penghargaan",
        );
        if cut.eliminates {
            faults.when(
                eliminating.contains(&cut.group.as_str()),
                format!("{field}.cuts"),
                "eliminates in one group twice",
                "menggugurkan satu kelompok dua kali",
            );
            eliminating.push(&cut.group);
        }
    }
}

/// A cut limits the number of entries, or their score, or both.
fn bounds_are_valid(cut: &Cut) -> bool {
    let bounded = cut.places > 0 || cut.minimum_score > 0;
    bounded && cut.places <= 100_000 && (0..=100).contains(&cut.minimum_score)
}

fn check_windows(faults: &mut Faults, round: &Round) {
    faults.keys("windows", round.windows.iter().map(|w| w.stage.as_str()), 20);
    faults.when(
        round
            .windows
            .iter()
            .any(|w| round.rules.stage(&w.stage).is_none()),
        "windows",
        "name an unknown stage",
        "menyebut tahap yang tidak dikenal",
    );
    faults.when(
        round
            .windows
            .iter()
            .any(|w| w.open.zip(w.close).is_some_and(|(open, close)| open >= close)),
        "windows",
        "must close after they open",
        "waktu penutupan harus sesudah waktu pembukaan",
    );
    faults.when(
        round.submission_closes().is_none(),
        "windows",
        "must say when submission closes",
        "waktu penutupan pengajuan wajib diisi",
    );
}

fn check_panel(faults: &mut Faults, round: &Round) {
    let subjects: BTreeSet<&str> = round.panel.iter().map(|m| m.subject.as_str()).collect();
    faults.when(
        round.panel.len() > 1000
            || subjects.len() < round.panel.len()
            || subjects.iter().any(|s| s.is_empty() || s.len() > 200),
        "panel",
        "must be at most 1000 evaluators, each once, with a subject of 1 to 200 bytes",
        "paling banyak 1000 evaluator, masing-masing satu kali",
    );
    let scored = |key: &String| {
        round
            .rules
            .stage(key)
            .is_some_and(|s| s.kind == StageKind::Scoring)
    };
    faults.when(
        round.panel.iter().any(|m| !m.stages.iter().all(scored)),
        "panel",
        "names a stage that the panel does not score",
        "menyebut tahap yang tidak dinilai evaluator",
    );
    for stage in round.rules.stages.iter().filter(|s| s.kind == StageKind::Scoring) {
        let able = round
            .panel
            .iter()
            .filter(|m| m.stages.is_empty() || m.stages.contains(&stage.key))
            .count();
        faults.when(
            able < stage.minimum_scores,
            "panel",
            "has too few evaluators for the scores that a stage needs",
            "evaluator kurang untuk jumlah nilai yang diperlukan",
        );
    }
}
