//! Merkle trees by RFC 6962: their roots, and proofs that a leaf is in a tree or that one tree continues another.

use ct_merkle::{ConsistencyProof, InclusionProof, RootHash, mem_backed_tree::MemoryBackedTree};
use sha2::{Digest, Sha256, digest::Output};

use super::Hash;

/// A tree with all its leaves.
#[derive(Clone, Default)]
pub struct Tree(MemoryBackedTree<Sha256, Vec<u8>>);

impl std::fmt::Debug for Tree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tree({} leaves)", self.size())
    }
}

impl Tree {
    /// The tree of these leaves.
    pub fn of(leaves: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut tree = Self::default();
        leaves.into_iter().for_each(|leaf| tree.push(leaf));
        tree
    }

    /// Appends a leaf.
    pub fn push(&mut self, leaf: Vec<u8>) {
        self.0.push(leaf);
    }

    /// The leaves.
    pub fn leaves(&self) -> &[Vec<u8>] {
        self.0.items()
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.0.len()
    }

    /// The root; that of no leaves is the hash of nothing.
    pub fn root(&self) -> Hash {
        (*self.0.root().as_bytes()).into()
    }

    /// The proof that the leaf with this index is in the tree; `None` when there is no such leaf.
    pub fn inclusion(&self, index: u64) -> Option<Vec<Hash>> {
        let index = usize::try_from(index).ok().filter(|_| index < self.size())?;
        Some(hashes(self.0.prove_inclusion(index).as_bytes()))
    }

    /// The proof that the leaf with this index is the last one of the tree of the leaves up to it; `None` when there is no such leaf.
    /// What follows the leaf stands on the right of its path, so these are the hashes on the left, in which no later leaf is.
    pub fn inclusion_as_last(&self, index: u64) -> Option<Vec<Hash>> {
        let proof = self.inclusion(index)?;
        // RFC 9162, 2.1.3.2, tells on which side a hash stands.
        let (mut node, mut last) = (index, self.size() - 1);
        let mut left = Vec::new();
        for hash in proof {
            if node & 1 == 1 || node == last {
                left.push(hash);
                while node & 1 == 0 && node != 0 {
                    node >>= 1;
                    last >>= 1;
                }
            }
            node >>= 1;
            last >>= 1;
        }
        Some(left)
    }

    /// The proof that the tree continues its first `old` leaves; `None` when it has fewer. That of no leaves is empty.
    pub fn consistency(&self, old: u64) -> Option<Vec<Hash>> {
        let added = self.size().checked_sub(old)?;
        if old == 0 || added == 0 {
            return Some(Vec::new());
        }
        let proof = self.0.prove_consistency(usize::try_from(added).ok()?);
        Some(hashes(proof.as_bytes()))
    }
}

fn hashes(bytes: &[u8]) -> Vec<Hash> {
    bytes
        .chunks(32)
        .filter_map(|chunk| chunk.try_into().ok())
        .collect()
}

fn root(hash: &Hash, size: u64) -> RootHash<Sha256> {
    RootHash::new(Output::<Sha256>::from(*hash), size)
}

/// Hash of a leaf: SHA-256 of a zero byte and the leaf.
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    Sha256::new()
        .chain_update([0])
        .chain_update(leaf)
        .finalize()
        .into()
}

/// Hash of a node: SHA-256 of a byte one and the two hashes.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let node = Sha256::new().chain_update([1]).chain_update(left);
    node.chain_update(right).finalize().into()
}

/// Whether the proof shows that `leaf` has this index in the tree with this root and size.
pub fn is_included(leaf: &[u8], index: u64, (size, head): (u64, &Hash), proof: &[Hash]) -> bool {
    let Ok(proof) = InclusionProof::<Sha256>::try_from_bytes(proof.concat()) else {
        return false;
    };
    root(head, size).verify_inclusion(&leaf, index, &proof).is_ok()
}

/// Whether the proof shows that the newer tree continues the older one; both are a size and a root.
pub fn continues((old, old_root): (u64, &Hash), (new, new_root): (u64, &Hash), proof: &[Hash]) -> bool {
    if old == 0 {
        return proof.is_empty() && *old_root == empty_root();
    }
    let Ok(proof) = ConsistencyProof::<Sha256>::try_from_bytes(proof.concat()) else {
        return false;
    };
    let (old, new) = (root(old_root, old), root(new_root, new));
    new.verify_consistency(&old, &proof).is_ok()
}

/// The root of a tree without leaves.
pub fn empty_root() -> Hash {
    Sha256::digest(b"").into()
}
