//! What is remembered of partitions of a table that hides columns: detached, each is a table of its own, which no setting names.

use super::TableName;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Partitions that have the hidden columns at the same places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HiddenParts {
    /// The table as a part of which they were last seen, and its name then.
    pub root: u32,
    pub of: TableName,
    /// By their numbers in the partitions.
    pub columns: BTreeMap<i16, String>,
    pub members: BTreeSet<u32>,
}

/// A table and the names of the columns that settings hide of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hiding {
    pub root: u32,
    pub name: TableName,
    pub columns: BTreeSet<String>,
}

/// A partition of `root`, and one of its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartColumn {
    pub root: u32,
    pub member: u32,
    pub column: Option<(i16, String)>,
}

/// What is to be remembered from now on: of partitions that are `found`, what their tables hide today; of all others, what was known.
pub fn remember(before: &[HiddenParts], hiding: &[Hiding], found: Vec<PartColumn>) -> Vec<HiddenParts> {
    let present: BTreeSet<u32> = found.iter().map(|part| part.member).collect();
    let mut known = before.to_vec();
    known.iter_mut().for_each(|parts| parts.members.retain(|member| !present.contains(member)));
    let mut columns: BTreeMap<(u32, u32), BTreeMap<i16, String>> = BTreeMap::new();
    for PartColumn { root, member, column } in found {
        let hides = |name: &String| hiding.iter().any(|own| own.root == root && own.columns.contains(name));
        if let Some((attnum, name)) = column.filter(|(_, name)| hides(name)) {
            columns.entry((root, member)).or_default().insert(attnum, name);
        }
    }
    for ((root, member), columns) in columns {
        let Some(table) = hiding.iter().find(|own| own.root == root) else { continue };
        match known.iter_mut().find(|parts| (parts.root, &parts.columns) == (root, &columns)) {
            Some(parts) => drop(parts.members.insert(member)),
            None => {
                known.push(HiddenParts { root, of: table.name.clone(), columns, members: BTreeSet::from([member]) })
            }
        }
    }
    known.retain(|parts| !parts.members.is_empty());
    for parts in &mut known {
        if let Some(table) = hiding.iter().find(|own| own.root == parts.root) {
            parts.of.clone_from(&table.name);
        }
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hiding(columns: &[&str]) -> Vec<Hiding> {
        let columns = columns.iter().map(|name| (*name).to_owned()).collect();
        vec![Hiding { root: 1, name: TableName::new("public", "p"), columns }]
    }

    fn part(member: u32, attnum: i16, name: &str) -> PartColumn {
        PartColumn { root: 1, member, column: Some((attnum, name.into())) }
    }

    fn told(known: &[HiddenParts]) -> Vec<(Vec<i16>, Vec<u32>)> {
        known.iter().map(|p| (p.columns.keys().copied().collect(), p.members.iter().copied().collect())).collect()
    }

    #[test]
    fn a_partition_that_is_gone_is_remembered_and_one_that_is_there_follows_the_settings() {
        let found = vec![part(10, 2, "secret"), part(11, 2, "secret"), part(12, 5, "secret"), part(12, 1, "id")];
        let known = remember(&[], &hiding(&["secret"]), found);
        assert_eq!(told(&known), [(vec![2], vec![10, 11]), (vec![5], vec![12])]);
        let left = remember(&known, &hiding(&["secret"]), vec![part(10, 2, "secret")]);
        assert_eq!(told(&left), [(vec![2], vec![10, 11]), (vec![5], vec![12])], "11 and 12 were detached");
        let shown = remember(&left, &hiding(&[]), vec![PartColumn { root: 1, member: 10, column: None }]);
        assert_eq!(told(&shown), [(vec![2], vec![11]), (vec![5], vec![12])], "of 10 nothing is hidden any more");
        assert_eq!(remember(&shown, &[], Vec::new()), shown, "the table is gone");
    }
}
