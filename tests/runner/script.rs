//! A case's file as a list of steps: SQL for the source between lines that begin with `-- @`, each of which is a directive.

use regex::Regex;

/// One step, and the line of the file at which it stands.
#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    pub line: usize,
    pub kind: Kind,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Kind {
    Sql(String),
    Directive { verb: String, argument: String },
}

/// The steps of a file, in order.
pub fn steps(text: &str) -> Vec<Step> {
    let directive = Regex::new(r"^-- @(\w+)\s*(.*)").unwrap();
    let mut steps = Vec::new();
    let (mut sql, mut first) = (String::new(), 1);
    for (at, line) in text.lines().enumerate() {
        let Some(found) = directive.captures(line) else {
            if sql.trim().is_empty() {
                (sql, first) = (String::new(), at + 1);
            }
            sql.push_str(line);
            sql.push('\n');
            continue;
        };
        send(&mut steps, &mut sql, first);
        let (verb, argument) = (found[1].to_owned(), found[2].trim().to_owned());
        steps.push(Step { line: at + 1, kind: Kind::Directive { verb, argument } });
    }
    send(&mut steps, &mut sql, first);
    steps
}

fn send(steps: &mut Vec<Step>, sql: &mut String, line: usize) {
    let sql = std::mem::take(sql);
    if !sql.trim().is_empty() {
        steps.push(Step { line, kind: Kind::Sql(sql) });
    }
}

/// The major version of Postgres that the case is about, where that is not any.
pub fn version(text: &str) -> Option<&str> {
    Regex::new(r"(?m)^-- @pg (\d+)")
        .unwrap()
        .captures(text)
        .map(|found| found.get(1).map_or("", |major| major.as_str()))
}

/// Whether the case changes what all databases of a server share, so that it must have a server of its own: roles, what
/// the shared role may do, databases, tablespaces, settings of the server.
pub fn changes_the_server(text: &str) -> bool {
    let statement =
        Regex::new(r"(?i)\b(?:create|alter|drop)\s+(role|user|group|database|tablespace|system)\s+(\S+)").unwrap();
    let mut statements = statement.captures_iter(text);
    let granted = Regex::new(r"(?i)\b(?:grant|revoke)\s+pg_\w+").unwrap();
    let role = Regex::new(r"(?m)^-- @setup\b.*--role[ =](\S+)").unwrap();
    statements.any(|found| !found[2].eq_ignore_ascii_case("mapping"))
        || granted.is_match(text)
        || role.captures_iter(text).any(|found| &found[1] != "reader")
}

/// The words of a directive; quotes hold one together.
pub fn words(argument: &str) -> Vec<String> {
    let word = Regex::new(r"'([^']*)'|(\S+)").unwrap();
    let words = word.captures_iter(argument).filter_map(|found| found.get(1).or(found.get(2)));
    words.map(|word| word.as_str().to_owned()).filter(|word| !word.is_empty()).collect()
}

/// `K=V K='V W'` as pairs.
pub fn settings(argument: &str) -> Vec<(String, String)> {
    let setting = Regex::new(r"(\w+)=('[^']*'|\S*)").unwrap();
    setting.captures_iter(argument).map(|found| (found[1].to_owned(), found[2].trim_matches('\'').to_owned())).collect()
}

/// What `@cmp` is to compare.
#[derive(Debug, PartialEq, Eq)]
pub struct Comparison {
    pub table: String,
    pub key: Vec<String>,
    pub lake: String,
    pub condition: String,
}

/// `TABLE KEY[,KEY] [LAKE] [where ...]`; names may be quoted, and hold spaces then.
pub fn comparison(argument: &str) -> Option<Comparison> {
    let name = Regex::new(r#"^\s*((?:"(?:[^"]|"")*"|[^\s"])+)"#).unwrap();
    let mut rest = argument;
    let next = |rest: &mut &str| {
        let found = name.captures(rest)?.get(1)?;
        let token = found.as_str().to_owned();
        *rest = &rest[found.end()..];
        Some(token)
    };
    let (table, key) = (next(&mut rest)?, next(&mut rest)?);
    let before = rest;
    let lake = match next(&mut rest) {
        Some(token) if token.eq_ignore_ascii_case("where") => {
            rest = before;
            None
        }
        token => token,
    };
    let lake = lake.unwrap_or_else(|| table.replace("public.", "main."));
    let key = key.split(',').map(|name| name.trim_matches('"').to_owned()).collect();
    Some(Comparison { table, key, lake, condition: rest.trim().to_owned() })
}
