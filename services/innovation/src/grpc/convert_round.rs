//! From messages to rounds, with every fault found at once.

use prima_platform::{clock::from_proto, failure::Failure, faults::Faults, request_id::digest, text};
use prima_proto::{innovation::v1, name};

use super::faults::Fields;
use crate::{
    app::open_round,
    domain::round::{
        Basis, Category, Cut, Group, Member, OutlierRule, Part, Round, Rule, Rules, Stage, StageKind, Window,
        templates,
    },
};

/// OpenRound.
pub fn open(request: v1::OpenRoundRequest) -> Result<open_round::Request, Failure> {
    let mut faults = Faults::default();
    let once = faults.once(&request.request_id, digest(&request));
    let id = faults.new_id("round_id", &request.round_id);
    let template = request.template;
    let request = faults.required("round", request.round).and_then(|given| {
        let display_name = faults.take(text::line("round.display_name", &given.display_name, 1, 200));
        let year = faults.year("round.year", given.year, false);
        let rules = match (given.rules, template.as_str()) {
            (Some(given), "") => rules(given, &mut faults),
            (None, key) if templates().contains_key(key) => templates().get(key).cloned().unwrap_or_default(),
            (Some(_), _) => {
                faults.add(
                    "round.rules",
                    "must be absent with a template",
                    "harus kosong bila memakai templat",
                );
                Rules::default()
            }
            (None, _) => {
                let known: Vec<&str> = templates().keys().map(String::as_str).collect();
                let list = known.join(", ");
                faults.add(
                    "template",
                    format!("must be one of: {list}, or round.rules be given"),
                    format!("harus salah satu dari: {list}, atau isi round.rules"),
                );
                Rules::default()
            }
        };
        let windows = given
            .windows
            .into_iter()
            .map(|w| window(w, &mut faults))
            .collect();
        let panel = given.panel.into_iter().map(|m| member(m, &mut faults)).collect();
        Some(open_round::Request {
            once: once?,
            name: name::Round { round: id? },
            round: Round {
                display_name: display_name?,
                year,
                rules,
                windows,
                panel,
            },
        })
    });
    faults.settle(request)
}

fn window(given: v1::StageWindow, faults: &mut Faults) -> Window {
    let mut time = |raw: Option<prost_types::Timestamp>| {
        let read = raw.as_ref().map(from_proto);
        if read == Some(None) {
            faults.add(
                "round.windows",
                "hold a time out of range",
                "memuat waktu di luar jangkauan",
            );
        }
        read.flatten()
    };
    Window {
        open: time(given.open_time),
        close: time(given.close_time),
        stage: given.stage,
    }
}

fn member(given: v1::PanelMember, faults: &mut Faults) -> Member {
    let agency = faults.optional_name("round.panel.agency", &given.agency, name::Agency::parse);
    Member {
        subject: given.subject,
        agency: agency.flatten().map(|a| a.agency).unwrap_or_default(),
        stages: given.stages,
    }
}

fn title(field: &str, raw: &str, faults: &mut Faults) -> String {
    faults.or_default(text::line(field, raw, 1, 200))
}

fn rules(given: v1::RoundRules, faults: &mut Faults) -> Rules {
    let most = [
        given.categories.len(),
        given.groups.len(),
        given.stages.len(),
        given.rejection_causes.len(),
    ];
    if most.iter().any(|n| *n > 50) {
        faults.add(
            "round.rules",
            "hold a list that is too long",
            "memuat daftar yang terlalu panjang",
        );
        return Rules::default();
    }
    Rules {
        citation: faults.or_default(text::line("round.rules.citation", &given.citation, 0, 500)),
        categories: categories("round.rules.categories", given.categories, faults),
        groups: given.groups.into_iter().map(|g| group(g, faults)).collect(),
        stages: given.stages.into_iter().map(|s| stage(s, faults)).collect(),
        rejection_causes: categories("round.rules.rejection_causes", given.rejection_causes, faults),
    }
}

fn categories(field: &str, given: Vec<v1::Category>, faults: &mut Faults) -> Vec<Category> {
    let one = |c: v1::Category| Category {
        name: title(field, &c.display_name, faults),
        key: c.key,
    };
    given.into_iter().map(one).collect()
}

fn parts(field: &str, given: Vec<v1::Part>, faults: &mut Faults) -> Vec<Part> {
    let one = |p: v1::Part| Part {
        name: title(field, &p.display_name, faults),
        weight: i64::from(p.weight),
        max_words: usize::try_from(p.max_words).unwrap_or(usize::MAX),
        key: p.key,
    };
    given.into_iter().take(51).map(one).collect()
}

fn group(given: v1::Group, faults: &mut Faults) -> Group {
    Group {
        name: title("round.rules.groups", &given.display_name, faults),
        parts: parts("round.rules.groups.parts", given.parts, faults),
        rules: given
            .rules
            .into_iter()
            .take(50)
            .filter_map(|r| rule(r, faults))
            .collect(),
        key: given.key,
    }
}

fn count(value: i32) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

fn rule(given: v1::Rule, faults: &mut Faults) -> Option<Rule> {
    let kind = v1::RuleKind::try_from(given.kind).unwrap_or_default();
    let awards = given.awards;
    Some(match kind {
        v1::RuleKind::Unspecified => {
            faults.add(
                "round.rules.groups.rules",
                "are not all known",
                "ada syarat yang tidak dikenal",
            );
            return None;
        }
        v1::RuleKind::MinAge => Rule::MinAge {
            months: u32::try_from(given.months).unwrap_or_default(),
        },
        v1::RuleKind::Implemented => Rule::Implemented,
        v1::RuleKind::Complete => Rule::Complete,
        v1::RuleKind::WordLimits => Rule::WordLimits,
        v1::RuleKind::NoFiller => Rule::NoFiller,
        v1::RuleKind::OneCategory => Rule::OneCategory,
        v1::RuleKind::UniqueTitle => Rule::UniqueTitle,
        v1::RuleKind::NotPastWinner => Rule::NotPastWinner { awards },
        v1::RuleKind::NotWonTimes => Rule::NotWonTimes {
            awards,
            times: count(given.times),
        },
        v1::RuleKind::FormerWinner => Rule::FormerWinner {
            awards,
            from_year: given.from_year,
            to_year: given.to_year,
        },
        v1::RuleKind::Replica => Rule::Replica,
    })
}

fn stage(given: v1::Stage, faults: &mut Faults) -> Stage {
    let kind = match v1::StageKind::try_from(given.kind).unwrap_or_default() {
        v1::StageKind::Submission => StageKind::Submission,
        v1::StageKind::Screening => StageKind::Screening,
        v1::StageKind::Scoring => StageKind::Scoring,
        v1::StageKind::PublicScoring => StageKind::PublicScoring,
        v1::StageKind::Unspecified => {
            faults.add(
                "round.rules.stages.kind",
                "is required and must be known",
                "Jenis tahap wajib dan dikenal",
            );
            StageKind::Submission
        }
    };
    let outlier = given
        .outlier_rule
        .filter(|o| o.minimum_scores != 0 || o.band != 0);
    Stage {
        name: title("round.rules.stages", &given.display_name, faults),
        kind,
        parts: parts("round.rules.stages.parts", given.parts, faults),
        minimum_scores: count(given.minimum_scores),
        outlier: outlier.map(|o| OutlierRule {
            minimum_scores: count(o.minimum_scores),
            band: i64::from(o.band),
        }),
        basis: given
            .basis
            .into_iter()
            .take(50)
            .map(|b| Basis {
                stage: b.stage,
                weight: i64::from(b.weight),
            })
            .collect(),
        tie_break: given.tie_break,
        cuts: given
            .cuts
            .into_iter()
            .take(50)
            .map(|c| Cut {
                group: c.group,
                places: count(c.places),
                award: c.award,
                award_name: c.award_display_name,
                eliminates: c.eliminates,
            })
            .collect(),
        key: given.key,
    }
}
