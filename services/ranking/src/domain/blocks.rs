//! An ordered set that knows positions: sorted blocks, with the size of each kept apart.
//!
//! Why not a crate: `indexset::BTreeSet` reserves 1024 places for every set, and there is a set for every metric,
//! period, unit type and province, most with a dozen members; nor does it join blocks that removals have emptied.

/// Ordered set of blocks of at most `MAX` items. Finding, adding and removing cost a binary search and a move
/// within one block; a position costs a sum over the sizes of the blocks before.
#[derive(Debug, Clone)]
pub(super) struct Blocks<T, const MAX: usize> {
    /// Never an empty block among them.
    blocks: Vec<Vec<T>>,
    /// Size of each block, side by side so that summing them is fast.
    sizes: Vec<u32>,
    len: usize,
}

impl<T, const MAX: usize> Default for Blocks<T, MAX> {
    fn default() -> Self {
        Self { blocks: Vec::new(), sizes: Vec::new(), len: 0 }
    }
}

impl<T: Ord, const MAX: usize> Blocks<T, MAX> {
    /// Number of items.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Number of items at the front for which `before` holds; it must hold for no item after one for which it
    /// does not.
    pub(super) fn position(&self, before: impl Fn(&T) -> bool) -> usize {
        let (block, within) = self.locate(before);
        self.start(block) + within
    }

    /// Adds an item; false when it was there.
    pub(super) fn insert(&mut self, item: T) -> bool {
        let (mut at, mut within) = self.locate(|other| *other < item);
        if at == self.blocks.len() {
            // Greater than all: it goes at the end of the last block.
            at = at.saturating_sub(1);
            within = self.blocks.last().map_or(0, Vec::len);
        }
        let Some(block) = self.blocks.get_mut(at) else {
            self.blocks.push(vec![item]);
            self.sizes.push(1);
            self.len = 1;
            return true;
        };
        if block.get(within) == Some(&item) {
            return false;
        }
        block.insert(within, item);
        self.len += 1;
        if block.len() > MAX {
            let tail = block.split_off(block.len() / 2);
            self.sizes.insert(at + 1, size(&tail));
            self.blocks.insert(at + 1, tail);
        }
        self.resize(at);
        true
    }

    /// Removes an item; false when it was not there.
    pub(super) fn remove(&mut self, item: &T) -> bool {
        let (at, within) = self.locate(|other| other < item);
        let Some(block) = self.blocks.get_mut(at) else { return false };
        if block.get(within) != Some(item) {
            return false;
        }
        block.remove(within);
        self.len -= 1;
        let left = block.len();
        self.resize(at);
        if left == 0 {
            self.blocks.remove(at);
            self.sizes.remove(at);
        } else if left <= MAX / 4 {
            self.join(at);
        }
        true
    }

    /// The items from position `offset` on, in order.
    pub(super) fn iter_from(&self, offset: usize) -> impl Iterator<Item = &T> {
        let mut skip = offset;
        let mut first = 0;
        for &size in &self.sizes {
            if skip < size as usize {
                break;
            }
            skip -= size as usize;
            first += 1;
        }
        self.blocks.iter().skip(first).flatten().skip(skip)
    }

    /// Block and place within it of the first item for which `before` does not hold; one block past the end when
    /// it holds for all.
    fn locate(&self, before: impl Fn(&T) -> bool) -> (usize, usize) {
        let at = self.blocks.partition_point(|block| block.last().is_some_and(&before));
        (at, self.blocks.get(at).map_or(0, |block| block.partition_point(before)))
    }

    /// Number of items in the blocks before this one.
    fn start(&self, block: usize) -> usize {
        let before: u32 = self.sizes.iter().take(block).sum();
        before as usize
    }

    /// Joins a block with its neighbour when both fit into half a block, so that the next insertions do not split
    /// it again at once.
    fn join(&mut self, at: usize) {
        let fits = |left: usize| match (self.sizes.get(left), self.sizes.get(left + 1)) {
            (Some(a), Some(b)) => (a + b) as usize <= MAX / 2,
            _ => false,
        };
        let left = match at.checked_sub(1) {
            Some(previous) if fits(previous) => previous,
            _ if fits(at) => at,
            _ => return,
        };
        let mut tail = self.blocks.remove(left + 1);
        self.sizes.remove(left + 1);
        if let Some(block) = self.blocks.get_mut(left) {
            block.append(&mut tail);
        }
        self.resize(left);
    }

    fn resize(&mut self, at: usize) {
        if let (Some(kept), Some(block)) = (self.sizes.get_mut(at), self.blocks.get(at)) {
            *kept = size(block);
        }
    }
}

/// A block's size: at most `MAX + 1`, so that it always fits.
fn size<T>(block: &[T]) -> u32 {
    u32::try_from(block.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    impl<T: Ord, const MAX: usize> Blocks<T, MAX> {
        fn check(&self) {
            assert_eq!(self.blocks.len(), self.sizes.len());
            for (block, size) in self.blocks.iter().zip(&self.sizes) {
                assert_eq!(block.len(), *size as usize);
                assert!((1..=MAX).contains(&block.len()));
            }
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
                    assert!(blocks.remove(&item));
                }
                Err(at) if add => {
                    sorted.insert(at, item);
                    assert!(blocks.insert(item));
                }
                Ok(_) => assert!(!blocks.insert(item)),
                Err(_) => assert!(!blocks.remove(&item)),
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
        fn blocks_agree_with_a_sorted_vec(edits in prop::collection::vec((any::<bool>(), 0..60u16), 0..300)) {
            agree::<2>(&edits);
            agree::<4>(&edits);
            agree::<9>(&edits);
            agree::<512>(&edits);
        }

        #[test]
        fn a_set_that_grew_and_shrank_keeps_few_blocks(keep in 1..40usize) {
            let mut blocks = Blocks::<u16, 8>::default();
            for item in 0..2000 {
                blocks.insert(item);
            }
            for item in 0..2000 {
                if usize::from(item) % 40 >= keep {
                    blocks.remove(&item);
                }
            }
            blocks.check();
            // No two neighbours are both under a quarter full: then they would have been joined.
            prop_assert!(blocks.blocks.len() <= blocks.len() / 2 + 2);
        }
    }
}
