//! The trigger tree: which relations need triggers so that every change of the selected tables is seen, and which key columns each
//! records.
//!
//! A statement fires the statement triggers of the relation that it names, and of no other: a delete may name a selected
//! table, a partition or child of it, or a parent. Row triggers fire where the row lies.

use super::key::KeyColumn;
use crate::error::{Error, Result};
use crate::model::TableName;
use crate::source::rows::{self, row};
use crate::source::sql::{Template, Value, template};
use crate::source::{Connection, Relation};
use sqlx::postgres::types::Oid;
use std::collections::{BTreeMap, BTreeSet};

const NODES: Template = template!("tree_nodes");
const COLUMNS: Template = template!("tree_columns");

/// A relation that needs triggers.
#[derive(Debug, Clone)]
pub struct TreeNode {
    pub oid: u32,
    pub name: TableName,
    pub owner: String,
    /// Whether our role may act as its owner.
    pub owned: bool,
    pub row_triggers: RowTriggers,
    pub partitioned: bool,
    /// The relations above it, however far.
    pub ancestors: BTreeSet<u32>,
    /// The columns that any selected relative is keyed by, as far as this one has them.
    pub key: Vec<KeyColumn>,
    /// The columns whose change may change the key: those that generated ones are made of stand for them.
    pub key_made_of: Vec<KeyColumn>,
}

/// What row triggers a relation needs itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowTriggers {
    /// Rows lie here and never move to another table.
    After,
    /// Partitioned, or a partition: an UPDATE may move rows, and only BEFORE triggers see it. What is put on a partitioned
    /// table, Postgres copies to its partitions, those of the future included.
    Before,
    /// It has them from the partitioned table above it, or no selected row lies here.
    None,
}

row! {
    struct NodeRow {
        oid: Oid,
        schema: String,
        name: String,
        kind: String,
        is_partition: bool,
        owner: String,
        owned: bool,
        parents: Vec<Oid>,
    }
}

row! {
    struct ColumnRow {
        oid: Oid,
        name: String,
        type_oid: Oid,
        not_null: bool,
        generated: bool,
        made_of: Vec<String>,
    }
}

/// What is connected with the selected tables, by oid.
struct Catalog {
    relations: BTreeMap<u32, NodeRow>,
    columns: BTreeMap<u32, Vec<KeyColumn>>,
    /// What generated columns are made of, by relation and name.
    made_of: BTreeMap<(u32, String), Vec<String>>,
    parents: BTreeMap<u32, Vec<u32>>,
    children: BTreeMap<u32, Vec<u32>>,
}

/// The nodes, parents before children, then by name.
pub async fn nodes(source: &mut Connection, tables: &[Relation]) -> Result<Vec<TreeNode>> {
    if tables.is_empty() {
        return Ok(Vec::new());
    }
    let catalog = read(source, tables).await?;
    let mut keys: BTreeMap<u32, Vec<&String>> = BTreeMap::new();
    let mut holds_rows: BTreeSet<u32> = BTreeSet::new();
    for table in tables {
        let below = reach(&catalog.children, table.oid);
        for oid in below.union(&reach(&catalog.parents, table.oid)) {
            let key = keys.entry(*oid).or_default();
            for column in &table.schema.key {
                if !key.contains(&column) {
                    key.push(column);
                }
            }
        }
        holds_rows.extend(below);
    }
    let mut nodes = keys
        .iter()
        .filter_map(|(oid, key)| catalog.relations.get(oid).map(|relation| catalog.node(relation, key, &holds_rows)))
        .collect::<Result<Vec<_>>>()?;
    let is_foreign = |node: &TreeNode| catalog.relations.get(&node.oid).is_some_and(|relation| relation.kind == "f");
    nodes.retain(|node| !node.key.is_empty() && !is_foreign(node));
    nodes.sort_by(|a, b| (a.ancestors.len(), &a.name).cmp(&(b.ancestors.len(), &b.name)));
    Ok(nodes)
}

impl Catalog {
    fn node(&self, relation: &NodeRow, key: &[&String], holds_rows: &BTreeSet<u32>) -> Result<TreeNode> {
        let oid = relation.oid.0;
        let mut ancestors = reach(&self.parents, oid);
        ancestors.remove(&oid);
        let partitioned = |relation: &NodeRow| relation.kind == "p";
        let covers = |at: &u32| holds_rows.contains(at) && self.relations.get(at).is_some_and(partitioned);
        let row_triggers = match holds_rows.contains(&oid) && !ancestors.iter().any(covers) {
            false => RowTriggers::None,
            true if relation.is_partition || partitioned(relation) => RowTriggers::Before,
            true => RowTriggers::After,
        };
        let columns = self.columns.get(&oid);
        let columns = columns.ok_or_else(|| Error::internal(format!("setup: {} has no columns", relation.name)))?;
        let own = |name: &str| columns.iter().find(|own| own.name == *name).cloned();
        let made_of: BTreeSet<&str> = key.iter().flat_map(|name| self.made_of(oid, name)).collect();
        let key_made_of = made_of.into_iter().filter_map(own).collect();
        let key = key.iter().filter_map(|name| own(name)).collect();
        Ok(TreeNode {
            oid,
            name: TableName::new(&relation.schema, &relation.name),
            owner: relation.owner.clone(),
            owned: relation.owned,
            row_triggers,
            partitioned: partitioned(relation),
            ancestors,
            key,
            key_made_of,
        })
    }

    /// What a column is made of, which a partition may do in another way; itself, where it is not generated.
    fn made_of<'a>(&'a self, relation: u32, name: &'a str) -> Vec<&'a str> {
        let below = reach(&self.children, relation);
        let parts = below.iter().filter_map(|oid| self.made_of.get(&(*oid, name.to_owned())));
        let parts: Vec<&Vec<String>> = parts.collect();
        if parts.is_empty() {
            return vec![name];
        }
        parts.into_iter().flatten().map(String::as_str).collect()
    }
}

/// `start` and everything that these arrows lead to from it.
fn reach(arrows: &BTreeMap<u32, Vec<u32>>, start: u32) -> BTreeSet<u32> {
    let (mut found, mut open) = (BTreeSet::from([start]), vec![start]);
    while let Some(at) = open.pop() {
        open.extend(arrows.get(&at).into_iter().flatten().filter(|oid| found.insert(**oid)));
    }
    found
}

async fn read(source: &mut Connection, tables: &[Relation]) -> Result<Catalog> {
    let oids: Vec<u32> = tables.iter().map(|table| table.oid).collect();
    let values = [("oids", Value::Oids(&oids))];
    let relations: Vec<NodeRow> = rows::all(source, &NODES.fill(&values)?).await?;
    let (mut parents, mut children) = (BTreeMap::new(), BTreeMap::<u32, Vec<u32>>::new());
    for relation in &relations {
        let above: Vec<u32> = relation.parents.iter().map(|oid| oid.0).collect();
        for parent in &above {
            children.entry(*parent).or_default().push(relation.oid.0);
        }
        parents.insert(relation.oid.0, above);
    }
    let mut columns: BTreeMap<u32, Vec<KeyColumn>> = relations.iter().map(|row| (row.oid.0, Vec::new())).collect();
    let mut made_of = BTreeMap::new();
    for row in rows::all::<ColumnRow>(source, &COLUMNS.fill(&values)?).await? {
        if row.generated {
            made_of.insert((row.oid.0, row.name.clone()), row.made_of);
        }
        columns.entry(row.oid.0).or_default().push(KeyColumn::new(row.name, row.type_oid.0, row.not_null));
    }
    let relations = relations.into_iter().map(|relation| (relation.oid.0, relation)).collect();
    Ok(Catalog { relations, columns, made_of, parents, children })
}
