//! The interval of a rank taken alone: simulated tables around the estimates, and of the ranks of each subject in them the
//! middle part.

use super::estimate::{Estimate, Interval, position};
use super::normal::Normals;

/// The interval of each subject.
pub fn intervals(estimates: &[Estimate], percent: u32, draws: usize, seed: u64) -> Vec<Interval> {
    let mut normals = Normals::new(seed);
    let mut deviates = vec![0.0; estimates.len()];
    let mut ranks = vec![Vec::with_capacity(draws); estimates.len()];
    for _ in 0..draws {
        normals.fill(&mut deviates);
        let values = estimates.iter().zip(&deviates);
        let values = values.map(|(own, deviate)| own.value() + own.error() * deviate);
        let mut drawn: Vec<(f64, &mut Vec<u16>)> = values.zip(&mut ranks).collect();
        drawn.sort_unstable_by(|(one, _), (other, _)| other.total_cmp(one));
        let mut above: Option<(f64, u16)> = None;
        for (rank, (value, of_subject)) in (1..).zip(drawn) {
            let rank = above
                .filter(|(other, _)| *other == value)
                .map_or(rank, |(_, rank)| rank);
            of_subject.push(rank);
            above = Some((value, rank));
        }
    }
    let percent = percent as usize;
    let (least, most) = (position(draws, 100 - percent), position(draws, 100 + percent));
    let mut values: Vec<f64> = estimates.iter().map(Estimate::value).collect();
    values.sort_unstable_by(|one, other| other.total_cmp(one));
    let interval = |(own, mut ranks): (&Estimate, Vec<u16>)| {
        ranks.sort_unstable();
        let end = |at: usize| ranks.get(at).map_or(1, |rank| usize::from(*rank));
        let observed = 1 + values.partition_point(|value| *value > own.value());
        Interval {
            from: end(least),
            to: end(most),
        }
        .with(observed)
    };
    estimates.iter().zip(ranks).map(interval).collect()
}
