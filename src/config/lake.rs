//! What the lake needs to know: a part of [`super::Config`], so that nobody needs all of it to open a file.

use super::{Config, DeclareKey, Memory};
use std::path::PathBuf;

/// How the lake is opened and written.
#[derive(Debug, Clone)]
pub struct LakeSettings {
    pub path: PathBuf,
    pub memory: Memory,
    pub declare_key: DeclareKey,
    /// The share of a table, in percent, that a comparison of keys may delete at once.
    pub delete_brake: u64,
}

impl Config {
    /// The lake's part.
    pub fn lake_settings(&self) -> LakeSettings {
        LakeSettings {
            path: self.lake.clone(),
            memory: self.lake_memory,
            declare_key: self.declare_key,
            delete_brake: self.delete_brake,
        }
    }
}
