//! Files that wait for the lake and are not what was written: deleted, truncated, damaged. What they held is in the source still.

use crate::model::ChangeSet;
use crate::parquet::check::damage;
use std::path::Path;

/// Takes those change sets out of the cycle that cannot be applied as they were written, each with the reason.
pub fn take_damaged(archive: &Path, cycle: &mut Vec<ChangeSet>) -> Vec<(ChangeSet, String)> {
    let mut taken = Vec::new();
    for set in std::mem::take(cycle) {
        match what_is_damaged(archive, &set) {
            Some(why) => taken.push((set, why)),
            None => cycle.push(set),
        }
    }
    let mut at = 0;
    while let Some((set, _)) = taken.get(at) {
        // Whoever has its former name now would be taken for it.
        let (table, former) = (set.table.clone(), set.former.clone());
        let follows = |next: &mut ChangeSet| former.as_ref() == Some(&next.table);
        let waits = format!("{table} had its name before, and is read again");
        taken.extend(cycle.extract_if(.., follows).map(|next| (next, waits.clone())));
        at += 1;
    }
    taken
}

fn what_is_damaged(archive: &Path, set: &ChangeSet) -> Option<String> {
    set.batches().find_map(|batch| {
        // One that cannot be read now may be as it was: whoever applies it says what is wrong.
        let damage = damage(archive, batch).ok().flatten()?;
        Some(format!("{} {damage}", archive.join(&batch.path).display()))
    })
}
