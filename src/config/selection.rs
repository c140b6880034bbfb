//! Which source tables are synced (`SYNC_TABLES`: patterns and exclusions) and what each is called in the lake.

use super::setting::Form;
use super::{Problems, raw::RawEnv, settings};
use crate::model::TableName;

/// An ordered list of patterns; a table is selected when some pattern takes it in and no `!pattern` takes it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    include: Vec<Pattern>,
    exclude: Vec<Pattern>,
    /// The setting that the patterns came from, for messages.
    pub setting: &'static str,
    /// The schema of names given without one: `POSTGRES_SCHEMA`.
    pub default_schema: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern {
    schema: String,
    table: String,
}

impl Selection {
    pub(super) fn from_raw(raw: &RawEnv) -> Result<Self, Problems> {
        let schema = settings::POSTGRES_SCHEMA.value(raw)?;
        match settings::SYNC_TABLES.read(raw)? {
            Some(_) if raw.postgres_table.is_some() => {
                Err("SYNC_TABLES and POSTGRES_TABLE are both set: keep one".into())
            }
            Some(list) => Self::from_list(&list, schema),
            None => {
                // POSTGRES_TABLE is one name, taken literally: no patterns, no dots.
                let table = escape(&settings::POSTGRES_TABLE.value(raw)?);
                let include = vec![Pattern { schema: escape(&schema), table }];
                Ok(Self { include, exclude: Vec::new(), setting: "POSTGRES_TABLE", default_schema: schema })
            }
        }
    }

    fn from_list(list: &str, default_schema: String) -> Result<Self, Problems> {
        let (mut include, mut exclude, mut problems) = (Vec::new(), Vec::new(), Vec::new());
        for item in split_outside_quotes(list, ',') {
            let (list, item) = match item.trim().strip_prefix('!') {
                Some(rest) => (&mut exclude, rest),
                None => (&mut include, item.trim()),
            };
            match Pattern::parse(item, &default_schema) {
                Some(pattern) => list.push(pattern),
                None => problems.push(Problems::from(format!(
                    "SYNC_TABLES: cannot read {item:?}; expected {}",
                    settings::SYNC_TABLES.form()
                ))),
            }
        }
        if include.is_empty() {
            let nothing = "SYNC_TABLES: nothing is selected; name at least one table or pattern, as in public.*";
            problems.push(nothing.into());
        }
        Problems::refuse(problems)?;
        Ok(Self { include, exclude, setting: "SYNC_TABLES", default_schema })
    }

    /// Whether this table is to be synced.
    pub fn selects(&self, name: &TableName) -> bool {
        self.include.iter().any(|pattern| pattern.matches(name))
            && !self.exclude.iter().any(|pattern| pattern.matches(name))
    }

    /// Whether every included pattern is without a wildcard.
    pub fn names_all(&self) -> bool {
        self.include.iter().all(Pattern::is_name)
    }

    /// Included patterns without a wildcard: tables that must exist.
    pub fn named(&self) -> impl Iterator<Item = TableName> + '_ {
        self.include
            .iter()
            .filter(|pattern| pattern.is_name())
            .map(|pattern| TableName::new(pattern.schema.replace('\\', ""), pattern.table.replace('\\', "")))
    }
}

impl Pattern {
    fn parse(text: &str, default_schema: &str) -> Option<Self> {
        let parts: Vec<String> = split_outside_quotes(text, '.').into_iter().map(unquote).collect::<Option<_>>()?;
        match <[String; 2]>::try_from(parts) {
            Ok([schema, table]) => Some(Self { schema, table }),
            Err(parts) => match <[String; 1]>::try_from(parts) {
                Ok([table]) => Some(Self { schema: escape(default_schema), table }),
                Err(_) => None,
            },
        }
    }

    fn is_name(&self) -> bool {
        let has_wildcard = |glob: &str| glob.replace("\\*", "").contains('*');
        !has_wildcard(&self.schema) && !has_wildcard(&self.table)
    }

    fn matches(&self, name: &TableName) -> bool {
        glob(self.schema.as_bytes(), name.schema.as_bytes()) && glob(self.table.as_bytes(), name.table.as_bytes())
    }
}

/// `*` stands for any run of characters; a backslash takes the next character literally.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match pattern {
        [] => text.is_empty(),
        [b'*', rest @ ..] => (0..=text.len()).any(|skip| glob(rest, &text[skip..])),
        [b'\\', literal, rest @ ..] | [literal, rest @ ..] => text.first() == Some(literal) && glob(rest, &text[1..]),
    }
}

fn escape(literal: &str) -> String {
    literal.replace('\\', "\\\\").replace('*', "\\*")
}

/// A quoted part is a literal name; an unquoted part may hold `*`. Case is kept either way.
fn unquote(part: &str) -> Option<String> {
    let part = part.trim();
    match part.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"').map(|inner| escape(&inner.replace("\"\"", "\""))),
        None => (!part.contains('"')).then(|| part.replace('\\', "\\\\")),
    }
    .filter(|name| !name.is_empty())
}

/// Splits at `separator`, except inside double quotes.
pub(super) fn split_outside_quotes(text: &str, separator: char) -> Vec<&str> {
    let mut quoted = false;
    text.split(|c: char| {
        quoted ^= c == '"';
        c == separator && !quoted
    })
    .collect()
}

/// `DUCKDB_TABLE`: the lake name of a source table, with `{schema}` and `{table}` filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LakeTemplate {
    schema: Option<String>,
    table: String,
    /// Nothing was said.
    is_usual: bool,
}

impl Default for LakeTemplate {
    fn default() -> Self {
        Self { schema: Some("{schema}".into()), table: "{table}".into(), is_usual: true }
    }
}

impl LakeTemplate {
    pub(super) const FORM: Form<Self> = Form::Judged(
        "table or schema.table, with {schema} and {table} filled in, as in analytics_{table}",
        Self::parse,
    );

    fn parse(text: &str) -> Result<Self, String> {
        let form = settings::DUCKDB_TABLE.form();
        let unknown = text.replace("{schema}", "").replace("{table}", "");
        if unknown.contains(['{', '}']) {
            return Err(format!("unknown placeholder; expected {form}"));
        }
        match text.split('.').map(str::trim).collect::<Vec<_>>()[..] {
            [table] if !table.is_empty() => Ok(Self { schema: None, table: table.into(), is_usual: false }),
            [schema, table] if !schema.is_empty() && !table.is_empty() => {
                Ok(Self { schema: Some(schema.into()), table: table.into(), is_usual: false })
            }
            _ => Err(format!("expected {form}")),
        }
    }

    /// The lake table of this source table.
    pub fn apply(&self, source: &TableName) -> TableName {
        // In one pass: a name may itself look like a placeholder.
        let fill = |template: &str, schema: &str| {
            let parts = template.split("{table}").map(|part| part.replace("{schema}", schema));
            parts.collect::<Vec<_>>().join(&source.table)
        };
        let schema = match self.schema.as_deref() {
            None => "main".into(),
            // DuckDB's usual schema stands for Postgres's.
            Some(_) if self.is_usual && source.schema == "public" => "main".into(),
            Some(template) => fill(template, &source.schema),
        };
        TableName::new(schema, fill(&self.table, &source.schema))
    }
}
