//! The types that columns use, as the catalog describes them: domains looked through, arrays and composites taken apart.

use super::connection::Connection;
use super::rows::{self, row};
use super::sql::{Template, Value, template};
use crate::decode::PgType;
use crate::decode::types::oid::MONEY;
use crate::decode::types::{Shape, is_known_by_oid};
use crate::error::Result;
use sqlx::postgres::types::Oid;
use std::collections::{BTreeSet, HashMap};

const TYPES: Template = template!("types");
const ATTRIBUTES: Template = template!("attributes");

/// Types and their parts, by oid. What is not among them is known without.
#[derive(Default)]
pub struct Types {
    types: HashMap<u32, TypeRow>,
    attributes: HashMap<u32, Vec<Attribute>>,
}

row! {
    struct TypeRow {
        oid: Oid,
        /// For a domain, what it is made of; else 0.
        base: Oid,
        base_typmod: i32,
        base_dimensions: i32,
        /// For a true array; else 0.
        element: Oid,
        is_enum: bool,
        is_composite: bool,
        extension: Option<String>,
        name: String,
        casts_to_text: bool,
    }
}

row! {
    struct AttributeRow {
        oid: Oid,
        name: Option<String>,
        type_oid: Option<Oid>,
        typmod: Option<i32>,
        dimensions: Option<i32>,
    }
}

struct Attribute {
    name: String,
    kind: u32,
    typmod: i32,
    dimensions: i32,
}

/// Deeper than any type that is used; only a damaged catalog goes further.
const DEEPEST: usize = 32;

/// Reads what there is to know of these types, down to their last parts.
pub async fn read(source: &mut Connection, oids: impl Iterator<Item = u32>) -> Result<Types> {
    let unknown: BTreeSet<u32> = oids.filter(|oid| !is_known_by_oid(*oid)).collect();
    if unknown.is_empty() {
        return Ok(Types::default());
    }
    let oids: Vec<u32> = unknown.into_iter().collect();
    let values = [("oids", Value::Oids(&oids))];
    let types: Vec<TypeRow> = rows::all(source, &TYPES.fill(&values)?).await?;
    let mut attributes: HashMap<u32, Vec<Attribute>> = HashMap::new();
    if types.iter().any(|row| row.is_composite) {
        for row in rows::all::<AttributeRow>(source, &ATTRIBUTES.fill(&values)?).await? {
            let of = attributes.entry(row.oid.0).or_default();
            // A composite without attributes has a row of NULLs.
            if let (Some(name), Some(kind), Some(typmod), Some(dimensions)) =
                (row.name, row.type_oid, row.typmod, row.dimensions)
            {
                of.push(Attribute { name, kind: kind.0, typmod, dimensions });
            }
        }
    }
    Ok(Types { types: types.into_iter().map(|row| (row.oid.0, row)).collect(), attributes })
}

impl Types {
    /// The type of a column, attribute or element.
    pub fn resolve(&self, oid: u32, typmod: i32, dimensions: i32) -> PgType {
        self.resolve_at(oid, typmod, dimensions, 0)
    }

    fn resolve_at(&self, oid: u32, typmod: i32, dimensions: i32, depth: usize) -> PgType {
        let (oid, typmod, dimensions) = self.base(oid, typmod, dimensions);
        let part = |oid, typmod, dimensions| self.resolve_at(oid, typmod, dimensions, depth + 1);
        let facts = self.types.get(&oid).filter(|_| depth < DEEPEST);
        let shape = match (facts, self.attributes.get(&oid)) {
            (_, Some(attributes)) if depth < DEEPEST => {
                let attributes = attributes.iter().map(|a| (a.name.clone(), part(a.kind, a.typmod, a.dimensions)));
                Shape::Composite(attributes.collect())
            }
            (Some(TypeRow { is_enum: true, .. }), _) => Shape::Enum,
            (Some(facts), _) if facts.element.0 != 0 => Shape::Array(Box::new(part(facts.element.0, typmod, 0))),
            (Some(facts), _) => Shape::Base {
                extension: facts.extension.clone().map(|extension| (extension, facts.name.clone())),
                casts_to_text: facts.casts_to_text,
            },
            (None, _) => Shape::Base { extension: None, casts_to_text: false },
        };
        let typmod = match facts {
            // Money has no typmod of its own: the catalog query puts its number of decimals there.
            Some(facts) if oid == MONEY => facts.base_typmod,
            _ => typmod,
        };
        // Views and tables made from queries do not know their dimensions: one, then.
        PgType { oid, typmod, dimensions: u8::try_from(dimensions.clamp(1, 6)).unwrap_or(1), shape }
    }

    /// A domain's base type, however deep; its typmod is that of the innermost domain that sets one.
    fn base(&self, mut oid: u32, mut typmod: i32, mut dimensions: i32) -> (u32, i32, i32) {
        while let Some(facts) = self.types.get(&oid).filter(|facts| facts.base.0 != 0) {
            oid = facts.base.0;
            typmod = facts.base_typmod;
            dimensions = facts.base_dimensions;
        }
        (oid, typmod, dimensions)
    }
}
