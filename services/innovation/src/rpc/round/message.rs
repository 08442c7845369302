//! Messages of rounds and announcements.

use prima_platform::{
    clock::{from_micros, from_proto, to_proto},
    request::{self, Choice, Faults, text},
};
use prima_proto::{innovation::v1, name};

use crate::{
    domain::{
        calendar,
        round::{
            Basis, Category, Cut, Group, Member, OutlierRule, Part, Round, Rule, Rules, Stage, StageKind,
            Window, templates,
        },
    },
    rpc::message::{same_values, small},
    store::{announcement::Announcement, round::Stored},
};

/// Parses the definition of a round, with the rules of `template` when that is not empty.
pub fn parse(given: v1::Round, template: &str, faults: &mut Faults) -> Round {
    let display_name = faults.or_default(text::name("round.display_name", &given.display_name, 1, 200));
    let year = faults.or_default(calendar::check_year("round.year", given.year));
    let rules = match (given.rules, templates().get(template)) {
        (Some(given), None) if template.is_empty() => parse_rules(given, faults),
        (None, Some(rules)) => rules.clone(),
        (Some(_), _) => {
            faults.add(
                "round.rules",
                "must be absent with a template",
                "harus kosong bila memakai templat",
            );
            Rules::default()
        }
        (None, None) => {
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
    let windows = given.windows.into_iter();
    let windows = windows.map(|w| parse_window(w, faults)).collect();
    let panel = given.panel.into_iter();
    let panel = panel.map(|m| parse_member(m, faults)).collect();
    Round {
        display_name,
        year,
        rules,
        windows,
        panel,
    }
}

fn parse_window(given: v1::StageWindow, faults: &mut Faults) -> Window {
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

fn parse_member(given: v1::PanelMember, faults: &mut Faults) -> Member {
    let agency = request::optional(&given.agency, |raw| request::name("round.panel.agency", raw));
    let agency: Option<name::Agency> = faults.or_default(agency);
    Member {
        subject: faults.or_default(text::name("round.panel.subject", &given.subject, 1, 200)),
        agency: agency.map(|a| a.agency).unwrap_or_default(),
        stages: given.stages,
    }
}

fn title(field: &str, raw: &str, faults: &mut Faults) -> String {
    faults.or_default(text::name(field, raw, 1, 200))
}

fn parse_rules(given: v1::RoundRules, faults: &mut Faults) -> Rules {
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
        categories: parse_categories("round.rules.categories", given.categories, faults),
        groups: given.groups.into_iter().map(|g| parse_group(g, faults)).collect(),
        stages: given.stages.into_iter().map(|s| parse_stage(s, faults)).collect(),
        rejection_causes: parse_categories("round.rules.rejection_causes", given.rejection_causes, faults),
    }
}

fn parse_categories(field: &str, given: Vec<v1::Category>, faults: &mut Faults) -> Vec<Category> {
    let one = |c: v1::Category| Category {
        name: title(field, &c.display_name, faults),
        key: c.key,
    };
    given.into_iter().map(one).collect()
}

fn parse_parts(field: &str, given: Vec<v1::Part>, faults: &mut Faults) -> Vec<Part> {
    let one = |p: v1::Part| Part {
        name: title(field, &p.display_name, faults),
        weight: i64::from(p.weight),
        max_words: usize::try_from(p.max_words).unwrap_or(usize::MAX),
        key: p.key,
    };
    given.into_iter().take(51).map(one).collect()
}

fn parse_group(given: v1::Group, faults: &mut Faults) -> Group {
    Group {
        name: title("round.rules.groups", &given.display_name, faults),
        parts: parse_parts("round.rules.groups.parts", given.parts, faults),
        rules: given
            .rules
            .into_iter()
            .take(50)
            .filter_map(|r| parse_rule(r, faults))
            .collect(),
        key: given.key,
    }
}

fn count(value: i32) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

fn parse_rule(given: v1::Rule, faults: &mut Faults) -> Option<Rule> {
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
            categories: given.categories,
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
        v1::RuleKind::AgencyLimit => Rule::AgencyLimit {
            most: count(given.most),
        },
    })
}

const STAGE_KIND: Choice = Choice {
    english: "kind of stage",
    indonesian: "Jenis tahap",
};

same_values!(parse_stage_kind, stage_kind, StageKind, StageKind: Submission, Screening, Scoring, PublicScoring);

fn parse_stage(given: v1::Stage, faults: &mut Faults) -> Stage {
    let kind = faults.take(STAGE_KIND.required("round.rules.stages.kind", given.kind, parse_stage_kind));
    let outlier = given
        .outlier_rule
        .filter(|o| o.minimum_scores != 0 || o.band != 0);
    Stage {
        name: title("round.rules.stages", &given.display_name, faults),
        kind: kind.unwrap_or(StageKind::Submission),
        parts: parse_parts("round.rules.stages.parts", given.parts, faults),
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
                minimum_score: i64::from(c.minimum_score),
                award: c.award,
                award_name: c.award_display_name,
                eliminates: c.eliminates,
            })
            .collect(),
        key: given.key,
    }
}

/// A round as a message, with its panel when `panel`.
pub fn round(stored: &Stored, panel: bool) -> v1::Round {
    let round = &stored.round;
    v1::Round {
        name: stored.name.to_string(),
        display_name: round.display_name.clone(),
        year: round.year,
        rules: Some(rules(&round.rules)),
        windows: round.windows.iter().map(window).collect(),
        panel: if panel {
            round.panel.iter().map(member).collect()
        } else {
            Vec::new()
        },
        stage: stored.stage.clone(),
        announced: stored.announced,
        create_time: Some(to_proto(from_micros(stored.created_at))),
    }
}

fn window(window: &Window) -> v1::StageWindow {
    v1::StageWindow {
        stage: window.stage.clone(),
        open_time: window.open.map(to_proto),
        close_time: window.close.map(to_proto),
    }
}

fn member(member: &Member) -> v1::PanelMember {
    v1::PanelMember {
        subject: member.subject.clone(),
        agency: if member.agency.is_empty() {
            String::new()
        } else {
            format!("agencies/{}", member.agency)
        },
        stages: member.stages.clone(),
    }
}

fn rules(rules: &Rules) -> v1::RoundRules {
    v1::RoundRules {
        citation: rules.citation.clone(),
        categories: rules.categories.iter().map(category).collect(),
        groups: rules.groups.iter().map(group).collect(),
        stages: rules.stages.iter().map(stage).collect(),
        rejection_causes: rules.rejection_causes.iter().map(category).collect(),
    }
}

fn category(category: &Category) -> v1::Category {
    v1::Category {
        key: category.key.clone(),
        display_name: category.name.clone(),
    }
}

fn part(part: &Part) -> v1::Part {
    v1::Part {
        key: part.key.clone(),
        display_name: part.name.clone(),
        weight: small(part.weight),
        max_words: small(part.max_words),
    }
}

fn group(group: &Group) -> v1::Group {
    v1::Group {
        key: group.key.clone(),
        display_name: group.name.clone(),
        parts: group.parts.iter().map(part).collect(),
        rules: group.rules.iter().map(rule).collect(),
    }
}

fn rule(rule: &Rule) -> v1::Rule {
    let of = |kind: v1::RuleKind| v1::Rule {
        kind: kind.into(),
        ..Default::default()
    };
    match rule {
        Rule::MinAge { months, categories } => v1::Rule {
            months: small(*months),
            categories: categories.clone(),
            ..of(v1::RuleKind::MinAge)
        },
        Rule::Implemented => of(v1::RuleKind::Implemented),
        Rule::Complete => of(v1::RuleKind::Complete),
        Rule::WordLimits => of(v1::RuleKind::WordLimits),
        Rule::NoFiller => of(v1::RuleKind::NoFiller),
        Rule::OneCategory => of(v1::RuleKind::OneCategory),
        Rule::UniqueTitle => of(v1::RuleKind::UniqueTitle),
        Rule::NotPastWinner { awards } => v1::Rule {
            awards: awards.clone(),
            ..of(v1::RuleKind::NotPastWinner)
        },
        Rule::NotWonTimes { awards, times } => v1::Rule {
            awards: awards.clone(),
            times: small(*times),
            ..of(v1::RuleKind::NotWonTimes)
        },
        Rule::FormerWinner {
            awards,
            from_year,
            to_year,
        } => v1::Rule {
            awards: awards.clone(),
            from_year: *from_year,
            to_year: *to_year,
            ..of(v1::RuleKind::FormerWinner)
        },
        Rule::Replica => of(v1::RuleKind::Replica),
        Rule::AgencyLimit { most } => v1::Rule {
            most: small(*most),
            ..of(v1::RuleKind::AgencyLimit)
        },
    }
}

fn stage(stage: &Stage) -> v1::Stage {
    v1::Stage {
        key: stage.key.clone(),
        display_name: stage.name.clone(),
        kind: stage_kind(stage.kind).into(),
        parts: stage.parts.iter().map(part).collect(),
        minimum_scores: small(stage.minimum_scores),
        outlier_rule: stage.outlier.as_ref().map(|o| v1::OutlierRule {
            minimum_scores: small(o.minimum_scores),
            band: small(o.band),
        }),
        basis: stage
            .basis
            .iter()
            .map(|b| v1::Basis {
                stage: b.stage.clone(),
                weight: small(b.weight),
            })
            .collect(),
        tie_break: stage.tie_break.clone(),
        cuts: stage.cuts.iter().map(cut).collect(),
    }
}

fn cut(cut: &Cut) -> v1::Cut {
    v1::Cut {
        group: cut.group.clone(),
        places: small(cut.places),
        minimum_score: small(cut.minimum_score),
        award: cut.award.clone(),
        award_display_name: cut.award_name.clone(),
        eliminates: cut.eliminates,
    }
}

/// An announcement as a message.
pub fn announcement(round: &Stored, announcement: &Announcement) -> v1::Announcement {
    v1::Announcement {
        round: round.name.to_string(),
        content: announcement.content.clone(),
        sha256: announcement.sha256.clone(),
        announce_time: Some(to_proto(from_micros(announcement.announced_at))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_returned_as_they_were_given() {
        for (key, template) in templates() {
            let mut faults = Faults::default();
            assert_eq!(parse_rules(rules(template), &mut faults), *template, "{key}");
            assert_eq!(faults.part(()), Ok(()), "{key}");
        }
    }

    #[test]
    fn a_template_comes_alone_and_is_known() {
        let round = |rules: Option<v1::RoundRules>, template: &str| {
            let round = v1::Round {
                display_name: "KIPP".into(),
                year: 2022,
                rules,
                ..v1::Round::default()
            };
            let mut faults = Faults::default();
            let round = parse(round, template, &mut faults);
            faults.part(round.rules)
        };
        let own = rules(&templates()["kipp-2022"]);
        assert_eq!(round(None, "kipp-2022").unwrap(), templates()["kipp-2022"]);
        assert_eq!(round(Some(own.clone()), "").unwrap(), templates()["kipp-2022"]);
        for (rules, template, field) in [
            (Some(own.clone()), "kipp-2022", "round.rules"),
            (Some(own), "apa", "round.rules"),
            (None, "apa", "template"),
            (None, "", "template"),
        ] {
            assert_eq!(
                round(rules, template).unwrap_err()[0].field,
                field,
                "{template:?}"
            );
        }
    }
}
