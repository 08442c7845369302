//! An ordered set that finds items by position: sorted blocks, with the size of each kept beside them.
//!
//! `indexset::BTreeSet`, which with small nodes is as fast, does not fit: it reserves a whole node for every set, and
//! there is a set for every metric, period, unit type and province, most with a dozen members; it finds a position
//! only by a whole item, while a rank is looked up by value; and it keeps blocks that removals have almost emptied.

/// Blocks whose sizes are also kept as one sum, so that a position in a large set does not add up thousands of sizes.
const GROUP: usize = 64;

/// Ordered set in blocks of at most `MAX` items. Finding, adding and removing cost a binary search and a move within
/// one block; a position costs a sum over the sizes of the blocks before.
///
/// The order is that of the closures that its methods take, since items are compared by what is stored elsewhere: whether
/// another item comes before the given one, and whether it is the same.
#[derive(Debug, Clone)]
pub(super) struct Blocks<T, const MAX: usize> {
    blocks: Vec<Block<T>>,
    /// The number of items in each `GROUP` of blocks; empty while there is one group.
    groups: Vec<u32>,
    len: usize,
}

/// A block, which is not empty.
#[derive(Debug, Clone)]
struct Block<T> {
    /// The last item, stored beside those of the other blocks: otherwise each step of the search for a block would miss
    /// the cache.
    last: T,
    items: Vec<T>,
}

impl<T, const MAX: usize> Default for Blocks<T, MAX> {
    fn default() -> Self {
        Self {
            blocks: Vec::new(),
            groups: Vec::new(),
            len: 0,
        }
    }
}

impl<T: Copy, const MAX: usize> Blocks<T, MAX> {
    /// A set of these items, which are distinct and in order.
    pub(super) fn from_sorted(items: &[T]) -> Self {
        // With room for the next ones, unless one block is enough: most sets are small.
        let size = if items.len() <= MAX { MAX } else { MAX * 3 / 4 };
        let block = |items: &[T]| {
            let last = *items.last()?;
            // A room that doubles to that of a full block.
            let mut block = Vec::with_capacity(items.len().next_power_of_two().min(MAX));
            block.extend_from_slice(items);
            Some(Block { last, items: block })
        };
        let mut set = Self {
            blocks: items.chunks(size.max(1)).filter_map(block).collect(),
            groups: Vec::new(),
            len: items.len(),
        };
        set.update_groups(0);
        set
    }

    /// Number of items.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Number of leading items for which `before` is true. `before` must be false for every item after the first for
    /// which it is false.
    pub(super) fn position(&self, before: impl Fn(&T) -> bool) -> usize {
        let (block, within) = self.locate(before);
        // Without groups, all blocks are added up.
        let group = (block / GROUP).min(self.groups.len());
        let groups: u32 = self.groups.iter().take(group).sum();
        let blocks = self.blocks.iter().take(block).skip(group * GROUP);
        groups as usize + blocks.map(|block| block.items.len()).sum::<usize>() + within
    }

    /// Adds an item; false when the set already contained it.
    pub(super) fn insert(
        &mut self,
        item: T,
        before: impl Fn(&T) -> bool,
        is_same: impl Fn(&T) -> bool,
    ) -> bool {
        let (mut at, mut within) = self.locate(before);
        if at == self.blocks.len() {
            // The item is greater than all others and goes to the end of the last block.
            at = at.saturating_sub(1);
            within = self.blocks.last().map_or(0, |block| block.items.len());
        }
        let Some(block) = self.blocks.get_mut(at) else {
            self.insert_block(0, vec![item]);
            self.len = 1;
            return true;
        };
        if block.items.get(within).is_some_and(is_same) {
            return false;
        }
        self.len += 1;
        // A full block is split before it grows: otherwise it would keep room for twice `MAX` items.
        if block.items.len() == MAX {
            let tail = block.items.split_off(MAX / 2);
            let left = block.items.len();
            block.update_last();
            self.insert_block(at + 1, tail);
            if within > left {
                (at, within) = (at + 1, within - left);
            }
        }
        if let Some(block) = self.blocks.get_mut(at) {
            block.items.insert(within, item);
            block.update_last();
        }
        if let Some(group) = self.groups.get_mut(at / GROUP) {
            *group += 1;
        }
        true
    }

    /// Removes an item; false when the set did not contain it.
    pub(super) fn remove(&mut self, before: impl Fn(&T) -> bool, is_same: impl Fn(&T) -> bool) -> bool {
        let (at, within) = self.locate(before);
        let Some(block) = self.blocks.get_mut(at) else {
            return false;
        };
        if !block.items.get(within).is_some_and(is_same) {
            return false;
        }
        block.items.remove(within);
        block.update_last();
        let left = block.items.len();
        self.len -= 1;
        if let Some(group) = self.groups.get_mut(at / GROUP) {
            *group -= 1;
        }
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
        for block in self.blocks.iter().skip(first) {
            if skip < block.items.len() {
                break;
            }
            skip -= block.items.len();
            first += 1;
        }
        let blocks = self.blocks.iter().skip(first);
        blocks.flat_map(|block| &block.items).skip(skip)
    }

    /// Index of the block, and index within it, of the first item for which `before` is false; one block past the end
    /// when there is none.
    fn locate(&self, before: impl Fn(&T) -> bool) -> (usize, usize) {
        let at = self.blocks.partition_point(|block| before(&block.last));
        let items = self.blocks.get(at).map(|block| &block.items);
        (at, items.map_or(0, |items| items.partition_point(before)))
    }

    /// Merges a block with its neighbour when both fit into half a block, so that the next insertions do not split it
    /// again at once.
    fn merge(&mut self, at: usize) {
        let size = |at: usize| self.blocks.get(at).map(|block| block.items.len());
        let fits = |left: usize| match (size(left), size(left + 1)) {
            (Some(a), Some(b)) => a + b <= MAX / 2,
            _ => false,
        };
        let left = match at.checked_sub(1) {
            Some(previous) if fits(previous) => previous,
            _ if fits(at) => at,
            _ => return,
        };
        let mut tail = self.blocks.remove(left + 1);
        if let Some(block) = self.blocks.get_mut(left) {
            block.items.append(&mut tail.items);
            block.update_last();
        }
        self.update_groups(left);
    }

    /// Adds a block that is not empty.
    fn insert_block(&mut self, at: usize, items: Vec<T>) {
        if let Some(last) = items.last().copied() {
            self.blocks.insert(at, Block { last, items });
            self.update_groups(at.saturating_sub(1));
        }
    }

    fn remove_block(&mut self, at: usize) {
        self.blocks.remove(at);
        self.update_groups(at);
    }

    /// Adds up the groups again from that of a block which has changed: all later blocks have moved.
    fn update_groups(&mut self, at: usize) {
        let first = (at / GROUP).min(self.groups.len());
        self.groups.truncate(first);
        if self.blocks.len() > GROUP {
            let later = self.blocks.chunks(GROUP).skip(first);
            self.groups.extend(later.map(sum));
        } else {
            self.groups.clear();
        }
    }
}

impl<T: Copy> Block<T> {
    fn update_last(&mut self) {
        if let Some(last) = self.items.last() {
            self.last = *last;
        }
    }
}

/// The number of items in these blocks.
fn sum<T>(blocks: &[Block<T>]) -> u32 {
    let sum = blocks.iter().map(|block| block.items.len()).sum::<usize>();
    u32::try_from(sum).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    impl<T: Copy + PartialEq + std::fmt::Debug, const MAX: usize> Blocks<T, MAX> {
        fn check(&self) {
            for Block { last, items } in &self.blocks {
                assert_eq!(items.last(), Some(last));
                assert!((1..=MAX).contains(&items.len()));
                let room = MAX.next_power_of_two().max(4);
                assert!(items.capacity() <= room, "room for {}", items.capacity());
            }
            let groups = self.blocks.chunks(GROUP).map(sum).collect::<Vec<_>>();
            let is_one = self.blocks.len() <= GROUP;
            assert_eq!(self.groups, if is_one { Vec::new() } else { groups });
            let all = self.blocks.iter().map(|block| block.items.len());
            assert_eq!(self.len, all.sum::<usize>());
        }
    }

    fn agree<const MAX: usize>(edits: &[(bool, u16)]) {
        let mut blocks = Blocks::<u16, MAX>::default();
        let mut sorted: Vec<u16> = Vec::new();
        for &(add, item) in edits {
            match sorted.binary_search(&item) {
                Ok(at) if !add => {
                    sorted.remove(at);
                    assert!(blocks.remove(|other| *other < item, |other| *other == item));
                }
                Err(at) if add => {
                    sorted.insert(at, item);
                    assert!(blocks.insert(item, |other| *other < item, |other| *other == item));
                }
                Ok(_) => assert!(!blocks.insert(item, |other| *other < item, |other| *other == item)),
                Err(_) => assert!(!blocks.remove(|other| *other < item, |other| *other == item)),
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
        let mut at_once = Blocks::<u16, MAX>::from_sorted(&sorted);
        at_once.check();
        assert!(at_once.iter_from(0).eq(&sorted));
        assert!(at_once.insert(1000, |other| *other < 1000, |other| *other == 1000));
        at_once.check();
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
                blocks.insert(item, |other| *other < item, |other| *other == item);
            }
            for item in 0..2000 {
                if usize::from(item) % 40 >= keep {
                    blocks.remove(|other| *other < item, |other| *other == item);
                }
            }
            blocks.check();
            // No two neighbours are both under a quarter full: they would have been merged.
            prop_assert!(blocks.blocks.len() <= blocks.len() / 2 + 2);
        }
    }
}
