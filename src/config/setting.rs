//! What a setting is: a name, a form with its parser, a default, a meaning. The settings themselves are in
//! [`super::settings`].
//!
//! A default is a text, read by the parser that reads what users type, so what is documented is what happens.

use super::{Problems, raw::RawEnv};
use std::borrow::Cow;
use std::ops::RangeInclusive;

/// A setting whose values are `T`.
pub struct Setting<T: 'static> {
    pub about: About,
    form: Form<T>,
}

/// What is known of a setting whatever its type.
pub struct About {
    pub name: &'static str,
    /// Where its text is; a setting that is said of single tables only has none.
    pub text: Option<Field>,
    /// Where the path of the file is that holds its text: it is a secret then.
    pub file: Option<Field>,
    pub default: Option<&'static str>,
    /// What holds where there is no default, in words for the documentation.
    pub unset: &'static str,
    /// How it is called in `SYNC_TABLE_<NAME>_<SETTING>`.
    pub per_table: Option<&'static str>,
    pub meaning: &'static str,
}

/// One variable of the environment.
pub type Field = fn(&RawEnv) -> &Option<String>;

/// What a setting accepts, and how it is read.
pub enum Form<T: 'static> {
    /// One of these words, in any case.
    Words(&'static [(&'static str, T)]),
    /// A whole number of this range, and what it counts.
    Whole(RangeInclusive<u64>, fn(u64) -> Option<T>),
    /// What the words describe and the function reads.
    Like(&'static str, fn(&str) -> Option<T>),
    /// The same, where the function has a complaint of its own.
    Judged(&'static str, fn(&str) -> Result<T, String>),
}

/// A setting of any type, as the table and its documentation list it.
pub trait Described: Sync {
    fn about(&self) -> &About;
    /// What it accepts, in the words of its error message.
    fn form(&self) -> String;
    /// What is wrong with this text for it, `variable` being how it was spelled.
    fn problem(&self, variable: &str, text: &str) -> Option<Problems>;
}

impl<T: Clone> Form<T> {
    fn words(&self) -> String {
        match self {
            Self::Words(choices) => choices.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(" or "),
            Self::Whole(range, _) => format!("a whole number from {} to {}", range.start(), range.end()),
            Self::Like(words, _) | Self::Judged(words, _) => (*words).to_owned(),
        }
    }

    /// The value, or a complaint.
    fn parse(&self, text: &str) -> Result<T, String> {
        let value = match self {
            Self::Words(choices) => {
                let found = choices.iter().find(|(word, _)| text.trim().eq_ignore_ascii_case(word));
                found.map(|(_, value)| value.clone())
            }
            Self::Whole(range, value) => {
                text.trim().parse().ok().filter(|number| range.contains(number)).and_then(value)
            }
            Self::Like(_, value) => value(text),
            Self::Judged(_, judge) => return judge(text),
        };
        value.ok_or_else(|| format!("expected {}", self.words()))
    }
}

impl<T: Clone> Setting<T> {
    pub(super) const fn new(name: &'static str, text: Field, form: Form<T>, meaning: &'static str) -> Self {
        let about = About { name, text: Some(text), file: None, default: None, unset: "", per_table: None, meaning };
        Self { about, form }
    }

    /// A setting that is said of single tables only.
    pub(super) const fn of_table(name: &'static str, form: Form<T>, meaning: &'static str) -> Self {
        let about = About { name, text: None, file: None, default: None, unset: "", per_table: Some(name), meaning };
        Self { about, form }
    }

    pub(super) const fn default(mut self, text: &'static str) -> Self {
        self.about.default = Some(text);
        self
    }

    /// What the documentation has in place of a default.
    pub(super) const fn unset(mut self, words: &'static str) -> Self {
        self.about.unset = words;
        self
    }

    /// It may be said of a single table, by this name.
    pub(super) const fn per_table(mut self, name: &'static str) -> Self {
        self.about.per_table = Some(name);
        self
    }

    /// It is not to be shown, and may come from a file.
    pub(super) const fn secret(mut self, file: Field) -> Self {
        self.about.file = Some(file);
        self
    }

    /// What it accepts, in the words of its error message.
    pub fn form(&self) -> String {
        self.form.words()
    }

    /// What was said, else the default; `None` where there is neither.
    pub(super) fn read(&self, raw: &RawEnv) -> Result<Option<T>, Problems> {
        let said = self.about.said(raw)?;
        let text = said.as_deref().or(self.about.default);
        text.map(|text| self.parse(self.about.name, text)).transpose()
    }

    /// The same of a setting that cannot be done without.
    pub(super) fn value(&self, raw: &RawEnv) -> Result<T, Problems> {
        let missing = || Problems::from(format!("{} is not set; expected {}", self.about.name, self.form()));
        self.read(raw)?.ok_or_else(missing)
    }

    /// Reads this text, `variable` being how the setting was spelled.
    pub(super) fn parse(&self, variable: &str, text: &str) -> Result<T, Problems> {
        let example = match (&self.form, self.about.default) {
            (Form::Whole(..), Some(default)) => format!(", as in {variable}={default}"),
            _ => String::new(),
        };
        self.form.parse(text).map_err(|complaint| {
            Problems::from(match self.about.file {
                None => format!("{variable}={text}: {complaint}{example}"),
                Some(_) => format!("{variable}: {complaint} (value not shown: it may hold a password)"),
            })
        })
    }
}

impl<T: Clone + Sync> Described for Setting<T> {
    fn about(&self) -> &About {
        &self.about
    }

    fn form(&self) -> String {
        self.form()
    }

    fn problem(&self, variable: &str, text: &str) -> Option<Problems> {
        self.parse(variable, text).err()
    }
}

impl About {
    /// The variables that set it for the whole process: itself, and the file of a secret.
    pub fn variables(&self) -> impl Iterator<Item = String> {
        let text = self.text.map(|_| self.name.to_owned());
        let file = self.file.map(|_| format!("{}_FILE", self.name));
        text.into_iter().chain(file)
    }

    /// What its own variable holds.
    pub(super) fn text<'a>(&self, raw: &'a RawEnv) -> Option<&'a str> {
        self.text.and_then(|text| text(raw).as_deref())
    }

    /// What its variable holds, or the file that the variable of that purpose names.
    fn said<'a>(&self, raw: &'a RawEnv) -> Result<Option<Cow<'a, str>>, Problems> {
        let (name, file) = (self.name, self.file.and_then(|file| file(raw).as_deref()));
        match (self.text(raw), file) {
            (Some(_), Some(_)) => Err(format!("{name} and {name}_FILE are both set: keep one").into()),
            (None, Some(path)) => match std::fs::read_to_string(path) {
                // The newline that ends a file is not part of the secret.
                Ok(text) => Ok(Some(Cow::Owned(text.trim_end_matches(['\n', '\r']).to_owned()))),
                Err(error) => Err(format!("{name}_FILE={path}: cannot read it: {error}").into()),
            },
            (text, None) => Ok(text.map(Cow::Borrowed)),
        }
    }
}
