//! What is wrong with the settings, one sentence each: all of it is told in one run.

use crate::error::Error;

/// At least one problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(Vec<String>);

impl Problems {
    /// What kept this from being read.
    pub fn of<T>(read: &Result<T, Self>) -> Option<Self> {
        read.as_ref().err().cloned()
    }

    /// Refuses to go on where something was found; what was found twice is told once.
    ///
    /// # Errors
    /// All that was found.
    pub fn refuse(found: impl IntoIterator<Item = Self>) -> Result<(), Self> {
        let mut told: Vec<String> = Vec::new();
        for sentence in found.into_iter().flat_map(|problems| problems.0) {
            if !told.contains(&sentence) {
                told.push(sentence);
            }
        }
        if told.is_empty() { Ok(()) } else { Err(Self(told)) }
    }

    /// One error that tells them all.
    pub fn into_error(self) -> Error {
        Error::config(match self.0.as_slice() {
            [only] => only.clone(),
            many => format!(
                "{} settings need attention:{}",
                many.len(),
                many.iter().map(|sentence| format!("\n  - {sentence}")).collect::<String>()
            ),
        })
    }
}

impl From<String> for Problems {
    fn from(sentence: String) -> Self {
        Self(vec![sentence])
    }
}

impl From<&str> for Problems {
    fn from(sentence: &str) -> Self {
        Self::from(sentence.to_owned())
    }
}
