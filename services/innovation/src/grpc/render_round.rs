//! From what is stored to messages: rounds and announcements.

use prima_platform::clock::{from_micros, to_proto};
use prima_proto::innovation::v1;

use super::render::small;
use crate::{
    domain::round::{Category, Cut, Group, Member, Part, Rule, Rules, Stage, StageKind, Window},
    store::round::{Announcement, Stored},
};

/// A round as its message, with its panel when `panel`.
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
        Rule::MinAge { months } => v1::Rule {
            months: small(*months),
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
    }
}

fn stage(stage: &Stage) -> v1::Stage {
    let kind = match stage.kind {
        StageKind::Submission => v1::StageKind::Submission,
        StageKind::Screening => v1::StageKind::Screening,
        StageKind::Scoring => v1::StageKind::Scoring,
        StageKind::PublicScoring => v1::StageKind::PublicScoring,
    };
    v1::Stage {
        key: stage.key.clone(),
        display_name: stage.name.clone(),
        kind: kind.into(),
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
        award: cut.award.clone(),
        award_display_name: cut.award_name.clone(),
        eliminates: cut.eliminates,
    }
}

/// An announcement as its message.
pub fn announcement(round: &Stored, announcement: &Announcement) -> v1::Announcement {
    v1::Announcement {
        round: round.name.to_string(),
        content: announcement.content.clone(),
        sha256: announcement.sha256.clone(),
        announce_time: Some(to_proto(from_micros(announcement.announced_at))),
    }
}
