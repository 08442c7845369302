//! Why the rank of a subject changed between two points: the change split into the parts of its sources.
//!
//! No source changes a rank by itself: whether a better score gains a place depends on what the others did meanwhile. The part
//! of a source is therefore its Shapley value, the mean of what it adds over all orders in which the sources can take effect.
//! It depends on no order, is zero for a source that changes nothing, changes its sign when the points are exchanged, and
//! the parts sum to the change exactly.
//!
//! The sources are: each component of the own score; what the components leave of the own score; the moves of those who
//! have a rank at both points; those who entered; those who left; and the method. A score of another era than before has
//! changed by method, because nobody can say what it would be by the old one. So has everything that another definition of the
//! table changes.

mod shapley;

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::Hash;

use num_traits::{Signed, Zero};
use prima_platform::number::{self, Rational};

/// Most components that are sources of their own. Every source doubles the number of counts.
pub const COMPONENTS: usize = 9;

/// A subject with a rank, at one point and by one definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place<K> {
    /// Where it is sorted: the lesser key has the better rank.
    pub key: K,
    /// The era of its score: scores of unlike eras were made by unlike methods.
    pub era: String,
}

/// The subjects with a rank in a table.
pub type Field<S, K> = HashMap<S, Place<K>>;

/// The fields of both points. The first index is that of the point whose scores they contain, the second that of the point
/// whose definition they are ranked by; with one definition, both fields of a point are the same.
#[derive(Debug)]
pub struct Fields<'a, S, K>(pub [[&'a Field<S, K>; 2]; 2]);

/// A component of the own score at both points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// Its stable key.
    pub key: String,
    /// What it contributes to the exact score, at the first point and at the second.
    pub contribution: [Rational; 2],
}

/// The own score at both points.
pub struct Own<'a, S, K> {
    /// The subject.
    pub subject: &'a S,
    /// The ranked value at each point.
    pub value: [Rational; 2],
    /// Its components; none when the two scores are not made of the same ones.
    pub components: Vec<Component>,
    /// Whether those with an equal score are counted as better, by the definition of each point: equal ones share the last rank
    /// of theirs (1, 3, 3, 4) and not the first (1, 2, 2, 4).
    pub counts_equal: [bool; 2],
    /// Where the score is sorted that has this value and everything else as at one point, by the definition of one point; each
    /// is the second point when it is true.
    pub key: &'a dyn Fn(&Rational, bool, bool) -> K,
}

/// What can change a rank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A component of the own score.
    Component(String),
    /// The components of the own score that changed least, together.
    OtherComponents,
    /// What the components leave of the change of the own score.
    Remainder,
    /// The moves of those with a rank at both points.
    Others,
    /// Those with a rank at the second point only.
    Entrants,
    /// Those with a rank at the first point only.
    Leavers,
    /// Another era, and another definition of the table.
    Method,
}

/// The part of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The source.
    pub source: Source,
    /// Of a component and of the remainder: by how much it changed the own value.
    pub value: Option<Rational>,
    /// By how many ranks: negative is towards the first rank.
    pub ranks: Rational,
}

/// A change of rank with its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RankChange {
    /// The rank at each point.
    pub rank: [usize; 2],
    /// How many others have a rank at both points.
    pub others: usize,
    /// How many have one at the second point only.
    pub entrants: usize,
    /// How many have one at the first point only.
    pub leavers: usize,
    /// The parts, which sum to the second rank less the first one.
    pub parts: Vec<Part>,
}

/// What belongs to the first point, or to the second.
fn at<T>([first, second]: &[T; 2], is_second: bool) -> &T {
    if is_second { second } else { first }
}

/// The keys of a group of competitors, in order.
struct Keys<K>(Vec<K>);

impl<K: Ord> Keys<K> {
    fn of(keys: impl Iterator<Item = K>) -> Self {
        let mut keys: Vec<K> = keys.collect();
        keys.sort_unstable();
        Self(keys)
    }

    /// How many have a better rank than `own`; with `equal` also those who share it.
    fn above(&self, own: &K, equal: bool) -> usize {
        self.0.partition_point(|key| key < own || (equal && key == own))
    }
}

/// The competitors by what moves them. The indexes are those of [`Fields`].
struct Competitors<K> {
    /// Those with a rank at both points whose era is the same.
    stay: [[Keys<K>; 2]; 2],
    /// Those with a rank at both points and another era at each: their scores change with the definition.
    moved_by_method: [Keys<K>; 2],
    enter: [Keys<K>; 2],
    leave: [Keys<K>; 2],
    count: [usize; 3],
}

/// How many of each group have a better rank than a key.
struct Counts {
    stay: [usize; 2],
    moved_by_method: usize,
    enter: usize,
    leave: usize,
}

impl<K: Ord + Clone> Competitors<K> {
    fn above(&self, own: &K, by: bool, equal: bool) -> Counts {
        Counts {
            stay: [false, true].map(|moved| at(at(&self.stay, moved), by).above(own, equal)),
            moved_by_method: at(&self.moved_by_method, by).above(own, equal),
            enter: at(&self.enter, by).above(own, equal),
            leave: at(&self.leave, by).above(own, equal),
        }
    }

    fn of<S: Eq + Hash>(own: &S, Fields([first, second]): &Fields<'_, S, K>) -> Self {
        let [before, after] = [first[0], second[1]];
        let both = |subject: &S| before.contains_key(subject) && after.contains_key(subject);
        let by_method = |subject: &S| {
            let era = |field: &Field<S, K>| field.get(subject).map(|place| place.era.clone());
            era(before) != era(after)
        };
        let keys = |field: &Field<S, K>, is_of_group: &dyn Fn(&S) -> bool| {
            let of_group = field
                .iter()
                .filter(|(subject, _)| *subject != own && is_of_group(subject));
            Keys::of(of_group.map(|(_, place)| place.key.clone()))
        };
        let stays = |subject: &S| both(subject) && !by_method(subject);
        let moves = |subject: &S| both(subject) && by_method(subject);
        let enters = |subject: &S| !before.contains_key(subject) && after.contains_key(subject);
        let leaves = |subject: &S| before.contains_key(subject) && !after.contains_key(subject);
        let number = |field: &Field<S, K>, is_of_group: &dyn Fn(&S) -> bool| keys(field, is_of_group).0.len();
        Self {
            count: [
                number(before, &both),
                number(after, &enters),
                number(before, &leaves),
            ],
            stay: [first, second].map(|fields| fields.map(|field| keys(field, &stays))),
            moved_by_method: [keys(before, &moves), keys(after, &moves)],
            enter: second.map(|field| keys(field, &enters)),
            leave: first.map(|field| keys(field, &leaves)),
        }
    }
}

/// A source of the game, and by how much it changes the own value.
struct Player {
    source: Source,
    value: Option<Rational>,
}

fn players<S, K>(own: &Own<'_, S, K>, by_method: bool) -> Vec<Player> {
    let mut players = Vec::new();
    let change = &own.value[1] - &own.value[0];
    if !by_method {
        let delta = |component: &Component| &component.contribution[1] - &component.contribution[0];
        let mut order: Vec<&Component> = own.components.iter().collect();
        // Equal changes are ordered by key, so that both directions choose the same components.
        order.sort_by_cached_key(|component| (Reverse(delta(component).abs()), component.key.clone()));
        let (single, rest) = order.split_at(order.len().min(COMPONENTS));
        let mut explained = number::whole(0);
        for component in own
            .components
            .iter()
            .filter(|component| single.contains(component))
        {
            explained += delta(component);
            players.push(Player {
                source: Source::Component(component.key.clone()),
                value: Some(delta(component)),
            });
        }
        if !rest.is_empty() {
            let rest: Rational = rest.iter().map(|component| delta(component)).sum();
            explained += &rest;
            players.push(Player {
                source: Source::OtherComponents,
                value: Some(rest),
            });
        }
        players.push(Player {
            source: Source::Remainder,
            value: Some(change - explained),
        });
    }
    let without_value = [Source::Others, Source::Entrants, Source::Leavers, Source::Method];
    players.extend(without_value.map(|source| Player { source, value: None }));
    players
}

/// The own key for each set of sources of the own score, by each definition.
fn own_keys<S, K>(own: &Own<'_, S, K>, players: &[Player], by_method: bool) -> Vec<[K; 2]> {
    if by_method {
        return vec![[false, true].map(|second| (own.key)(at(&own.value, second), second, second))];
    }
    let scores = players.iter().take_while(|player| player.value.is_some());
    let deltas: Vec<&Rational> = scores.filter_map(|player| player.value.as_ref()).collect();
    // The remainder comes last; with it goes everything of the score that is not its value.
    let remainder = deltas.len().saturating_sub(1);
    let key = |set: usize| {
        let taken = deltas.iter().enumerate().filter(|(at, _)| set & (1 << at) != 0);
        let value = taken.fold(own.value[0].clone(), |sum, (_, delta)| sum + *delta);
        [false, true].map(|by| (own.key)(&value, (set >> remainder) & 1 == 1, by))
    };
    (0..1 << deltas.len()).map(key).collect()
}

/// Splits the change of the own rank; `None` when the subject does not have a rank at both points.
pub fn split<S: Eq + Hash, K: Ord + Clone>(
    own: &Own<'_, S, K>,
    fields: &Fields<'_, S, K>,
) -> Option<RankChange> {
    let Fields([first, second]) = fields;
    let places = [first[0].get(own.subject)?, second[1].get(own.subject)?];
    let by_method = places[0].era != places[1].era;
    let competitors = Competitors::of(own.subject, fields);
    let players = players(own, by_method);
    let keys = own_keys(own, &players, by_method);
    let counts: Vec<[Counts; 2]> = keys
        .iter()
        .map(|keys| [false, true].map(|by| competitors.above(at(keys, by), by, *at(&own.counts_equal, by))))
        .collect();
    // The sources of the own score come first, then the four that have no value, in this order.
    let scores = counts.len().trailing_zeros();
    // The rank when the sources in `set` have taken effect and the others have not.
    let rank = |set: u32| {
        let own_set = set as usize & (counts.len() - 1);
        let [others, entrants, leavers, method] = [0, 1, 2, 3].map(|at| (set >> (scores + at)) & 1 == 1);
        let above = counts.get(own_set).map_or(0, |by| {
            let counts = at(by, method);
            let entered = if entrants { counts.enter } else { 0 };
            let not_left = if leavers { 0 } else { counts.leave };
            at(&counts.stay, others) + counts.moved_by_method + entered + not_left
        });
        above + 1
    };
    let (rank, values) = shapley::values(players.len(), rank);
    let parts = players.into_iter().zip(values).map(|(player, ranks)| Part {
        source: player.source,
        value: player.value,
        ranks,
    });
    let [others, entrants, leavers] = competitors.count;
    Some(RankChange {
        rank,
        others,
        entrants,
        leavers,
        parts: parts.collect(),
    })
}

impl RankChange {
    /// The second rank less the first one: negative is towards the first rank.
    pub fn ranks(&self) -> Rational {
        self.parts
            .iter()
            .fold(Rational::zero(), |sum, part| sum + &part.ranks)
    }
}
