//! Reads the responses of an analysis by group, and chooses which groups can be shown together.

use std::collections::{BTreeMap, BTreeSet};

use prima_platform::{db::Txn, failure::Failure};

use crate::{
    domain::{
        cuts::{self, Distances},
        groups::{Dimension, Sums},
        nearby,
        people::{DIMENSIONS, People, Queue},
        release::Total,
    },
    store::analysis::{Answered, Coverage, responses_changed, responses_page},
};

/// Sums by code.
pub type Groups = BTreeMap<String, Sums>;

/// The responses of an analysis by group.
#[derive(Debug, Default)]
pub struct Grouped {
    people: People,
    /// The sums of the groups of each dimension.
    pub sums: [Groups; DIMENSIONS],
    /// The number of responses of each group that were added or voided since the survey was closed.
    pub changed: [BTreeMap<String, i64>; DIMENSIONS],
}

impl Grouped {
    /// The covered responses of a survey that asks this many elements, all of them, since it was closed at `closed_at` (unix
    /// microseconds), if it is.
    pub async fn whole(
        txn: &Txn,
        covered: &Coverage,
        elements: usize,
        closed_at: Option<i64>,
    ) -> Result<Self, Failure> {
        let moved = match closed_at {
            Some(at) => responses_changed(txn, covered, at).await?,
            None => Vec::new(),
        };
        let people = people(txn, covered, elements, &moved).await?;
        Ok(Self {
            sums: people.sums(people.all()),
            changed: by_group(&moved),
            people,
        })
    }

    /// Those in the groups that may be shown beside these totals, while the survey is open.
    pub async fn cut(
        txn: &Txn,
        covered: &Coverage,
        elements: usize,
        totals: impl FnOnce(usize) -> Vec<Total>,
        distances: &Distances,
    ) -> Result<Self, Failure> {
        let people = people(txn, covered, elements, &[]).await?;
        let totals = totals(people.order(false).len());
        Ok(Self {
            sums: people.sums(cuts::within(&people, &totals, distances).into_iter()),
            people,
            changed: Default::default(),
        })
    }

    /// The groups that must not be shown beside these totals and each other, when `publish` chooses those of a dimension that
    /// are shown without some of them. Figures differ by `minimum` people or not at all.
    pub fn withheld(
        &self,
        totals: &[Total],
        minimum: usize,
        publish: impl Fn(usize, &BTreeSet<String>) -> Dimension,
    ) -> [BTreeSet<String>; DIMENSIONS] {
        let mut withheld: [BTreeSet<String>; DIMENSIONS] = Default::default();
        let codes: [Vec<(&str, u32)>; DIMENSIONS] = std::array::from_fn(|at| self.people.codes(at));
        loop {
            let mut shown: [Vec<u32>; DIMENSIONS] = Default::default();
            for (at, (shown, codes)) in shown.iter_mut().zip(&codes).enumerate() {
                let none = BTreeSet::new();
                let dimension = publish(at, withheld.get(at).unwrap_or(&none));
                let groups = dimension.groups.iter().filter(|group| group.sums.is_some());
                let known = |key: &str| codes.iter().find(|(code, _)| *code == key);
                shown.extend(
                    groups
                        .filter_map(|group| known(&group.key))
                        .map(|(_, group)| *group),
                );
            }
            let Some((at, group)) = nearby::next_withheld(&self.people, totals, &shown, minimum) else {
                return withheld;
            };
            let code = codes
                .get(at)
                .and_then(|codes| codes.iter().find(|(_, known)| *known == group));
            if let (Some(withheld), Some((code, _))) = (withheld.get_mut(at), code) {
                withheld.insert((*code).to_owned());
            }
        }
    }
}

/// Reads the covered responses in one pass, with one page of them in memory at a time; voided ones among `moved` are strangers.
async fn people(
    txn: &Txn,
    covered: &Coverage,
    elements: usize,
    moved: &[Answered],
) -> Result<People, Failure> {
    let mut voided: Vec<&Answered> = moved.iter().filter(|response| response.is_voided()).collect();
    voided.sort_by(|a, b| b.response_id.cmp(&a.response_id));
    let mut people = People::none(elements);
    let mut after = String::new();
    let stranger = |response: &Answered| (response.batch, response.queue());
    loop {
        let page = responses_page(txn, covered, &after).await?;
        for response in &page {
            while let Some(before) = voided.pop_if(|voided| voided.response_id < response.response_id) {
                people.add_stranger(stranger(before));
            }
            match covered.is_in_order() && response.queue() != Queue::Own {
                true => people.add_stranger(stranger(response)),
                false => people.add(stranger(response), codes(response), &response.answers),
            }
        }
        match page.into_iter().next_back() {
            Some(last) => after = last.response_id,
            None => break,
        }
    }
    voided
        .into_iter()
        .rev()
        .for_each(|left| people.add_stranger(stranger(left)));
    Ok(people)
}

/// Number of these responses by group.
fn by_group(responses: &[Answered]) -> [BTreeMap<String, i64>; DIMENSIONS] {
    let mut dimensions: [BTreeMap<String, i64>; DIMENSIONS] = Default::default();
    for response in responses {
        for (groups, code) in dimensions.iter_mut().zip(codes(response)) {
            *groups.entry(code.to_owned()).or_default() += 1;
        }
    }
    dimensions
}

/// The code of a response in each dimension: sex, age group, education, occupation, channel, hour band, service.
fn codes(r: &Answered) -> [&str; DIMENSIONS] {
    [
        &r.sex,
        &r.age_group,
        &r.education,
        &r.occupation,
        &r.channel,
        &r.hour_band,
        &r.service,
    ]
    .map(|code| code.as_deref().unwrap_or_default())
}
