//! The ledger: loaded once, changed in memory, written through in one SQLite transaction per step of a cycle.
//!
//! What is changed here counts once [`Ledger::commit`] has returned; until then a crash leaves the step before. An error leaves
//! memory ahead of the file, so the process must not go on with this ledger then.

use super::contents::{Contents, Waiting};
use super::records::{BootstrapReason, SourceState, TableState, UpToDate};
use super::requests::Asked;
use super::{Failure, FolderLock, archive, damaged, queue, schema};
use crate::error::Result;
use crate::model::batch::new_owner;
use crate::model::{Batch, ChangeSet, ComparisonProgress, Counts, Payload, TableName};
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use std::collections::BTreeSet;
use std::ops::Deref;
use std::path::{Path, PathBuf};

/// The open ledger of this process. Reads as its [`Contents`].
pub struct Ledger {
    pub(super) db: Connection,
    pub(super) path: PathBuf,
    contents: Contents,
    /// Records to write with the next commit.
    changed: Changed,
    /// And what to do beside, in order.
    pub(super) writes: Vec<Write>,
    /// Held as long as the ledger is open.
    _lock: FolderLock,
}

#[derive(Default)]
struct Changed {
    source: bool,
    tables: BTreeSet<TableName>,
}

/// Whether a commit must survive a power failure, or only a crash of the process: the lake's own record repairs the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    Process,
    Power,
}

/// One change of the file.
pub(super) enum Write {
    ForgetTable(TableName),
    RenameArchive(Vec<(TableName, TableName)>),
    AddFiles { table: TableName, from: usize, files: Vec<Batch> },
    DropFiles(TableName),
    Enqueue(Box<ChangeSet>),
    Dequeue { cycle: String, table: TableName },
    DequeueAll(TableName),
    Archive { table: TableName, paths: Vec<PathBuf> },
    Unarchive(Vec<PathBuf>),
    ForgetRequest(Asked),
    UpToDate(Box<UpToDate>),
}

impl Deref for Ledger {
    type Target = Contents;

    fn deref(&self) -> &Contents {
        &self.contents
    }
}

impl Ledger {
    /// Opens or creates `folder/checkpoints.db`, alone.
    ///
    /// # Errors
    /// `State`: the folder cannot be written, is in use by another process, or the file is damaged.
    pub fn open(folder: &Path) -> Result<Self> {
        let lock = FolderLock::take(folder)?;
        let path = folder.join(schema::FILE);
        let db = schema::open(&path).map_err(|error| damaged(&path, &error))?;
        let contents = Contents::load(&db).map_err(|failure| failure.into_error(&path))?;
        let mut ledger = Self { db, path, contents, changed: Changed::default(), writes: Vec::new(), _lock: lock };
        if ledger.source.owner.is_empty() {
            ledger.source_mut().owner = new_owner();
            ledger.commit(Durability::Power)?;
        }
        Ok(ledger)
    }

    /// Writes what has changed, in one transaction.
    ///
    /// # Errors
    /// `State`: the file cannot be written.
    pub fn commit(&mut self, durability: Durability) -> Result<()> {
        let Changed { source, tables } = std::mem::take(&mut self.changed);
        let writes = std::mem::take(&mut self.writes);
        if !source && tables.is_empty() && writes.is_empty() {
            return Ok(());
        }
        let level = if durability == Durability::Power { "FULL" } else { "NORMAL" };
        let contents = &self.contents;
        let mut write = || -> Result<(), Failure> {
            self.db.pragma_update(None, "synchronous", level)?;
            let transaction = self.db.transaction()?;
            if source {
                let body = serde_json::to_string(&contents.source)?;
                transaction.execute("INSERT OR REPLACE INTO source (id, body) VALUES (1, ?1)", [body])?;
            }
            let mut insert =
                transaction.prepare("INSERT OR REPLACE INTO tables (schema, name, body) VALUES (?1, ?2, ?3)")?;
            for name in &tables {
                if let Some(table) = contents.tables.get(name) {
                    insert.execute(params![name.schema, name.table, serde_json::to_string(table)?])?;
                }
            }
            drop(insert);
            for change in &writes {
                apply(&transaction, change)?;
            }
            Ok(transaction.commit()?)
        };
        write().map_err(|failure| failure.into_error(&self.path))
    }

    /// What is known of the source as a whole, to be changed.
    pub fn source_mut(&mut self) -> &mut SourceState {
        self.changed.source = true;
        &mut self.contents.source
    }

    /// What is known of this table, to be changed; nothing yet where it is new.
    pub fn table_mut(&mut self, name: &TableName) -> &mut TableState {
        self.changed.tables.insert(name.clone());
        self.contents.tables.entry(name.clone()).or_default()
    }

    /// Adds durable files to this table's bootstrap, which must be under way.
    pub fn add_bootstrap_files(&mut self, name: &TableName, files: Vec<Batch>) {
        if let Some(progress) = &mut self.table_mut(name).bootstrap {
            let from = progress.files.len();
            progress.rows += files.iter().map(|file| file.rows).sum::<u64>();
            progress.files.extend(files.iter().cloned());
            self.writes.push(Write::AddFiles { table: name.clone(), from, files });
        }
    }

    /// Gives up this table's bootstrap, if one is under way. Returns its files, which are garbage now.
    pub fn drop_bootstrap(&mut self, name: &TableName) -> Vec<Batch> {
        let Some(progress) = self.contents.tables.get(name).and_then(|table| table.bootstrap.clone()) else {
            return Vec::new();
        };
        self.table_mut(name).bootstrap = None;
        self.writes.push(Write::DropFiles(name.clone()));
        progress.files
    }

    /// Forgets this table's progress and waiting change sets, and of its position all but up to where recorded versions were read:
    /// the next cycle bootstraps it, for this reason. Returns files that are garbage now.
    ///
    /// # Errors
    /// `State`: the queue cannot be read.
    pub fn reset(&mut self, name: &TableName, reason: BootstrapReason) -> Result<Vec<Batch>> {
        let mut garbage = self.drop_waiting(name)?;
        garbage.extend(self.drop_bootstrap(name));
        let table = self.table_mut(name);
        table.versions_since = table.position.take().or(table.versions_since.take());
        table.bootstrap_reason = Some(reason);
        Ok(garbage)
    }

    /// Forgets a table altogether. Returns files that are garbage now.
    ///
    /// # Errors
    /// `State`: the queue cannot be read.
    pub fn forget(&mut self, name: &TableName) -> Result<Vec<Batch>> {
        let mut garbage = self.drop_waiting(name)?;
        garbage.extend(self.drop_bootstrap(name));
        self.contents.tables.remove(name);
        self.changed.tables.remove(name);
        self.writes.push(Write::ForgetTable(name.clone()));
        Ok(garbage)
    }

    /// Has tables that the source renamed go by their new names, all at once. Returns files that are garbage now: what waits is read
    /// again.
    ///
    /// # Errors
    /// `State`: the queue cannot be read.
    pub fn rename(&mut self, names: &[(TableName, TableName)]) -> Result<Vec<Batch>> {
        let mut garbage = Vec::new();
        let mut renamed = Vec::new();
        for (from, to) in names {
            garbage.extend(self.drop_waiting(from)?);
            garbage.extend(self.drop_bootstrap(from));
            if let Some(known) = self.contents.tables.remove(from) {
                let former = known.former.clone().or(Some(from.clone())).filter(|former| former != to);
                renamed.push((to, TableState { former, folder: None, ..known }));
            }
            self.changed.tables.remove(from);
            self.writes.push(Write::ForgetTable(from.clone()));
        }
        for (to, known) in renamed {
            *self.table_mut(to) = known;
        }
        if !names.is_empty() {
            self.writes.push(Write::RenameArchive(names.to_vec()));
        }
        Ok(garbage)
    }

    /// Takes in an extracted change set: its batches are durable, and wait for the lake.
    ///
    /// A table without new rows only moves on: its position, or that of its newest change set that waits.
    pub fn enqueue(&mut self, set: ChangeSet) {
        // A bootstrap has just shown which keys there are.
        let progress = match &set.payload {
            Payload::Bootstrap { .. } => {
                Some(ComparisonProgress { begun: chrono::Utc::now(), next_key: None, repairs: false })
            }
            Payload::Delta { .. } | Payload::FullRead { .. } => {
                set.comparison().map(|comparison| comparison.progress.clone())
            }
        };
        if let Some(progress) = progress {
            self.table_mut(&set.table).comparison = Some(progress);
        }
        let stored = match self.contents.waiting.get_mut(&set.table) {
            None if !set.has_work() => return self.advance(&set, None),
            Some(waiting) if !set.has_work() && waiting.newest.schema == set.schema => {
                let full_scan = set.position.full_scan.or(waiting.newest.position.full_scan.take());
                waiting.newest.position = crate::model::Position { full_scan, ..set.position };
                waiting.newest.clone()
            }
            Some(waiting) => {
                waiting.batches += set.batches().count();
                waiting.has_work |= set.has_work();
                waiting.newest = set.clone();
                set
            }
            None => {
                let waiting = Waiting { batches: set.batches().count(), has_work: true, newest: set.clone() };
                self.contents.waiting.insert(set.table.clone(), waiting);
                set
            }
        };
        self.writes.push(Write::Enqueue(Box::new(stored)));
    }

    /// Takes in that the lake holds this change set, and `counts` now: the position moves.
    pub fn applied(&mut self, set: &ChangeSet, counts: Option<Counts>) {
        self.advance(set, counts);
        let done = self.contents.waiting.get(&set.table).is_some_and(|waiting| waiting.newest.cycle == set.cycle);
        if done {
            self.contents.waiting.remove(&set.table);
        } else if let Some(waiting) = self.contents.waiting.get_mut(&set.table) {
            waiting.batches = waiting.batches.saturating_sub(set.batches().count());
        }
        self.writes.push(Write::Dequeue { cycle: set.cycle.clone(), table: set.table.clone() });
        let paths = set.batches().map(|batch| batch.path.clone()).collect();
        self.writes.push(Write::Archive { table: set.table.clone(), paths });
    }

    fn advance(&mut self, set: &ChangeSet, counts: Option<Counts>) {
        if set.is_bootstrap() {
            // Its files are the change set's from here on.
            self.drop_bootstrap(&set.table);
        }
        let table = self.table_mut(&set.table);
        table.position = Some(set.position.clone());
        table.versions_since = None;
        table.schema = Some(set.schema.clone());
        table.deletes = Some(set.deletes);
        table.lake = Some(set.lake.clone());
        table.cursor = Some(set.cursor.clone());
        table.bootstrap_reason = None;
        table.former = None;
        // What the lake recorded, so that both agree.
        if set.has_work() || counts.is_some() {
            table.cycle = Some(set.cycle.clone());
        }
        if let Some(counts) = counts {
            table.rows = Some(counts.rows);
            table.rejects = counts.rejects;
            // One that repairs and leaves some all the same cannot do better.
            if counts.lacking > 0 && set.comparison().is_some_and(|comparison| !comparison.repairs) {
                table.comparison =
                    Some(ComparisonProgress { begun: chrono::Utc::now(), next_key: None, repairs: true });
            }
        }
    }

    /// Forgets change sets of this table that wait; returns their files, which are garbage now.
    ///
    /// # Errors
    /// `State`: the queue cannot be read.
    pub fn drop_waiting(&mut self, name: &TableName) -> Result<Vec<Batch>> {
        if !self.contents.waiting.contains_key(name) {
            return Ok(Vec::new());
        }
        let garbage = self.waiting_files(name)?;
        self.contents.waiting.remove(name);
        self.writes.push(Write::DequeueAll(name.clone()));
        Ok(garbage)
    }

    /// Forgets a request that was processed.
    pub fn forget_request(&mut self, asked: &Asked) {
        self.writes.push(Write::ForgetRequest(asked.clone()));
    }

    /// Records that all tables stand at one snapshot, unless there is work that some process has left here meanwhile. It must be the
    /// last write of its commit: any other makes the record void.
    pub fn record_up_to_date(&mut self, record: UpToDate) {
        self.contents.freshen(&record);
        self.contents.up_to_date = Some(record.clone());
        self.writes.push(Write::UpToDate(Box::new(record)));
    }

    /// The record, if nothing has been written here since it was made, by whomever.
    ///
    /// # Errors
    /// `State`: the file cannot be read.
    pub fn still_up_to_date(&self) -> Result<Option<&UpToDate>> {
        let valid: Result<Option<bool>, _> =
            self.db.query_row("SELECT valid FROM settled", [], |row| row.get(0)).optional();
        let valid = valid.map_err(|error| damaged(&self.path, &error))?.unwrap_or(false);
        Ok(self.contents.up_to_date.as_ref().filter(|_| valid))
    }
}

fn apply(db: &Transaction<'_>, write: &Write) -> Result<(), Failure> {
    match write {
        Write::ForgetTable(table) => {
            db.execute("DELETE FROM tables WHERE schema = ?1 AND name = ?2", params![table.schema, table.table])?;
        }
        Write::RenameArchive(names) => archive::rename(db, names)?,
        Write::AddFiles { table, from, files } => {
            let mut insert = db.prepare("INSERT OR REPLACE INTO bootstrap_files VALUES (?1, ?2, ?3, ?4)")?;
            for (at, file) in files.iter().enumerate() {
                insert.execute(params![table.schema, table.table, (from + at) as i64, serde_json::to_string(file)?])?;
            }
        }
        Write::DropFiles(table) => {
            db.execute(
                "DELETE FROM bootstrap_files WHERE schema = ?1 AND name = ?2",
                params![table.schema, table.table],
            )?;
        }
        Write::Enqueue(set) => queue::insert(db, set)?,
        Write::Dequeue { cycle, table } => queue::delete(db, cycle, table)?,
        Write::DequeueAll(table) => queue::delete_all(db, table)?,
        Write::Archive { table, paths } => archive::add(db, table, paths)?,
        Write::Unarchive(paths) => archive::remove(db, paths)?,
        Write::ForgetRequest((table, what)) => {
            db.execute(
                "DELETE FROM requests WHERE schema = ?1 AND name = ?2 AND what = ?3",
                params![table.schema, table.table, what.name()],
            )?;
        }
        Write::UpToDate(record) => {
            db.execute(
                "INSERT OR REPLACE INTO settled (id, valid, body) SELECT 1, 1, ?1 \
                 WHERE NOT EXISTS (SELECT 1 FROM requests) AND NOT EXISTS (SELECT 1 FROM pending)",
                params![serde_json::to_string(record)?],
            )?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
