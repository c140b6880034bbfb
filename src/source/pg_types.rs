//! The types that columns use, as the catalog describes them: domains looked through, arrays and composites taken apart.

use super::connection::{Connection, get};
use crate::decode::PgType;
use crate::decode::types::oid::{MONEY, TEXT};
use crate::decode::types::{Shape, is_known_by_oid};
use crate::error::Result;
use sqlx::postgres::types::Oid;
use std::collections::{BTreeSet, HashMap};

/// Types and their parts, by oid. What is not among them is known without.
#[derive(Default)]
pub struct Types {
    types: HashMap<u32, TypeRow>,
    attributes: HashMap<u32, Vec<Attribute>>,
}

struct TypeRow {
    /// For a domain, what it is made of.
    base: u32,
    base_typmod: i32,
    base_dimensions: i32,
    /// For a true array.
    element: u32,
    is_enum: bool,
    extension: Option<(String, String)>,
    casts_to_text: bool,
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
    let unknown: BTreeSet<String> = oids.filter(|oid| !is_known_by_oid(*oid)).map(|oid| oid.to_string()).collect();
    if unknown.is_empty() {
        return Ok(Types::default());
    }
    let oids = unknown.into_iter().collect::<Vec<_>>().join(",");
    let used = format!(
        "WITH RECURSIVE used(id) AS ( \
           SELECT unnest('{{{oids}}}'::oid[]) \
           UNION SELECT part.id FROM used JOIN pg_catalog.pg_type t ON t.oid = used.id, \
             LATERAL (SELECT t.typbasetype AS id WHERE t.typtype = 'd' \
                      UNION ALL SELECT t.typelem WHERE t.typcategory = 'A' AND t.typlen = -1 AND t.typtype = 'b' \
                      UNION ALL SELECT a.atttypid FROM pg_catalog.pg_attribute a \
                        WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) part)"
    );
    let rows = source
        .rows(&format!(
            "{used} SELECT t.oid, CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE 0::oid END, \
                    CASE t.oid WHEN {} THEN scale(0::money::numeric) ELSE t.typtypmod END, t.typndims, \
                    CASE WHEN t.typcategory = 'A' AND t.typlen = -1 AND t.typtype = 'b' THEN t.typelem ELSE 0::oid END, \
                    t.typtype = 'e', e.extname::text, t.typname::text, \
                    EXISTS (SELECT FROM pg_catalog.pg_cast c \
                              WHERE c.castsource = t.oid AND c.casttarget = {} AND c.castmethod = 'f'), \
                    t.typtype = 'c' \
             FROM pg_catalog.pg_type t \
               LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_type'::regclass AND d.objid = t.oid \
                 AND d.deptype = 'e' \
               LEFT JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid \
             WHERE t.oid IN (SELECT id FROM used)",
            MONEY, TEXT
        ))
        .await?;
    let mut types = HashMap::new();
    let mut any_composite = false;
    for row in &rows {
        let extension: Option<String> = get(row, 6)?;
        let facts = TypeRow {
            base: get::<Oid>(row, 1)?.0,
            base_typmod: get(row, 2)?,
            base_dimensions: get(row, 3)?,
            element: get::<Oid>(row, 4)?.0,
            is_enum: get(row, 5)?,
            extension: extension.map(|extension| Ok((extension, get(row, 7)?))).transpose()?,
            casts_to_text: get(row, 8)?,
        };
        any_composite |= get::<bool>(row, 9)?;
        types.insert(get::<Oid>(row, 0)?.0, facts);
    }
    let attributes = if any_composite { attributes(source, &used).await? } else { HashMap::new() };
    Ok(Types { types, attributes })
}

async fn attributes(source: &mut Connection, used: &str) -> Result<HashMap<u32, Vec<Attribute>>> {
    let rows = source
        .rows(&format!(
            "{used} SELECT t.oid, a.attname::text, a.atttypid, a.atttypmod, a.attndims::int4 \
             FROM used JOIN pg_catalog.pg_type t ON t.oid = used.id AND t.typtype = 'c' \
               LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped \
             ORDER BY t.oid, a.attnum"
        ))
        .await?;
    let mut attributes: HashMap<u32, Vec<Attribute>> = HashMap::new();
    for row in &rows {
        let of = attributes.entry(get::<Oid>(row, 0)?.0).or_default();
        // A composite without attributes has a row of NULLs.
        if let Some(name) = get::<Option<String>>(row, 1)? {
            of.push(Attribute { name, kind: get::<Oid>(row, 2)?.0, typmod: get(row, 3)?, dimensions: get(row, 4)? });
        }
    }
    Ok(attributes)
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
            (Some(TypeRow { element: 1.., .. }), _) => {
                Shape::Array(Box::new(part(facts.map_or(0, |facts| facts.element), typmod, 0)))
            }
            (Some(facts), _) => Shape::Base { extension: facts.extension.clone(), casts_to_text: facts.casts_to_text },
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
        while let Some(facts) = self.types.get(&oid).filter(|facts| facts.base != 0) {
            oid = facts.base;
            typmod = facts.base_typmod;
            dimensions = facts.base_dimensions;
        }
        (oid, typmod, dimensions)
    }
}
