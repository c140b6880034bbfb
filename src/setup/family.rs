//! Which relations need triggers so that every change of the selected tables is seen, and which key columns each records.
//!
//! A statement fires the statement triggers of the relation that it names, and of no other: a delete may name a selected
//! table, a partition or child of it, or a parent. Row triggers fire where the row lies.

use super::key::KeyColumn;
use crate::error::Result;
use crate::model::TableName;
use crate::source::connection::get;
use crate::source::{Connection, Relation};
use sqlx::postgres::types::Oid;
use std::collections::{BTreeMap, BTreeSet};

/// A relation that needs triggers.
#[derive(Debug, Clone)]
pub struct Member {
    pub oid: u32,
    pub name: TableName,
    pub owner: String,
    /// Whether our role may act as its owner.
    pub owned: bool,
    pub placement: Placement,
    pub partitioned: bool,
    /// The relations above it, however far.
    pub ancestors: BTreeSet<u32>,
    /// The columns that any selected relative is keyed by, as far as this one has them.
    pub key: Vec<KeyColumn>,
}

/// What row triggers a member needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// Rows lie here and never move to another table.
    Plain,
    /// Partitioned, or a partition: an UPDATE may move rows, and only BEFORE triggers see it. What is put on a partitioned
    /// table, Postgres copies to its partitions, those of the future included.
    Partitioned,
    /// None: it has them from the partitioned table above it, or no selected row lies here.
    Inherited,
}

struct Node {
    member: Member,
    parents: Vec<u32>,
    foreign: bool,
    is_partition: bool,
    columns: Vec<KeyColumn>,
}

/// The members, parents before children, then by name.
pub async fn of(source: &mut Connection, tables: &[Relation]) -> Result<Vec<Member>> {
    if tables.is_empty() {
        return Ok(Vec::new());
    }
    let nodes = nodes(source, tables).await?;
    let mut wanted: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    let mut holds_rows: BTreeSet<u32> = BTreeSet::new();
    for table in tables {
        let below = reach(&nodes, table.oid, |node, oid| node.parents.contains(&oid));
        let parents = |at: u32| nodes.get(&at).map(|node| node.parents.clone()).unwrap_or_default();
        let above = reach(&nodes, table.oid, |node, oid| parents(oid).contains(&node.member.oid));
        for oid in below.union(&above) {
            let key = wanted.entry(*oid).or_default();
            key.extend(table.schema.key.iter().filter(|column| !key.contains(column)).cloned().collect::<Vec<_>>());
        }
        holds_rows.extend(below);
    }
    let is_partitioned = |oid: &u32| nodes.get(oid).is_some_and(|node| node.member.partitioned);
    let mut members = Vec::new();
    for (oid, key) in &wanted {
        let Some(node) = nodes.get(oid).filter(|node| !node.foreign) else { continue };
        let above = reach(&nodes, *oid, |other, at| {
            nodes.get(&at).is_some_and(|node| node.parents.contains(&other.member.oid))
        });
        let covered = above.iter().any(|at| at != oid && is_partitioned(at) && holds_rows.contains(at));
        let placement = match node {
            _ if !holds_rows.contains(oid) || covered => Placement::Inherited,
            node if node.is_partition || node.member.partitioned => Placement::Partitioned,
            _ => Placement::Plain,
        };
        let key = key.iter().filter_map(|name| node.columns.iter().find(|own| own.name == *name)).cloned().collect();
        let ancestors = above.into_iter().filter(|at| at != oid).collect();
        members.push(Member { placement, key, ancestors, ..node.member.clone() });
    }
    members.retain(|member| !member.key.is_empty());
    members.sort_by(|a, b| (a.ancestors.len(), &a.name).cmp(&(b.ancestors.len(), &b.name)));
    Ok(members)
}

/// `start` and everything that `leads` on from it.
fn reach(nodes: &BTreeMap<u32, Node>, start: u32, leads: impl Fn(&Node, u32) -> bool) -> BTreeSet<u32> {
    let (mut found, mut open) = (BTreeSet::from([start]), vec![start]);
    while let Some(at) = open.pop() {
        let next = nodes.iter().filter(|(_, node)| leads(node, at)).map(|(oid, _)| *oid);
        open.extend(next.filter(|oid| found.insert(*oid)).collect::<Vec<_>>());
    }
    found
}

/// Everything that these tables are connected with by inheritance or partitioning.
async fn nodes(source: &mut Connection, tables: &[Relation]) -> Result<BTreeMap<u32, Node>> {
    let oids = tables.iter().map(|table| table.oid.to_string()).collect::<Vec<_>>().join(",");
    let family = format!(
        "WITH RECURSIVE family(id) AS ( \
           SELECT oid FROM pg_catalog.pg_class WHERE oid IN ({oids}) \
           UNION SELECT CASE WHEN i.inhparent = family.id THEN i.inhrelid ELSE i.inhparent END \
           FROM family JOIN pg_catalog.pg_inherits i ON family.id IN (i.inhparent, i.inhrelid)) "
    );
    let rows = source
        .rows(&format!(
            "{family} SELECT c.oid, n.nspname::text, c.relname::text, c.relkind::text, c.relispartition, \
                    pg_catalog.pg_get_userbyid(c.relowner)::text, pg_catalog.pg_has_role(c.relowner, 'USAGE'), \
                    ARRAY(SELECT inhparent FROM pg_catalog.pg_inherits WHERE inhrelid = c.oid) \
             FROM family JOIN pg_catalog.pg_class c ON c.oid = family.id \
                  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        ))
        .await?;
    let mut nodes = BTreeMap::new();
    for row in &rows {
        let oid = get::<Oid>(row, 0)?.0;
        let member = Member {
            oid,
            name: TableName::new(get::<String>(row, 1)?, get::<String>(row, 2)?),
            owner: get(row, 5)?,
            owned: get(row, 6)?,
            placement: Placement::Inherited,
            partitioned: get::<String>(row, 3)? == "p",
            ancestors: BTreeSet::new(),
            key: Vec::new(),
        };
        let parents = get::<Vec<Oid>>(row, 7)?.into_iter().map(|oid| oid.0).collect();
        nodes.insert(
            oid,
            Node {
                member,
                parents,
                foreign: get::<String>(row, 3)? == "f",
                is_partition: get(row, 4)?,
                columns: Vec::new(),
            },
        );
    }
    let rows = source
        .rows(&format!(
            "{family} SELECT a.attrelid, a.attname::text, a.atttypid, a.attnotnull \
             FROM family JOIN pg_catalog.pg_attribute a ON a.attrelid = family.id \
             WHERE a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum"
        ))
        .await?;
    for row in &rows {
        if let Some(node) = nodes.get_mut(&get::<Oid>(row, 0)?.0) {
            node.columns.push(KeyColumn::new(get(row, 1)?, get::<Oid>(row, 2)?.0, get(row, 3)?));
        }
    }
    Ok(nodes)
}
