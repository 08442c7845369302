//! Tables whose members are sorted once, after many states were applied.

use super::LeagueTables;

impl LeagueTables {
    /// Leaves the tables without the states that are applied from now on, until [`LeagueTables::arrange`]. Until then nobody
    /// may read them.
    pub fn defer(&mut self) {
        self.tables.defer();
    }

    /// Puts the members of all tables in order, if that was deferred.
    pub fn arrange(&mut self) {
        if !self.tables.is_deferred() {
            return;
        }
        let mut members = Vec::new();
        members.resize_with(self.tables.len(), Vec::new);
        for (id, member) in (0..).zip(&self.members) {
            for score in &member.scores {
                let Some(sort_key) = score.sort_key() else {
                    continue;
                };
                for table in &score.tables {
                    if let Some(members) = members.get_mut(*table as usize) {
                        members.push((id, sort_key.into()));
                    }
                }
            }
        }
        self.tables.arrange(&self.subjects, &members);
    }
}
