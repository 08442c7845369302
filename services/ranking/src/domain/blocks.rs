//! An ordered set that knows positions: sorted blocks, with the size of each kept apart.
//!
//! Why not `indexset::BTreeSet`, which with small nodes is as fast: it reserves a whole node for every set, and there
//! is a set for every metric, period, unit type and province, most with a dozen members; it asks for a position only
//! by a whole item, while a rank is asked for by value; and it keeps blocks that removals have all but emptied.

/// Ordered set of blocks of at most `MAX` items. Finding, adding and removing cost a binary search and a move
/// within one block; a position costs a sum over the sizes of the blocks before.
#[derive(Debug, Clone)]
pub(super) struct Blocks<T, const MAX: usize> {
    /// Never an empty block among them.
    blocks: Vec<Vec<T>>,
    /// The last item of each block, side by side: the search for the block would else miss the cache at each step.
    lasts: Vec<T>,
    /// The size of each block, side by side so that summing them is fast.
    sizes: Vec<u32>,
    len: usize,
}

impl<T, const MAX: usize> Default for Blocks<T, MAX> {
    fn default() -> Self {
        Self {
            blocks: Vec::new(),
            lasts: Vec::new(),
            sizes: Vec::new(),
            len: 0,
        }
    }
}

impl<T: Ord + Clone, const MAX: usize> Blocks<T, MAX> {
    /// Number of items.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Number of items at the front for which `before` holds; it must hold for no item after one for which it
    /// does not.
    pub(super) fn position(&self, before: impl Fn(&T) -> bool) -> usize {
        let (block, within) = self.locate(before);
        let whole: u32 = self.sizes.iter().take(block).sum();
        whole as usize + within
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
            self.put(0, vec![item]);
            self.len = 1;
            return true;
        };
        if block.get(within) == Some(&item) {
            return false;
        }
        block.insert(within, item);
        self.len += 1;
        let at_end = within + 1 == block.len();
        let tail = (block.len() > MAX).then(|| block.split_off(block.len() / 2));
        self.note(at, at_end || tail.is_some());
        if let Some(tail) = tail {
            self.put(at + 1, tail);
        }
        true
    }

    /// Removes an item; false when it was not there.
    pub(super) fn remove(&mut self, item: &T) -> bool {
        let (at, within) = self.locate(|other| other < item);
        let Some(block) = self.blocks.get_mut(at) else {
            return false;
        };
        if block.get(within) != Some(item) {
            return false;
        }
        block.remove(within);
        self.len -= 1;
        let left = block.len();
        let at_end = within == left;
        self.note(at, at_end);
        if left == 0 {
            self.cut(at);
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
        let at = self.lasts.partition_point(&before);
        (
            at,
            self.blocks
                .get(at)
                .map_or(0, |block| block.partition_point(before)),
        )
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
        let mut tail = self.cut(left + 1);
        if let Some(block) = self.blocks.get_mut(left) {
            block.append(&mut tail);
        }
        self.note(left, true);
    }

    /// Adds a block, not empty.
    fn put(&mut self, at: usize, block: Vec<T>) {
        if let Some(last) = block.last() {
            self.lasts.insert(at, last.clone());
            self.sizes.insert(at, size(&block));
            self.blocks.insert(at, block);
        }
    }

    /// Takes a block out.
    fn cut(&mut self, at: usize) -> Vec<T> {
        self.lasts.remove(at);
        self.sizes.remove(at);
        self.blocks.remove(at)
    }

    /// Notes the size of a block that has changed, and its last item when that is another.
    fn note(&mut self, at: usize, new_last: bool) {
        let Some(block) = self.blocks.get(at) else { return };
        if let Some(noted) = self.sizes.get_mut(at) {
            *noted = size(block);
        }
        if let (true, Some(noted), Some(last)) = (new_last, self.lasts.get_mut(at), block.last()) {
            *noted = last.clone();
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

    impl<T: Ord + Clone + std::fmt::Debug, const MAX: usize> Blocks<T, MAX> {
        fn check(&self) {
            assert_eq!(self.blocks.len(), self.sizes.len());
            assert_eq!(self.blocks.len(), self.lasts.len());
            for ((block, size), last) in self.blocks.iter().zip(&self.sizes).zip(&self.lasts) {
                assert_eq!(block.last(), Some(last));
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
