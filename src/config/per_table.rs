//! Settings of single tables: `SYNC_TABLE_<NAME>_<SETTING>`, over the global ones that mean the same.

use super::setting::{Described, Form, Setting};
use super::settings::{self, PER_TABLE, variable_name};
use super::{Deletes, Problems, raw::RawEnv, selection::split_outside_quotes};
use crate::model::{CharAs, Mode, NumericAs, ReadAs, RejectPolicy, TableName};
use std::collections::BTreeMap;

/// What holds for one table. `None` leaves the choice to discovery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSettings {
    /// Key columns, in order.
    pub key: Option<Vec<String>>,
    /// The cursor column, or `xmin` for none.
    pub cursor: Option<String>,
    /// The only columns to copy.
    pub columns: Option<Vec<String>>,
    /// Columns not to copy.
    pub exclude: Option<Vec<String>>,
    /// Columns of which only a hash leaves the source.
    pub mask: Option<Vec<String>>,
    /// Columns that are read as something else than their type usually is.
    pub types: Option<Vec<(String, ReadAs)>>,
    pub numeric: NumericAs,
    pub chars: CharAs,
    pub rejects: RejectPolicy,
    pub mode: Mode,
    /// Each row tells which cycle wrote it.
    pub synced_at: bool,
    pub deletes: Deletes,
}

/// What was said of one table. `None` leaves the choice to the global settings.
#[derive(Debug, Clone)]
struct Said {
    key: Option<Vec<String>>,
    cursor: Option<String>,
    columns: Option<Vec<String>>,
    exclude: Option<Vec<String>>,
    mask: Option<Vec<String>>,
    types: Option<Vec<(String, ReadAs)>>,
    numeric: Option<NumericAs>,
    chars: Option<CharAs>,
    rejects: Option<RejectPolicy>,
    mode: Option<Mode>,
    synced_at: Option<bool>,
    deletes: Option<Deletes>,
}

/// The global settings, and what was said of single tables by their names in variables.
#[derive(Debug, Clone)]
pub struct TableSettingsMap {
    global: TableSettings,
    said: BTreeMap<String, Said>,
}

impl TableSettingsMap {
    pub(super) fn from_raw(raw: &RawEnv) -> Result<Self, Problems> {
        let mut texts: BTreeMap<&str, Texts> = BTreeMap::new();
        let mut problems = Vec::new();
        for (variable, text) in &raw.per_table {
            match split(variable) {
                Some((table, name, setting)) => {
                    problems.extend(setting.problem(&format!("{PER_TABLE}{variable}"), text));
                    texts.entry(table).or_default().insert(name, text);
                }
                None => problems.push(unknown(variable)),
            }
        }
        Problems::refuse(problems)?;
        let said = texts.iter().map(|(table, texts)| Ok(((*table).to_owned(), Said::read(table, texts)?)));
        Ok(Self { global: TableSettings::global(raw)?, said: said.collect::<Result<_, Problems>>()? })
    }

    /// The settings of this table: `<SCHEMA>_<TABLE>` first, then `<TABLE>`, then the global ones.
    pub fn of(&self, name: &TableName) -> TableSettings {
        let table = variable_name(&name.table);
        let qualified = format!("{}_{table}", variable_name(&name.schema));
        let said = [table, qualified].into_iter().filter_map(|name| self.said.get(&name));
        said.fold(self.global.clone(), |settings, said| said.clone().over(settings))
    }
}

/// The texts of one table's variables, by setting.
type Texts<'a> = BTreeMap<&'static str, &'a str>;

/// `ORDERS_MODE` → the table's name, the setting's name there, and the setting.
fn split(variable: &str) -> Option<(&str, &'static str, &'static dyn Described)> {
    settings::of_tables().find_map(|(name, setting)| {
        let table = variable.strip_suffix(name)?.strip_suffix('_')?;
        (!table.is_empty()).then_some((table, name, setting))
    })
}

fn unknown(variable: &str) -> Problems {
    let known: Vec<&str> = settings::of_tables().map(|(name, _)| name).collect();
    let known = known.join(", ");
    format!("{PER_TABLE}{variable}: unknown setting; expected {PER_TABLE}<NAME>_ and one of {known}").into()
}

impl TableSettings {
    fn global(raw: &RawEnv) -> Result<Self, Problems> {
        Ok(Self {
            key: settings::POSTGRES_PRIMARY_KEY.read(raw)?,
            cursor: settings::CURSOR_COLUMN.read(raw)?,
            columns: None,
            exclude: None,
            mask: None,
            types: None,
            numeric: settings::NUMERIC.value(raw)?,
            chars: settings::CHAR.value(raw)?,
            rejects: settings::REJECTS.value(raw)?,
            mode: settings::SYNC_MODE.value(raw)?,
            synced_at: settings::SYNCED_AT.value(raw)?,
            deletes: settings::DELETES.value(raw)?,
        })
    }
}

impl Said {
    fn read(table: &str, texts: &Texts) -> Result<Self, Problems> {
        Ok(Self {
            key: read(&settings::POSTGRES_PRIMARY_KEY, table, texts)?,
            cursor: read(&settings::CURSOR_COLUMN, table, texts)?,
            columns: read(&settings::COLUMNS, table, texts)?,
            exclude: read(&settings::EXCLUDE, table, texts)?,
            mask: read(&settings::MASK, table, texts)?,
            types: read(&settings::TYPE, table, texts)?,
            numeric: read(&settings::NUMERIC, table, texts)?,
            chars: read(&settings::CHAR, table, texts)?,
            rejects: read(&settings::REJECTS, table, texts)?,
            mode: read(&settings::SYNC_MODE, table, texts)?,
            synced_at: read(&settings::SYNCED_AT, table, texts)?,
            deletes: read(&settings::DELETES, table, texts)?,
        })
    }

    /// What was said, and the others where nothing was.
    fn over(self, others: TableSettings) -> TableSettings {
        TableSettings {
            key: self.key.or(others.key),
            cursor: self.cursor.or(others.cursor),
            columns: self.columns.or(others.columns),
            exclude: self.exclude.or(others.exclude),
            mask: self.mask.or(others.mask),
            types: self.types.or(others.types),
            numeric: self.numeric.unwrap_or(others.numeric),
            chars: self.chars.unwrap_or(others.chars),
            rejects: self.rejects.unwrap_or(others.rejects),
            mode: self.mode.unwrap_or(others.mode),
            synced_at: self.synced_at.unwrap_or(others.synced_at),
            deletes: self.deletes.unwrap_or(others.deletes),
        }
    }
}

/// What these texts say of a setting; its default is the business of the global settings.
fn read<T: Clone>(setting: &Setting<T>, table: &str, texts: &Texts) -> Result<Option<T>, Problems> {
    let text = setting.about.per_table.and_then(|name| Some((name, texts.get(name)?)));
    text.map(|(name, text)| setting.parse(&format!("{PER_TABLE}{table}_{name}"), text)).transpose()
}

/// The name of one column, in double quotes or not.
pub(super) const COLUMN: Form<String> = Form::Like("a column's name", |text| Some(unquote(text)));

/// Names of columns.
pub(super) const COLUMN_LIST: Form<Vec<String>> =
    Form::Like("columns such as tenant_id,id, names with odd characters in double quotes", |text| {
        let names = split_outside_quotes(text, ',').into_iter().map(unquote).filter(|name| !name.is_empty());
        Some(names.collect::<Vec<_>>()).filter(|names| !names.is_empty())
    });

/// Names of columns, and what each is read as.
pub(super) const COLUMN_TYPES: Form<Vec<(String, ReadAs)>> =
    Form::Judged("columns and what each is read as, json or text, such as tags:json,total:text", |text| {
        let parts = split_outside_quotes(text, ',').into_iter().map(str::trim).filter(|part| !part.is_empty());
        let pairs = parts.map(|part| column_type(part).ok_or(part)).collect::<Result<Vec<_>, _>>();
        let form = settings::TYPE.form();
        match pairs {
            Ok(pairs) if pairs.is_empty() => Err(format!("expected {form}")),
            Ok(pairs) => match repeated(&pairs) {
                Some(name) => Err(format!("column {name:?} is named twice; expected {form}")),
                None => Ok(pairs),
            },
            Err(part) => Err(format!("{part:?} is no column with :json or :text behind it; expected {form}")),
        }
    });

/// `tags:json` → the column, and what it is read as.
fn column_type(part: &str) -> Option<(String, ReadAs)> {
    let pieces = split_outside_quotes(part, ':');
    let [name, word] = pieces[..] else { return None };
    let wanted = match word.trim().to_ascii_lowercase().as_str() {
        "json" => ReadAs::Json,
        "text" => ReadAs::Text,
        _ => return None,
    };
    Some((unquote(name), wanted)).filter(|(name, _)| !name.is_empty())
}

fn repeated(pairs: &[(String, ReadAs)]) -> Option<&str> {
    let again = |(at, (name, _)): (usize, &(String, ReadAs))| pairs[..at].iter().any(|(other, _)| other == name);
    pairs.iter().enumerate().find(|pair| again(*pair)).map(|(_, (name, _))| name.as_str())
}

fn unquote(name: &str) -> String {
    let name = name.trim();
    match name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => name.to_owned(),
    }
}
