//! Settings that must not be shown: given directly or as `NAME_FILE`.

use super::Problems;
use std::fmt;

/// A secret's text. Its `Debug` form hides it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Reads the secret, if it is given; a trailing newline in the file is not part of it.
    pub(super) fn new(
        name: &str,
        value: &Option<String>,
        file: &Option<String>,
        problems: &mut Problems,
    ) -> Option<Self> {
        match (value, file) {
            (Some(_), Some(_)) => {
                problems.add(format!("{name} and {name}_FILE are both set: keep one"));
                None
            }
            (Some(value), None) => Some(Self(value.clone())),
            (None, Some(path)) => match std::fs::read_to_string(path) {
                Ok(text) => Some(Self(text.trim_end_matches(['\n', '\r']).to_owned())),
                Err(error) => {
                    problems.add(format!("{name}_FILE={path}: cannot read it: {error}"));
                    None
                }
            },
            (None, None) => None,
        }
    }

    /// The text itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
