//! Shapley values of a game whose values are whole numbers.

use num_bigint::BigInt;
use prima_platform::number::Rational;

/// The value of the empty set and that of all `players` together, and the Shapley value of each player. `value` is called once
/// for each set of players, a bit for each.
pub(super) fn values(players: usize, value: impl Fn(u32) -> usize) -> ([usize; 2], Vec<Rational>) {
    let all = (1_u32 << players) - 1;
    let values: Vec<i64> = (0..=all)
        .map(|set| i64::try_from(value(set)).unwrap_or(i64::MAX))
        .collect();
    let of = |set: u32| values.get(set as usize).copied().unwrap_or_default();
    // A set of `size` players precedes a player in `size! (players - size - 1)!` of the `players!` orders.
    let factorials: Vec<BigInt> = (0..=players)
        .scan(BigInt::from(1), |product, n| {
            if n > 0 {
                *product *= n;
            }
            Some(product.clone())
        })
        .collect();
    let share = |player: usize| {
        let mut by_size = vec![0_i64; players];
        for set in (0..=all).filter(|set| set & (1 << player) == 0) {
            if let Some(sum) = by_size.get_mut(set.count_ones() as usize) {
                *sum += of(set | (1 << player)) - of(set);
            }
        }
        let orders = |size: usize| Some(factorials.get(size)? * factorials.get(players - size - 1)?);
        let sum: BigInt = by_size
            .into_iter()
            .enumerate()
            .filter_map(|(size, sum)| Some(orders(size)? * sum))
            .sum();
        Rational::new(sum, factorials.last().cloned().unwrap_or_else(|| BigInt::from(1)))
    };
    let ends = [of(0), of(all)].map(|rank| usize::try_from(rank).unwrap_or_default());
    (ends, (0..players).map(share).collect())
}

#[cfg(test)]
mod tests {
    use prima_platform::number;
    use proptest::prelude::*;

    use super::*;

    /// The same by its definition: what each player adds, over all orders.
    fn over_all_orders(players: usize, value: &dyn Fn(u32) -> usize) -> Vec<Rational> {
        fn orders(left: &mut Vec<usize>, done: &mut Vec<usize>, each: &mut dyn FnMut(&[usize])) {
            if left.is_empty() {
                each(done);
            }
            for at in 0..left.len() {
                let player = left.remove(at);
                done.push(player);
                orders(left, done, each);
                done.pop();
                left.insert(at, player);
            }
        }
        let (mut sums, mut count) = (vec![0_i64; players], 0_i64);
        orders(&mut (0..players).collect(), &mut Vec::new(), &mut |order| {
            count += 1;
            let mut set = 0;
            for player in order {
                let before = i64::try_from(value(set)).unwrap();
                set |= 1 << player;
                sums[*player] += i64::try_from(value(set)).unwrap() - before;
            }
        });
        sums.into_iter()
            .map(|sum| number::whole(sum) / number::whole(count))
            .collect()
    }

    proptest! {
        #[test]
        fn a_share_is_the_mean_over_all_orders(players in 0..=5_usize, ranks in prop::collection::vec(1..9_usize, 32)) {
            let value = |set: u32| ranks[set as usize];
            let (ends, shares) = values(players, value);
            prop_assert_eq!(ends, [ranks[0], ranks[(1 << players) - 1]]);
            prop_assert_eq!(shares, over_all_orders(players, &value));
        }
    }
}
