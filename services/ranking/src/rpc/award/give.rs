//! Gives the awards of one table.

use std::{collections::HashMap, sync::Arc};

use prima_platform::number::{self, Rational};
use prima_proto::{event::v1::ScoreComponent, name::Subject, ranking::v1 as pb};

use crate::{
    domain::{
        Definition, LeagueTables, Row, TableKey, Unranked,
        award::{self, Aspect, Aspects, Places},
        definition::{Better, Ties},
        trend::{Across, Refusal},
    },
    rpc::comparison,
};

/// Most winners that are named of one award.
const WINNERS_MAX: usize = 1000;
const OURS: &str = "Aturan disusun Prima, bukan kutipan peraturan";

/// A table with its rows and its definition.
pub struct Field<'a> {
    tables: &'a LeagueTables,
    key: &'a TableKey,
    definition: Arc<Definition>,
    /// The ranked rows, by rank.
    ranked: Vec<Row>,
    /// The rows without a rank.
    unranked: Vec<Row>,
}

impl<'a> Field<'a> {
    /// Reads the rows of a table.
    pub fn new(tables: &'a LeagueTables, key: &'a TableKey) -> Self {
        let rows = tables.rows(key, 0, usize::MAX).unwrap_or_default();
        let (ranked, unranked) = rows.into_iter().partition(|row| row.rank.is_some());
        Self {
            tables,
            key,
            definition: tables.definition_of(&key.metric),
            ranked,
            unranked,
        }
    }

    /// The first `places` ranks, with everyone who shares the last of them.
    pub fn best(&self, places: usize) -> pb::Award {
        let ranks: Vec<Option<usize>> = self.ranked.iter().map(|row| row.rank).collect();
        let taken = award::places(&ranks, places);
        let ties = match self.definition.ties {
            Ties::Competition => "1, 2, 2, 4",
            Ties::Modified => "1, 3, 3, 4",
        };
        let winners = self.ranked.iter().take(taken.winners).map(winner);
        pb::Award {
            rule: format!(
                "{places} peringkat teratas pada tabel ini; nilai yang sama berbagi peringkat ({ties}). Bila nilai di batas \
                 sama, semuanya disebut. Yang tanpa peringkat tidak ikut."
            ),
            source: match self.definition.citation.as_str() {
                "" => OURS.to_owned(),
                citation => format!("Ketentuan tabel: {citation}"),
            },
            ..self.award(
                pb::AwardKind::Best,
                format!("{places} terbaik"),
                (places, taken),
                winners.collect(),
            )
        }
    }

    /// The largest gains of score against the period before.
    pub fn risers(&self, places: usize, period: &str, before: &LeagueTables) -> pb::Award {
        let sign = match self.definition.better {
            Better::Higher => number::whole(1),
            Better::Lower => number::whole(-1),
        };
        let (mut gains, mut has_base) = (Vec::new(), false);
        let mut refused = 0;
        for row in &self.ranked {
            let bases = before.standings(&row.subject, &self.key.metric, period);
            let Some((_, base)) = bases.into_iter().next() else {
                refused += 1;
                continue;
            };
            let rows = [
                (before, &base, period),
                (self.tables, row, self.key.period.as_str()),
            ];
            let trend = comparison::trend(rows, &self.key.metric, Across::default());
            // A base without a value is none.
            has_base |= trend.refusals != [Refusal::NoValue];
            match trend.change {
                Some(change) => {
                    let gain = number::parse_decimal(&change.points).map(|points| points * &sign);
                    gains.extend(gain.map(|gain| (gain, change.points, base.score.value, row)));
                }
                None => refused += 1,
            }
        }
        let considered = gains.len();
        gains.retain(|(gain, ..)| *gain > number::whole(0));
        // Rows are ordered by rank, and stay so among equal gains.
        gains.sort_by(|(a, ..), (b, ..)| b.cmp(a));
        let sizes: Vec<&Rational> = gains.iter().map(|(gain, ..)| gain).collect();
        let taken = award::places(&sizes, places);
        let absence = match (has_base, considered) {
            (false, _) => pb::AwardAbsence::NoPeriodBefore,
            (true, 0) => pb::AwardAbsence::NotComparable,
            (true, _) => pb::AwardAbsence::Nobody,
        };
        let winners = gains.iter().take(taken.winners);
        let winners = winners.map(|(_, points, base, row)| pb::AwardWinner {
            value: points.clone(),
            base_score: base.clone(),
            ..winner(row)
        });
        let gain = match self.definition.better {
            Better::Higher => "Kenaikan",
            Better::Lower => "Penurunan",
        };
        let mut award = pb::Award {
            rule: format!(
                "{gain} nilai terbesar dalam poin dari {period} ke {} di antara yang berperingkat pada tabel ini. Nilai dengan \
                 cara ukur (era) atau susunan yang berbeda tidak dibandingkan. Bila perubahan di batas sama, semuanya \
                 disebut.",
                self.key.period
            ),
            source: OURS.to_owned(),
            refused: count(refused),
            considered: count(considered),
            ..self.award(
                pb::AwardKind::Riser,
                "Kemajuan terbesar".to_owned(),
                (places, taken),
                winners.collect(),
            )
        };
        if award.winners.is_empty() {
            award.absence = absence.into();
        }
        award
    }

    /// Who has the highest value of each aspect.
    pub fn role_models(&self, components: &HashMap<Subject, Vec<ScoreComponent>>) -> Vec<pb::Award> {
        let mut known: Vec<&'static Aspects> = Vec::new();
        for row in &self.ranked {
            let aspects = award::aspects(&self.key.metric, &row.score.instrument);
            known.extend(aspects.filter(|own| known.iter().all(|other| !std::ptr::eq(*own, *other))));
        }
        let of = |aspects: &'static Aspects| {
            let awards = aspects.components.iter();
            awards.filter_map(move |aspect| self.role_model(aspects, aspect, components))
        };
        known.into_iter().flat_map(of).collect()
    }

    fn role_model(
        &self,
        aspects: &Aspects,
        aspect: &Aspect,
        components: &HashMap<Subject, Vec<ScoreComponent>>,
    ) -> Option<pb::Award> {
        let mut values: Vec<(Rational, &str, &Row)> = Vec::new();
        for row in &self.ranked {
            let own = award::aspects(&self.key.metric, &row.score.instrument);
            let has_aspect = own.is_some_and(|own| std::ptr::eq(own, aspects));
            let found = components.get(&row.subject).into_iter().flatten();
            let component = found.filter(|_| has_aspect).find(|one| one.key == aspect.key);
            let parsed = component.and_then(|one| Some((number::parse_decimal(&one.value)?, &*one.value)));
            values.extend(parsed.map(|(value, shown)| (value, shown, row)));
        }
        values.sort_by(|(a, ..), (b, ..)| b.cmp(a));
        let sizes: Vec<&Rational> = values.iter().map(|(value, ..)| value).collect();
        let taken = award::places(&sizes, 1);
        let winners = values.iter().take(taken.winners);
        let winners: Vec<pb::AwardWinner> = winners
            .map(|(_, value, row)| pb::AwardWinner {
                value: (*value).to_owned(),
                ..winner(row)
            })
            .collect();
        (!winners.is_empty()).then(|| pb::Award {
            component: aspect.key.clone(),
            rule: format!(
                "Nilai {} tertinggi di antara yang berperingkat pada tabel ini; yang sama tinggi disebut semua.",
                aspect.title
            ),
            source: format!("{OURS}; aspek menurut {}", aspects.citation),
            considered: count(values.len()),
            ..self.award(
                pb::AwardKind::RoleModel,
                format!("Teladan {}", aspect.title),
                (1, taken),
                winners,
            )
        })
    }

    /// Who reached a category that the body behind the metric honours: also those of whom only the category was published.
    pub fn categories(&self) -> Option<pb::Award> {
        let published = self.unranked.iter();
        let published = published.filter(|row| row.unranked == Some(Unranked::NoValue));
        let rows: Vec<&Row> = self.ranked.iter().chain(published).collect();
        let era = |row: &Row| {
            self.definition
                .era_in(&row.score.instrument, &self.key.period)
                .to_owned()
        };
        // All scores of a period are of one era, unless an instrument is used beside another one.
        let honour = rows
            .iter()
            .find_map(|row| award::honour(&self.key.metric, &era(row)))?;
        let reached = rows.iter().filter(|row| {
            let own = award::honour(&self.key.metric, &era(row));
            own.is_some_and(|own| own.categories.contains(&row.score.category))
        });
        let winners: Vec<pb::AwardWinner> = reached.map(|row| winner(row)).collect();
        let taken = Places {
            winners: winners.len(),
            tied_at_border: false,
        };
        Some(pb::Award {
            rule: format!(
                "{} Disebut semua yang mencapainya pada tabel ini, juga yang terbit hanya kategorinya; yang sampelnya kurang \
                 tidak ikut.",
                honour.rule
            ),
            source: honour.citation.clone(),
            considered: count(rows.len()),
            ..self.award(pb::AwardKind::Category, honour.title.clone(), (0, taken), winners)
        })
    }

    fn award(
        &self,
        kind: pb::AwardKind,
        title: String,
        (places, taken): (usize, Places),
        mut winners: Vec<pb::AwardWinner>,
    ) -> pb::Award {
        winners.truncate(WINNERS_MAX);
        let absence = match winners.is_empty() {
            true => pb::AwardAbsence::Nobody,
            false => pb::AwardAbsence::Unspecified,
        };
        pb::Award {
            kind: kind.into(),
            table: self.key.to_string(),
            title,
            places: i32::try_from(places).unwrap_or(i32::MAX),
            tied_at_border: taken.tied_at_border,
            considered: count(self.ranked.len()),
            absence: absence.into(),
            winners,
            winner_count: count(taken.winners),
            ..Default::default()
        }
    }
}

fn winner(row: &Row) -> pb::AwardWinner {
    pb::AwardWinner {
        subject: row.subject.to_string(),
        display_name: row.display_name.clone(),
        agency_display_name: row.agency_display_name.clone(),
        rank: row.rank.map(count).unwrap_or_default(),
        score: row.score.value.clone(),
        category: row.score.category.clone(),
        category_display_name: row.score.category_display_name.clone(),
        ..Default::default()
    }
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
