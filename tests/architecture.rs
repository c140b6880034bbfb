//! The arrows between the folders of `src`, as `docs/architecture.md` draws them: each folder may know those that are listed,
//! and nothing else of this crate. There is no cycle, since a folder lists only folders above its own line.

use std::path::{Path, PathBuf};

/// Each folder with what it may know, lowest first. `error` and `retry` stand beside all of them.
const ARROWS: [(&str, &[&str]); 11] = [
    ("model", &[]),
    ("config", &["model"]),
    ("decode", &["model"]),
    ("parquet", &["model", "decode"]),
    ("state", &["model", "config"]),
    ("lake", &["model", "config"]),
    ("source", &["model", "config", "decode"]),
    ("setup", &["model", "config", "source"]),
    ("check", &["model", "config", "state", "lake", "source", "setup"]),
    ("sync", &["model", "config", "decode", "parquet", "state", "lake", "source"]),
    ("cli", &["model", "config", "state", "source", "setup", "check", "sync"]),
];

#[test]
fn folders_know_only_what_lies_below_them() {
    let mut wrong = Vec::new();
    for (at, (folder, may_know)) in ARROWS.iter().enumerate() {
        for known in *may_know {
            assert!(ARROWS[..at].iter().any(|(lower, _)| lower == known), "{folder} is listed before {known}");
        }
        for file in rust_files(&source().join(folder)) {
            let text = std::fs::read_to_string(&file).unwrap();
            for known in folders_named_in(&text) {
                if known != *folder && !may_know.contains(&known.as_str()) {
                    wrong.push(format!("{} knows {known}", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that point back up:\n{}", wrong.join("\n"));
}

#[test]
fn every_folder_has_its_line() {
    let mut folders: Vec<String> = std::fs::read_dir(source())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    folders.sort();
    let mut listed: Vec<&str> = ARROWS.iter().map(|(folder, _)| *folder).collect();
    listed.sort_unstable();
    assert_eq!(folders, listed);
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] });
    files.filter(|path| path.extension().is_some_and(|end| end == "rs")).collect()
}

/// What stands behind every `crate::`, in `use` lines and elsewhere, if it is a folder.
fn folders_named_in(text: &str) -> Vec<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let named = code.split("crate::").skip(1).flat_map(|rest| {
        // `use crate::{a, b::c};` names several.
        let end = rest.find([';', '(', ')', '\n']).unwrap_or(rest.len());
        let group = rest[..end].strip_prefix('{').map_or(vec![&rest[..end]], |group| group.split(',').collect());
        group
            .into_iter()
            .map(|path| path.trim().split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("").to_owned())
    });
    named.filter(|name| source().join(name).is_dir() && !name.is_empty()).collect()
}
