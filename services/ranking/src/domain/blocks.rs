//! An ordered set that finds items by position: sorted blocks, with the size of each kept beside them.
//!
//! `indexset::BTreeSet`, which with small nodes is as fast, does not fit: it reserves a whole node for every set, and
//! there is a set for every metric, period, unit type and province, most with a dozen members; it finds a position
//! only by a whole item, while a rank is looked up by value; and it keeps blocks that removals have almost emptied.

use std::cmp::Ordering;

/// Blocks whose sizes are also kept as one sum, so that a position in a large set does not add up thousands of sizes.
const GROUP: usize = 64;

/// Ordered set in blocks of at most `MAX` items. Finding, adding and removing cost a binary search and a move within
/// one block; a position costs a sum over the sizes of the blocks before.
///
/// The order is that of the closures that its methods take, since items are compared by what is stored elsewhere.
#[derive(Debug, Clone)]
pub(super) struct Blocks<T, const MAX: usize> {
    /// No block is empty.
    blocks: Vec<Vec<T>>,
    /// The last item of each block, stored contiguously: otherwise each step of the search for a block would miss the
    /// cache.
    lasts: Vec<T>,
    /// The size of each block, stored contiguously so that summing them is fast.
    sizes: Vec<u32>,
    /// The number of items in each `GROUP` of blocks.
    groups: Vec<u32>,
    len: usize,
}

impl<T, const MAX: usize> Default for Blocks<T, MAX> {
    fn default() -> Self {
        Self {
            blocks: Vec::new(),
            lasts: Vec::new(),
            sizes: Vec::new(),
            groups: Vec::new(),
            len: 0,
        }
    }
}

impl<T: Copy, const MAX: usize> Blocks<T, MAX> {
    /// Number of items.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Number of leading items for which `before` is true. `before` must be false for every item after the first for
    /// which it is false.
    pub(super) fn position(&self, before: impl Fn(&T) -> bool) -> usize {
        let (block, within) = self.locate(before);
        let group = block / GROUP;
        let groups: u32 = self.groups.iter().take(group).sum();
        let sizes: u32 = self.sizes.iter().take(block).skip(group * GROUP).sum();
        (groups + sizes) as usize + within
    }

    /// Adds an item; false when the set already contained it. `order` compares another item with it.
    pub(super) fn insert(&mut self, item: T, order: impl Fn(&T) -> Ordering) -> bool {
        let (mut at, mut within) = self.locate(|other| order(other).is_lt());
        if at == self.blocks.len() {
            // The item is greater than all others and goes to the end of the last block.
            at = at.saturating_sub(1);
            within = self.blocks.last().map_or(0, Vec::len);
        }
        let Some(block) = self.blocks.get_mut(at) else {
            self.insert_block(0, vec![item]);
            self.len = 1;
            return true;
        };
        if block.get(within).is_some_and(|other| order(other).is_eq()) {
            return false;
        }
        self.len += 1;
        // A full block is split before it grows: otherwise it would keep room for twice `MAX` items.
        if block.len() == MAX {
            let tail = block.split_off(MAX / 2);
            let left = block.len();
            self.update_bounds(at, true);
            self.insert_block(at + 1, tail);
            if within > left {
                (at, within) = (at + 1, within - left);
            }
        }
        if let Some(block) = self.blocks.get_mut(at) {
            block.insert(within, item);
            let at_end = within + 1 == block.len();
            self.update_bounds(at, at_end);
        }
        true
    }

    /// Removes an item; false when the set did not contain it. `order` compares another item with it.
    pub(super) fn remove(&mut self, order: impl Fn(&T) -> Ordering) -> bool {
        let (at, within) = self.locate(|other| order(other).is_lt());
        let Some(block) = self.blocks.get_mut(at) else {
            return false;
        };
        if !block.get(within).is_some_and(|other| order(other).is_eq()) {
            return false;
        }
        block.remove(within);
        self.len -= 1;
        let left = block.len();
        let at_end = within == left;
        self.update_bounds(at, at_end);
        if left == 0 {
            self.remove_block(at);
        } else if left <= MAX / 4 {
            self.merge(at);
        }
        true
    }

    /// The items from position `offset`, in order.
    pub(super) fn iter_from(&self, offset: usize) -> impl Iterator<Item = &T> {
        let mut skip = offset;
        let mut first = 0;
        for &size in &self.groups {
            if skip < size as usize {
                break;
            }
            skip -= size as usize;
            first += GROUP;
        }
        for &size in self.sizes.iter().skip(first) {
            if skip < size as usize {
                break;
            }
            skip -= size as usize;
            first += 1;
        }
        self.blocks.iter().skip(first).flatten().skip(skip)
    }

    /// Index of the block, and index within it, of the first item for which `before` is false; one block past the end
    /// when there is none.
    fn locate(&self, before: impl Fn(&T) -> bool) -> (usize, usize) {
        let at = self.lasts.partition_point(&before);
        (
            at,
            self.blocks
                .get(at)
                .map_or(0, |block| block.partition_point(before)),
        )
    }

    /// Merges a block with its neighbour when both fit into half a block, so that the next insertions do not split it
    /// again at once.
    fn merge(&mut self, at: usize) {
        let fits = |left: usize| match (self.sizes.get(left), self.sizes.get(left + 1)) {
            (Some(a), Some(b)) => (a + b) as usize <= MAX / 2,
            _ => false,
        };
        let left = match at.checked_sub(1) {
            Some(previous) if fits(previous) => previous,
            _ if fits(at) => at,
            _ => return,
        };
        let mut tail = self.remove_block(left + 1);
        if let Some(block) = self.blocks.get_mut(left) {
            block.append(&mut tail);
        }
        self.update_bounds(left, true);
    }

    /// Adds a block that is not empty.
    fn insert_block(&mut self, at: usize, block: Vec<T>) {
        if let Some(last) = block.last() {
            self.lasts.insert(at, *last);
            self.sizes.insert(at, size(&block));
            self.blocks.insert(at, block);
            self.update_groups(at);
        }
    }

    /// Removes a block and returns its items.
    fn remove_block(&mut self, at: usize) -> Vec<T> {
        self.lasts.remove(at);
        self.sizes.remove(at);
        let block = self.blocks.remove(at);
        self.update_groups(at);
        block
    }

    /// Updates the stored size of a block that has changed, and with `new_last` its stored last item.
    fn update_bounds(&mut self, at: usize, new_last: bool) {
        let Some(block) = self.blocks.get(at) else { return };
        if let (Some(stored), Some(group)) = (self.sizes.get_mut(at), self.groups.get_mut(at / GROUP)) {
            let now = size(block);
            *group = *group - *stored + now;
            *stored = now;
        }
        if let (true, Some(stored), Some(last)) = (new_last, self.lasts.get_mut(at), block.last()) {
            *stored = *last;
        }
    }

    /// Adds up the groups again from that of a block which was added or removed: all later blocks have moved.
    fn update_groups(&mut self, at: usize) {
        let first = at / GROUP;
        self.groups.truncate(first);
        let later = self.sizes.chunks(GROUP).skip(first);
        self.groups.extend(later.map(|sizes| sizes.iter().sum::<u32>()));
    }
}

/// The size of a block, which is at most `MAX`.
fn size<T>(block: &[T]) -> u32 {
    u32::try_from(block.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    impl<T: Copy + PartialEq + std::fmt::Debug, const MAX: usize> Blocks<T, MAX> {
        fn check(&self) {
            assert_eq!(self.blocks.len(), self.sizes.len());
            assert_eq!(self.blocks.len(), self.lasts.len());
            for ((block, size), last) in self.blocks.iter().zip(&self.sizes).zip(&self.lasts) {
                assert_eq!(block.last(), Some(last));
                assert_eq!(block.len(), *size as usize);
                assert!((1..=MAX).contains(&block.len()));
                assert!(
                    block.capacity() <= MAX.next_power_of_two().max(4),
                    "room for {}",
                    block.capacity()
                );
            }
            let groups = self.sizes.chunks(GROUP).map(|sizes| sizes.iter().sum::<u32>());
            assert!(self.groups.iter().copied().eq(groups));
            assert_eq!(self.len, self.blocks.iter().map(Vec::len).sum::<usize>());
        }
    }

    fn agree<const MAX: usize>(edits: &[(bool, u16)]) {
        let mut blocks = Blocks::<u16, MAX>::default();
        let mut sorted: Vec<u16> = Vec::new();
        for &(add, item) in edits {
            match sorted.binary_search(&item) {
                Ok(at) if !add => {
                    sorted.remove(at);
                    assert!(blocks.remove(|other| other.cmp(&item)));
                }
                Err(at) if add => {
                    sorted.insert(at, item);
                    assert!(blocks.insert(item, |other| other.cmp(&item)));
                }
                Ok(_) => assert!(!blocks.insert(item, |other| other.cmp(&item))),
                Err(_) => assert!(!blocks.remove(|other| other.cmp(&item))),
            }
            blocks.check();
            let before = sorted.partition_point(|other| *other < item);
            assert_eq!(blocks.position(|other| *other < item), before);
            assert!(blocks.iter_from(before).eq(sorted.iter().skip(before)));
        }
        assert_eq!(blocks.len(), sorted.len());
        for offset in 0..=sorted.len() + 1 {
            assert!(blocks.iter_from(offset).eq(sorted.iter().skip(offset)));
        }
    }

    proptest! {
        #[test]
        fn blocks_agree_with_a_sorted_vec(edits in prop::collection::vec((any::<bool>(), 0..300u16), 0..400)) {
            agree::<2>(&edits);
            agree::<4>(&edits);
            agree::<9>(&edits);
            agree::<512>(&edits);
        }

        #[test]
        fn a_set_that_grew_and_shrank_keeps_few_blocks(keep in 1..40usize) {
            let mut blocks = Blocks::<u16, 8>::default();
            for item in 0..2000 {
                blocks.insert(item, |other| other.cmp(&item));
            }
            for item in 0..2000 {
                if usize::from(item) % 40 >= keep {
                    blocks.remove(|other| other.cmp(&item));
                }
            }
            blocks.check();
            // No two neighbours are both under a quarter full: they would have been merged.
            prop_assert!(blocks.blocks.len() <= blocks.len() / 2 + 2);
        }
    }
}
