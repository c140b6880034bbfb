//! What is read of the rows that triggers recorded, and when that is not enough.

use super::*;

#[test]
fn what_triggers_record_decides_what_is_read() {
    let mut case = case(&[]);
    case.tables[0].audit = triggers("a", false);
    case.position().audit = Some("a".into());
    assert_eq!(case.plan(), "poll: rows by cursor");
    case.recorded.insert(7, AuditSummary { deletes: true, anything: true, versions: true, ..Default::default() });
    assert_eq!(case.plan(), "poll: rows by cursor, deletes");
    case.tables[0].mode = Mode::History;
    case.tables[0].audit = triggers("a", true);
    case.relation().schema.mode = Mode::History;
    case.state().schema.as_mut().expect("a schema").mode = Mode::History;
    assert_eq!(case.plan(), "poll: no rows, versions");
    // Where the order of recording may not be that of writing, the rows have the last word.
    case.recorded.insert(7, AuditSummary { nested: true, ..case.recorded[&7] });
    assert_eq!(case.plan(), "poll: rows by cursor, versions, deletes");
    case.recorded.insert(7, AuditSummary { unknown: true, ..Default::default() });
    assert_eq!(case.plan(), "bootstrap: the source truncated it, or could not record which keys were deleted");
}

#[test]
fn triggers_that_can_be_passed_by_are_read_once_more_and_then_not_relied_on() {
    let mut case = case(&[]);
    case.tables[0].mode = Mode::History;
    case.relation().schema.mode = Mode::History;
    case.state().schema.as_mut().expect("a schema").mode = Mode::History;
    let lacking = AuditTriggers { lack: Some("it is off".into()), ..triggers("a", true).expect("triggers") };
    case.tables[0].audit = Some(lacking);
    case.position().audit = Some("a".into());
    case.recorded.insert(7, AuditSummary { anything: true, versions: true, ..Default::default() });
    assert_eq!(case.plan(), "poll: rows by cursor, versions");
    assert!(plan(&case.facts())[0].why.ends_with("its triggers are not relied on: it is off; run: pg2duck setup"));
    assert_eq!(audited(&case.ledger, &case.tables).len(), 1);
    // The lake stands at a position that no triggers led to.
    case.position().audit = None;
    assert_eq!(case.plan(), "poll: rows by cursor");
    assert!(audited(&case.ledger, &case.tables).is_empty());
    case.tables[0].deletes = Deletes::Audit;
    assert!(case.plan().contains("deletes of public.t may go unrecorded: it is off; repair that"), "{}", case.plan());
}

#[test]
fn no_version_is_taken_from_rows_that_lack_a_virtual_column() {
    let mut case = case(&[]);
    case.tables[0].mode = Mode::History;
    case.relation().schema.mode = Mode::History;
    case.state().schema.as_mut().expect("a schema").mode = Mode::History;
    case.tables[0].audit = triggers("a", true);
    case.position().audit = Some("a".into());
    case.recorded.insert(7, AuditSummary { deletes: true, anything: true, versions: true, ..Default::default() });
    assert_eq!(case.plan(), "poll: no rows, versions");
    // It was dropped since.
    let virtual_column = SourceColumn { expression: Some("w".into()), ..SourceColumn::plain(3, "w", ColumnType::Text) };
    case.state().schema.as_mut().expect("a schema").columns.push(virtual_column.clone());
    assert_eq!(case.plan(), "poll: rows by cursor, deletes");
    case.relation().schema.columns.push(virtual_column);
    assert_eq!(case.plan(), "poll: rows by cursor, deletes");
    assert!(plan(&case.facts())[0].why.contains("virtual generated column \"w\""));
    case.config.audit = Some(Audit::Full);
    assert!(case.plan().contains("no trigger can record: triggers are not given the values"), "{}", case.plan());
}

/// A table in this mode that was just copied afresh, and whose triggers record everything.
fn copied_afresh(mode: Mode) -> Case {
    let mut case = case(&[]);
    case.tables[0].mode = mode;
    case.relation().schema.mode = mode;
    case.tables[0].audit = triggers("7:pg2duck_delete:700", true);
    case.position().audit = Some("7:pg2duck_delete:700".into());
    case.state().schema.as_mut().expect("a schema").mode = mode;
    let now = position();
    let state = case.state();
    state.versions_since = state.position.take();
    state.bootstrap = Some(BootstrapProgress {
        cycle: "1".into(),
        schema: TableSchema { mode, ..schema() },
        position: Position { audit: Some("7:pg2duck_delete:700".into()), ..now },
        next_page: None,
        rewritten: false,
        rows: 500,
        files: Vec::new(),
    });
    case.recorded.insert(7, AuditSummary { versions: true, ..Default::default() });
    case
}

#[test]
fn what_was_recorded_before_a_fresh_copy_is_read_with_it() {
    for mode in [Mode::History, Mode::Append, Mode::SoftDelete] {
        let case = copied_afresh(mode);
        assert_eq!(case.plan(), "poll: rows by cursor, versions", "{mode:?}");
        assert_eq!(
            plan(&case.facts())[0].why,
            "what changed while it was bootstrapped; before that, what triggers have recorded since 2026-11-26 11:59:30.000000"
        );
    }
    assert_eq!(copied_afresh(Mode::Mirror).plan(), "poll: rows by cursor");
    let mut case = copied_afresh(Mode::History);
    case.tables[0].audit = triggers("7:pg2duck_delete:800", true);
    case.state().bootstrap.as_mut().expect("under way").position.audit = Some("7:pg2duck_delete:800".into());
    assert!(plan(&case.facts())[0].why.ends_with("as far as it is known: the triggers were changed meanwhile"));
    // In another mode there is nothing that they go on from.
    case.state().schema.as_mut().expect("a schema").mode = Mode::Mirror;
    case.state().bootstrap_reason = Some(BootstrapReason::Resync);
    assert_eq!(case.plan(), "poll: rows by cursor");
    let mut case = copied_afresh(Mode::History);
    case.state().versions_since.as_mut().expect("kept").fence.xmin = 2_000;
    assert_eq!(case.plan(), "poll: rows by cursor");
}

#[test]
fn relations_that_were_part_of_a_table_until_they_were_dropped_are_looked_for() {
    let mut case = copied_afresh(Mode::History);
    let former = "5:pg2duck_delete:700,6:pg2duck_delete:700,7:pg2duck_delete:700";
    case.state().versions_since.as_mut().expect("kept").audit = Some(former.into());
    case.state().schema.as_mut().expect("a schema").relation = 4;
    assert_eq!(audited(&case.ledger, &case.tables)[0].former, [4, 5, 6]);
}

#[test]
fn recorded_rows_whose_shape_cannot_be_told_take_a_fresh_copy_and_are_left_out_of_it() {
    let mut case = case(&[]);
    case.tables[0].mode = Mode::History;
    case.relation().schema.mode = Mode::History;
    case.state().schema.as_mut().expect("a schema").mode = Mode::History;
    case.tables[0].audit = triggers("a", true);
    case.position().audit = Some("a".into());
    case.recorded.insert(7, AuditSummary { anything: true, versions: true, shapeless: true, ..Default::default() });
    assert_eq!(case.plan(), "poll: no rows, versions");
    case.relation().schema.columns[1].name = "w".into();
    assert!(case.plan().ends_with("its triggers do not record which they were; run: pg2duck setup"), "{}", case.plan());
    case.recorded.insert(7, AuditSummary { anything: true, versions: true, reshaped: true, ..Default::default() });
    assert_eq!(case.plan(), "poll: no rows, versions");
    case.tables[0].audit.as_mut().expect("triggers").shapes = false;
    assert!(case.plan().contains("may not read pg2duck.shapes"), "{}", case.plan());
}

#[test]
fn key_columns_that_exchanged_their_names_after_deletes_take_a_fresh_copy() {
    let mut case = case(&[]);
    case.tables[0].audit = triggers("a", false);
    case.position().audit = Some("a".into());
    case.state().schema.as_mut().expect("a schema").key = vec!["id".into(), "v".into()];
    case.relation().schema.key = vec!["id".into(), "v".into()];
    case.recorded.insert(7, AuditSummary { deletes: true, ..Default::default() });
    assert_eq!(case.plan(), "poll: rows by cursor, deletes");
    let schema = &mut case.relation().schema;
    (schema.columns[0].name, schema.columns[1].name) = ("v".into(), "id".into());
    schema.key = vec!["v".into(), "id".into()];
    assert!(case.plan().contains("exchanged their names"), "{}", case.plan());
}

#[test]
fn triggers_that_came_changed_or_were_not_read_for_too_long_cost_a_bootstrap() {
    let mut case = case(&[]);
    case.tables[0].audit = triggers("a", false);
    assert_eq!(case.plan(), "bootstrap: its deletes are recorded from now on");
    case.position().audit = Some("before".into());
    assert_eq!(case.plan(), "bootstrap: the triggers that record its deletes were changed");
    case.position().audit = Some("a".into());
    case.position().as_of = "2026-11-20 11:00:00.000000".into();
    assert_eq!(case.plan(), "bootstrap: recorded deletes may have been pruned since it was last read");
    // Without the triggers keys are compared again; nothing was missed.
    case.tables[0].audit = None;
    assert_eq!(case.plan(), "poll: rows by cursor");
}
