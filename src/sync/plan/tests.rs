//! Every decision of the plan, without a database.

mod recorded;

use super::*;
use crate::config::raw::RawEnv;
use crate::model::{
    AuditTriggers, BootstrapProgress, ChangeSet, ColumnType, ComparisonProgress, Cursor, CursorKind, DeletesBy,
    FullScan, Mode, Payload, RejectPolicy, RelationKind, SourceColumn, TableSchema,
};
use crate::source::catalog::Selected;
use crate::state::contents::Waiting;
use std::time::Duration;

const CLOCK: &str = "2026-11-26 12:00:00.000000";

/// A cycle that is about to be planned: one healthy table, `public.t`, that the lake holds.
struct Case {
    config: Config,
    ledger: Contents,
    tables: Vec<TableToSync>,
    source: Now,
    recorded: HashMap<u32, AuditSummary>,
    retrying: HashMap<TableName, Retrying>,
    full_scan_tried: HashMap<TableName, DateTime<Utc>>,
    now: DateTime<Utc>,
}

fn name() -> TableName {
    TableName::new("public", "t")
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

fn schema() -> TableSchema {
    TableSchema {
        relation: 7,
        columns: vec![SourceColumn::plain(1, "id", ColumnType::Int8), SourceColumn::plain(2, "v", ColumnType::Text)],
        key: vec!["id".into()],
        key_proven: true,
        storage: "files".into(),
        ..TableSchema::default()
    }
}

fn relation(name: &TableName) -> Relation {
    Relation {
        oid: 7,
        name: name.clone(),
        schema: schema(),
        cursor: Cursor::Column { name: "updated_at".into(), kind: CursorKind::TimestampTz, nullable: false },
        cursor_indexed: true,
        has_children: false,
        unlogged: false,
        pages: 5_000,
        rejects: RejectPolicy::Keep,
        salt: config(&[]).mask_salt,
    }
}

fn table(name: &TableName) -> TableToSync {
    TableToSync {
        selected: Selected {
            oid: 7,
            name: name.clone(),
            kind: RelationKind::Table,
            reads_xmin: true,
            forbidden: false,
        },
        lake: TableName::new("main", &name.table),
        mode: Mode::Mirror,
        deletes: Deletes::Auto,
        audit: None,
        relation: Ok(relation(name)),
    }
}

fn triggers(fingerprint: &str, full: bool) -> Option<AuditTriggers> {
    Some(AuditTriggers { fingerprint: fingerprint.into(), lack: None, full, shapes: true })
}

fn position() -> Position {
    Position {
        fence: crate::model::Fence { xmin: 1_000, low: None },
        snapshot: "1000:1000:".into(),
        as_of: "2026-11-26 11:59:30.000000".into(),
        full_scan: Some(FullScan { xmin: 900, at: at("2026-11-26T11:30:00Z") }),
        audit: None,
    }
}

fn state() -> TableState {
    TableState {
        position: Some(position()),
        schema: Some(schema()),
        lake: Some(TableName::new("main", "t")),
        comparison: Some(ComparisonProgress { begun: at("2026-11-26T11:55:00Z"), next_key: None, repairs: false }),
        ..TableState::default()
    }
}

fn config(settings: &[(&str, &str)]) -> Config {
    let always = [("DATABASE_URL", "postgres://u@localhost/db"), ("SYNC_TABLES", "t")];
    let set = always.iter().chain(settings).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::from_raw(&RawEnv::from_vars(set)).expect("valid settings")
}

fn case(settings: &[(&str, &str)]) -> Case {
    let mut ledger = Contents::default();
    ledger.tables.insert(name(), state());
    Case {
        config: config(settings),
        ledger,
        tables: vec![table(&name())],
        source: Now { xmin: 1_100, xmax: 1_200, clock: CLOCK.into() },
        recorded: HashMap::new(),
        retrying: HashMap::new(),
        full_scan_tried: HashMap::new(),
        now: at("2026-11-26T12:00:00Z"),
    }
}

impl Case {
    fn facts(&self) -> Facts<'_> {
        Facts {
            config: &self.config,
            ledger: &self.ledger,
            tables: &self.tables,
            source: self.source.clone(),
            recorded: Some(&self.recorded),
            retrying: self.retrying.clone(),
            full_scan_tried: &self.full_scan_tried,
            now: self.now,
        }
    }

    fn state(&mut self) -> &mut TableState {
        self.ledger.tables.get_mut(&name()).expect("the table is known")
    }

    fn position(&mut self) -> &mut Position {
        self.state().position.as_mut().expect("the lake holds it")
    }

    fn relation(&mut self) -> &mut Relation {
        self.tables[0].relation.as_mut().expect("it can be synced")
    }

    /// What is done with the only table, as `poll`, `bootstrap: why`, …
    fn plan(&self) -> String {
        let plan = plan(&self.facts()).pop().expect("a plan for the table");
        match plan.action {
            Action::Refuse(_) => format!("refuse: {}", plan.why),
            Action::Wait(_) => format!("wait: {}", plan.why),
            Action::Hold => format!("hold: {}", plan.why),
            Action::Bootstrap(_) => format!("bootstrap: {}", plan.why),
            Action::ReadInFull => format!("read in full: {}", plan.why),
            Action::Poll(poll) => {
                let rows = match poll.rows {
                    Some(Rows::Cursor) => "rows by cursor",
                    Some(Rows::FullScan) => "rows by full scan",
                    None => "no rows",
                };
                let parts =
                    [(poll.versions.is_some(), ", versions"), (poll.deletes, ", deletes"), (poll.compare, ", keys")];
                let parts: String = parts.iter().filter(|(read, _)| *read).map(|(_, what)| *what).collect();
                format!("poll: {rows}{parts}")
            }
        }
    }
}

#[test]
fn a_table_that_the_lake_holds_is_polled_by_its_cursor_and_says_since_when() {
    let case = case(&[]);
    assert_eq!(case.plan(), "poll: rows by cursor");
    assert_eq!(plan(&case.facts())[0].why, "by updated_at since 2026-11-26 11:59:30.000000");
}

#[test]
fn a_new_table_is_bootstrapped_and_an_interrupted_one_goes_on() {
    let mut new = case(&[]);
    new.ledger.tables.clear();
    assert_eq!(new.plan(), "bootstrap: the lake does not hold it yet");
    let mut interrupted = case(&[]);
    *interrupted.state() = TableState {
        bootstrap: Some(BootstrapProgress {
            cycle: "1".into(),
            schema: schema(),
            position: position(),
            next_page: Some(8_192),
            rewritten: false,
            rows: 500,
            files: Vec::new(),
        }),
        ..TableState::default()
    };
    assert_eq!(interrupted.plan(), "bootstrap: goes on after 500 rows");
    interrupted.state().bootstrap.as_mut().expect("under way").next_page = None;
    assert_eq!(interrupted.plan(), "poll: rows by cursor");
}

#[test]
fn what_waits_for_the_lake_is_the_position_that_counts() {
    let mut case = case(&[]);
    let newest = ChangeSet {
        cycle: "2".into(),
        table: name(),
        lake: TableName::new("main", "t"),
        cursor: "updated_at".into(),
        deletes: DeletesBy::Off,
        schema: schema(),
        position: Position { as_of: "2026-11-26 11:59:59.000000".into(), full_scan: None, ..position() },
        earlier: Vec::new(),
        origin: None,
        succeeds: Vec::new(),
        drops_history: false,
        former: None,
        payload: Payload::FullRead { files: Vec::new() },
    };
    case.ledger.waiting.insert(name(), Waiting { newest, batches: 1, has_work: true });
    assert_eq!(plan(&case.facts())[0].why, "by updated_at since 2026-11-26 11:59:59.000000");
    // The full scan of before still counts, and nothing is compared with a lake that lags behind.
    case.state().comparison = None;
    assert_eq!(case.plan(), "poll: rows by cursor");
    case.now = at("2026-11-26T13:00:00Z");
    assert_eq!(case.plan(), "poll: rows by full scan");
    // Where it tells of a past that the rows do not tell any more, it comes before a copy of them.
    case.relation().schema.storage = "other files".into();
    assert_eq!(case.plan(), "bootstrap: the source rewrote or truncated it");
    case.ledger.waiting.get_mut(&name()).expect("it waits").newest.schema.mode = Mode::History;
    case.tables[0].mode = Mode::History;
    case.relation().schema.mode = Mode::History;
    case.state().schema = Some(TableSchema { mode: Mode::History, ..schema() });
    assert_eq!(
        case.plan(),
        "hold: once the lake has taken in what waits, it is bootstrapped: the source rewrote or truncated it"
    );
}

#[test]
fn a_full_scan_is_due_by_time_and_at_every_cycle_of_a_small_table() {
    let mut case = case(&[("SWEEP_INTERVAL", "1h")]);
    case.tables[0].deletes = Deletes::Off;
    assert_eq!(case.plan(), "poll: rows by cursor");
    case.now = at("2026-11-26T12:30:00Z");
    assert_eq!(case.plan(), "poll: rows by full scan");
    // One that did not succeed is not tried again at once.
    case.full_scan_tried.insert(name(), at("2026-11-26T12:29:00Z"));
    assert_eq!(case.plan(), "poll: rows by cursor");
    case.full_scan_tried.clear();
    case.now = at("2026-11-26T12:00:00Z");
    case.relation().pages = 8;
    assert_eq!(case.plan(), "poll: rows by full scan");
    // By xmin every poll is one already.
    case.relation().cursor = Cursor::Xmin;
    assert_eq!(case.plan(), "poll: rows by cursor");
}

#[test]
fn an_instant_in_the_future_is_due_now() {
    // Guards against a clock that was ahead once, and kept scans and comparisons away until real time caught up.
    let mut case = case(&[]);
    case.position().full_scan = Some(FullScan { xmin: 900, at: at("2027-01-01T00:00:00Z") });
    assert_eq!(case.plan(), "poll: rows by full scan");
    case.position().full_scan = position().full_scan;
    case.state().comparison =
        Some(ComparisonProgress { begun: at("2027-01-01T00:00:00Z"), next_key: None, repairs: false });
    assert_eq!(case.plan(), "poll: rows by cursor, keys");
}

#[test]
fn keys_are_compared_when_that_is_due_or_under_way() {
    let mut case = case(&[("DIFF_INTERVAL", "10min")]);
    assert_eq!(case.plan(), "poll: rows by cursor");
    case.now = at("2026-11-26T12:05:00Z");
    assert_eq!(case.plan(), "poll: rows by cursor, keys");
    case.now = at("2026-11-26T11:56:00Z");
    case.state().comparison.as_mut().expect("compared before").next_key = Some("50000".into());
    assert_eq!(case.plan(), "poll: rows by cursor, keys");
    case.tables[0].deletes = Deletes::Off;
    assert_eq!(case.plan(), "poll: rows by cursor");
}

#[test]
fn a_source_that_went_back_or_too_far_ahead_costs_a_bootstrap() {
    let mut case = case(&[]);
    case.source.xmin = 999;
    assert_eq!(case.plan(), "bootstrap: the source is older than the cursor (restored from a backup?)");
    case.source = Now { xmin: 1 << 33, xmax: 1 << 33, clock: CLOCK.into() };
    assert_eq!(case.plan(), "bootstrap: the cursor is more than 2^32 transactions behind");
}

#[test]
fn drift_is_followed_or_takes_a_bootstrap() {
    let mut case = case(&[]);
    case.relation().schema.columns.push(SourceColumn::plain(3, "note", ColumnType::Text));
    assert_eq!(case.plan(), "poll: rows by cursor");
    case.relation().schema.columns[2].has_missing = true;
    assert_eq!(case.plan(), "bootstrap: column \"note\" was added with a default");
    case.relation().schema = TableSchema { storage: "other files".into(), ..schema() };
    assert_eq!(case.plan(), "bootstrap: the source rewrote or truncated it");
    case.relation().schema = schema();
    case.relation().schema.columns[1] = SourceColumn::plain(2, "v", ColumnType::Int4);
    assert_eq!(case.plan(), "bootstrap: column \"v\" was varchar and is integer now");
}

#[test]
fn another_name_in_the_lake_or_the_source_moves_the_table() {
    let mut case = case(&[]);
    case.tables[0].lake = TableName::new("analytics", "t");
    let follows =
        |case: &Case| plan(&case.facts())[0].why.ends_with("the lake table follows the source's names and columns");
    assert!(follows(&case));
    case.tables[0].lake = TableName::new("main", "t");
    assert!(!follows(&case));
    case.state().former = Some(TableName::new("public", "former"));
    assert!(follows(&case));
}

#[test]
fn another_mode_is_refused_until_resync_asks_for_it() {
    let mut case = case(&[]);
    case.tables[0].mode = Mode::History;
    case.relation().schema.mode = Mode::History;
    assert!(case.plan().contains("in mode mirror, and history is asked for now"), "{}", case.plan());
    case.state().bootstrap_reason = Some(BootstrapReason::Resync);
    case.state().position = None;
    assert_eq!(case.plan(), "bootstrap: resync was asked for");
}

#[test]
fn views_and_full_modes_are_read_in_full() {
    let mut case = case(&[]);
    case.tables[0].selected.kind = RelationKind::View;
    assert!(case.plan().starts_with("read in full: its rows do not tell"), "{}", case.plan());
    case.tables[0].selected.kind = RelationKind::Table;
    case.tables[0].mode = Mode::Full;
    case.state().schema.as_mut().expect("a schema").mode = Mode::Full;
    assert_eq!(case.plan(), "read in full: mode full reads all rows at every cycle");
}

#[test]
fn one_table_s_refusal_is_its_own() {
    let mut case = case(&[]);
    let other = TableName::new("sales", "T");
    case.tables.insert(0, table(&other));
    case.state().lake = None;
    let plans = plan(&case.facts());
    assert!(matches!(plans[0].action, Action::Bootstrap(_)), "{plans:?}");
    assert!(plans[1].why.starts_with("lake table main.t would hold both sales.T and public.t"), "{plans:?}");
    let lake = case.tables[1].lake.clone();
    case.state().lake = Some(lake);
    let plans = plan(&case.facts());
    assert!(plans[0].why.starts_with("lake table main.T would hold both public.t and sales.T"), "{plans:?}");
    assert!(matches!(plans[1].action, Action::Poll(_)), "{plans:?}");
    case.tables.remove(0);
    case.tables[0].selected.forbidden = true;
    assert!(case.plan().starts_with("refuse: no privilege to read public.t; run: GRANT USAGE"), "{}", case.plan());
    case.tables[0].selected.forbidden = false;
    case.tables[0].relation = Err(Error::table("public.t has no primary key"));
    assert_eq!(case.plan(), "refuse: public.t has no primary key");
}

#[test]
fn a_table_that_failed_waits_for_its_next_try() {
    let mut case = case(&[]);
    case.retrying.insert(name(), Retrying { message: "it failed".into(), within: Duration::from_secs(30) });
    assert_eq!(case.plan(), "wait: it failed (next try within 30 s)");
}

#[test]
fn settings_that_ask_for_triggers_are_refused_without_them() {
    let mut case = case(&[("AUDIT", "full")]);
    case.tables[0].deletes = Deletes::Audit;
    assert!(case.plan().contains("SYNC_TABLE_T_DELETES=off"), "{}", case.plan());
    case.tables[0].deletes = Deletes::Auto;
    case.tables[0].mode = Mode::Append;
    case.state().schema = None;
    assert!(case.plan().starts_with("refuse: AUDIT=full asks for every version of public.t"), "{}", case.plan());
}

#[test]
fn up_to_date_lasts_until_the_first_thing_that_is_due() {
    let mut case = case(&[("SWEEP_INTERVAL", "1h"), ("DIFF_INTERVAL", "10min")]);
    let until = |case: &Case| up_to_date_until(&case.facts(), "1000:1000:");
    assert_eq!(until(&case), Some(at("2026-11-26T12:05:00Z")));
    case.tables[0].deletes = Deletes::Off;
    assert_eq!(until(&case), Some(at("2026-11-26T12:30:00Z")));
    assert_eq!(up_to_date_until(&case.facts(), "1000:1001:"), None);
    // What changes without a transaction is looked at in every cycle.
    case.tables[0].selected.kind = RelationKind::View;
    assert_eq!(until(&case), None);
}
