//! The fixed queries: files of SQL beside the code that asks them, filled with typed values, since the simple protocol binds none.
//!
//! In a file `:name` stands for a value, or for a fragment that several share; a line that begins with `--` is a comment and is not
//! sent. Nothing gets into a query but through [`Value`], which quotes.

use crate::error::{Error, Result};
use crate::model::sql::literal;

/// A query's file.
pub struct Template {
    pub name: &'static str,
    pub text: &'static str,
}

/// The file `sql/NAME.sql` beside the caller's.
macro_rules! template {
    ($name:literal) => {
        $crate::source::sql::Template { name: $name, text: include_str!(concat!("sql/", $name, ".sql")) }
    };
}
pub(crate) use template;

/// What `:name` may stand for.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    Bool(bool),
    Number(u64),
    Numbers(&'a [u64]),
    Oid(u32),
    Oids(&'a [u32]),
    Text(&'a str),
    OptionalText(Option<&'a str>),
    Texts(&'a [&'a str]),
}

/// What more than one query needs.
const FRAGMENTS: [Template; 14] = [
    template!("with_relatives"),
    template!("descendants"),
    template!("ancestors"),
    template!("relatives"),
    template!("members"),
    template!("with_members"),
    template!("pending"),
    template!("used_types"),
    template!("shape"),
    template!("not_null"),
    template!("identity_database"),
    template!("identity_system"),
    template!("identity_timeline"),
    template!("wal"),
];

impl Template {
    /// The query with its values, on one line, which opens with its name: so it can be told in the server's log.
    ///
    /// # Errors
    /// `Internal`: the file names something that has no value.
    pub fn fill(&self, values: &[(&str, Value<'_>)]) -> Result<String> {
        Ok(format!("/* pg2duck: {} */ {}", self.name, self.expand(values)?))
    }

    fn expand(&self, values: &[(&str, Value<'_>)]) -> Result<String> {
        let lines = self.text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("--"));
        let text = lines.collect::<Vec<_>>().join(" ");
        let mut filled = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(at) = placeholder(rest) {
            let name = &rest[at + 1..];
            let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len());
            filled.push_str(&rest[..at]);
            filled.push_str(&self.value(&name[..end], values)?);
            rest = &name[end..];
        }
        filled.push_str(rest);
        Ok(filled)
    }

    fn value(&self, name: &str, values: &[(&str, Value<'_>)]) -> Result<String> {
        if let Some((_, value)) = values.iter().find(|(given, _)| *given == name) {
            return Ok(value.sql());
        }
        match FRAGMENTS.iter().find(|fragment| fragment.name == name) {
            Some(fragment) => fragment.expand(values),
            None => Err(Error::internal(format!("query {}: no value for :{name}", self.name))),
        }
    }
}

/// Where the next `:name` begins, outside of texts; `::` is a cast.
fn placeholder(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut quoted = false;
    for (at, byte) in bytes.iter().enumerate() {
        quoted ^= *byte == b'\'';
        let cast = at > 0 && bytes[at - 1] == b':';
        if !quoted && *byte == b':' && !cast && bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase) {
            return Some(at);
        }
    }
    None
}

impl Value<'_> {
    fn sql(self) -> String {
        let array = |items: Vec<String>, of: &str| format!("'{{{}}}'::{of}[]", items.join(","));
        match self {
            Self::Bool(value) => value.to_string(),
            Self::Number(value) => value.to_string(),
            Self::Numbers(values) => array(values.iter().map(u64::to_string).collect(), "int8"),
            Self::Oid(oid) => format!("{oid}::oid"),
            Self::Oids(oids) => array(oids.iter().map(u32::to_string).collect(), "oid"),
            Self::Text(text) => format!("{}::text", literal(text)),
            Self::OptionalText(text) => text.map_or_else(|| "NULL::text".into(), |text| Self::Text(text).sql()),
            Self::Texts(texts) => {
                format!("ARRAY[{}]::text[]", texts.iter().map(|text| literal(text)).collect::<Vec<_>>().join(","))
            }
        }
    }
}

/// `WITH RECURSIVE` and what these tables are related with: `relatives(root, member)`, themselves included.
///
/// # Errors
/// `Internal`, as for [`Template::fill`].
pub fn with_relatives(oids: &[u32]) -> Result<String> {
    template!("with_relatives").expand(&[("oids", Value::Oids(oids))])
}

/// The same, and `members(root, member)`: beside them those that were related until they were dropped, which are among these.
///
/// # Errors
/// `Internal`, as for [`Template::fill`].
pub fn with_members(oid: u32, former: &[u32]) -> Result<String> {
    let roots = vec![oid; former.len()];
    template!("with_members").expand(&[
        ("oids", Value::Oids(&[oid])),
        ("former_roots", Value::Oids(&roots)),
        ("former_members", Value::Oids(former)),
    ])
}

/// What tells the shape of a relation from others: an aggregate of its columns `a`, rows of `pg_attribute`.
///
/// # Errors
/// `Internal`, as for [`Template::fill`].
pub fn shape() -> Result<String> {
    template!("shape").expand(&[])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &'static str, values: &[(&str, Value<'_>)]) -> Result<String> {
        Template { name: "test", text }.expand(values)
    }

    #[test]
    fn values_are_quoted_and_comments_stay_here() -> Result<()> {
        let values =
            [("name", Value::Text("it's :oids")), ("oids", Value::Oids(&[1, 2])), ("no", Value::OptionalText(None))];
        assert_eq!(
            filled("-- Why: :name\nSELECT :name,\n  :no, 'HH24:mi', x::oid\nWHERE oid = ANY (:oids)", &values)?,
            "SELECT 'it''s :oids'::text, NULL::text, 'HH24:mi', x::oid WHERE oid = ANY ('{1,2}'::oid[])"
        );
        let values = [("names", Value::Texts(&["a'"])), ("numbers", Value::Numbers(&[]))];
        assert_eq!(filled(":names :numbers", &values)?, "ARRAY['a''']::text[] '{}'::int8[]");
        Ok(())
    }

    #[test]
    fn a_name_without_a_value_is_a_defect() {
        let error = Template { name: "test", text: "SELECT :oid" }.fill(&[("oids", Value::Oids(&[]))]).err();
        assert_eq!(error.map(|error| error.to_string()).as_deref(), Some("query test: no value for :oid"));
    }

    #[test]
    fn fragments_are_filled_with_what_their_query_is() -> Result<()> {
        let text = with_relatives(&[7])?;
        assert!(text.starts_with("WITH RECURSIVE roots") && text.contains("'{7}'::oid[]"), "{text}");
        assert!(!text.contains("--") && placeholder(&text).is_none(), "{text}");
        Ok(())
    }

    #[test]
    fn comments_stand_on_lines_of_their_own_where_they_can_be_left_out() -> std::io::Result<()> {
        for folder in ["source", "setup", "check"] {
            for file in std::fs::read_dir(format!("{}/src/{folder}/sql", env!("CARGO_MANIFEST_DIR")))? {
                let text = std::fs::read_to_string(file?.path())?;
                let mut lines = text.lines().map(str::trim).filter(|line| !line.starts_with("--"));
                assert!(lines.all(|line| !line.contains("--")), "{text}");
            }
        }
        Ok(())
    }
}
