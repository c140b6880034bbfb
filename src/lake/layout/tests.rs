//! What becomes of columns, without a database.

use super::*;
use crate::model::{LeftOut, Mode, Read};

const OID: u32 = 7;

fn schema(columns: &[SourceColumn]) -> TableSchema {
    let key = columns.first().map(|first| first.name.clone());
    let key = key.into_iter().collect();
    TableSchema { relation: OID, columns: columns.to_vec(), key, mode: Mode::History, ..Default::default() }
}

fn id() -> SourceColumn {
    SourceColumn::plain(1, "id", ColumnType::Int4)
}

/// The layout once each of these schemas has been followed and carried out.
fn after(schemas: &[TableSchema]) -> Layout {
    let mut layout = Layout::default();
    for schema in schemas {
        layout.follow(schema, true);
        let slots = layout.slots.drain(..).flatten().map(|slot| {
            let before = Some(LakeColumn { name: slot.name.clone(), kind: slot.kind.clone() });
            Some(Slot { before, ..slot })
        });
        layout = Layout { slots: slots.collect(), hidden: BTreeSet::new() };
    }
    layout
}

/// `name type state`, and where it comes from if it is called otherwise: `note→remark VARCHAR current`.
fn shown(layout: &Layout) -> Vec<String> {
    let show = |slot: &Slot| {
        let from = slot.before.as_ref().filter(|before| before.name != slot.name);
        let from = from.map_or(String::new(), |before| format!("{}→", before.name));
        let state = slot.origin.as_ref().map_or("unknown", |origin| origin.state.name());
        format!("{from}{} {} {state}", slot.name, slot.kind)
    };
    layout.slots().map(show).collect()
}

fn followed(before: &[TableSchema], now: &TableSchema, keeps_past: bool) -> Vec<String> {
    let mut layout = after(before);
    layout.follow(now, keeps_past);
    shown(&layout)
}

#[test]
fn a_renamed_column_is_the_same_and_two_may_change_places() {
    let [a, b] = [SourceColumn::plain(2, "a", ColumnType::Text), SourceColumn::plain(3, "b", ColumnType::Text)];
    let before = schema(&[id(), a, b]);
    let now = schema(&[
        SourceColumn::plain(1, "Key", ColumnType::Int8),
        SourceColumn::plain(2, "b", ColumnType::Text),
        SourceColumn::plain(3, "a", ColumnType::Text),
    ]);
    assert_eq!(
        followed(&[before], &now, true),
        ["id→Key BIGINT current", "a→b VARCHAR current", "b→a VARCHAR current"]
    );
}

#[test]
fn a_dropped_column_keeps_its_name_until_another_needs_it() {
    let [note, again] =
        [SourceColumn::plain(2, "note", ColumnType::Text), SourceColumn::plain(5, "NOTE", ColumnType::Int4)];
    let [first, without] = [schema(&[id(), note]), schema(&[id()])];
    let second = schema(&[id(), again]);
    let third = schema(&[
        id(),
        SourceColumn::plain(9, "note__2", ColumnType::Text),
        SourceColumn::plain(8, "note", ColumnType::Text),
    ]);
    let before = [first, without.clone()];
    assert_eq!(shown(&after(&before)), ["id INTEGER current", "note VARCHAR dropped"]);
    let all = [&before[..], &[second.clone(), without]].concat();
    assert_eq!(
        followed(&before, &second, true),
        ["id INTEGER current", "note→note__2 VARCHAR dropped", "NOTE INTEGER current"]
    );
    assert_eq!(
        followed(&all, &third, true),
        [
            "id INTEGER current",
            "note__2→note__2__2 VARCHAR dropped",
            "NOTE→NOTE__5 INTEGER dropped",
            "note__2 VARCHAR current",
            "note VARCHAR current"
        ]
    );
}

#[test]
fn a_type_that_does_not_fit_begins_another_column_where_the_past_is_kept() {
    let before = [schema(&[id(), SourceColumn::plain(2, "code", ColumnType::Text)])];
    let now = schema(&[id(), SourceColumn::plain(2, "code", ColumnType::Int4)]);
    let kept = ["id INTEGER current", "code→code__2 VARCHAR superseded", "code INTEGER current"];
    assert_eq!(followed(&before, &now, true), kept);
    assert_eq!(followed(&before, &now, false), ["id INTEGER current", "code INTEGER current"]);
    let back = schema(&[id(), SourceColumn::plain(2, "code", ColumnType::Bytes)]);
    assert_eq!(
        followed(&[before[0].clone(), now], &back, true)[2..],
        ["code→code__2_2 INTEGER superseded", "code BLOB current"]
    );
}

#[test]
fn a_wider_type_goes_on_where_the_past_reads_as_it_did() {
    let with = |n, x, day| {
        schema(&[
            id(),
            SourceColumn::plain(2, "n", n),
            SourceColumn::plain(3, "x", x),
            SourceColumn::plain(4, "day", day),
        ])
    };
    let before = [with(ColumnType::Int4, ColumnType::Float4, ColumnType::Date)];
    let now = with(ColumnType::Text, ColumnType::Float8, ColumnType::Timestamp);
    let wider = ["id INTEGER current", "n VARCHAR current", "x DOUBLE current", "day TIMESTAMP current"];
    assert_eq!(followed(&before, &now, false), wider);
    let former = ["x→x__3 FLOAT superseded", "day→day__4 DATE superseded"];
    assert_eq!(followed(&before, &now, true), [&wider[..2], &former, &wider[2..]].concat());
}

#[test]
fn a_table_made_anew_goes_on_by_names_where_the_types_fit() {
    let before =
        [schema(&[id(), SourceColumn::plain(2, "a", ColumnType::Text), SourceColumn::plain(3, "b", ColumnType::Int4)])];
    let columns = [
        SourceColumn::plain(1, "b", ColumnType::Int8),
        SourceColumn::plain(2, "id", ColumnType::Int4),
        SourceColumn::plain(3, "a", ColumnType::Int4),
    ];
    let now = TableSchema { relation: 8, ..schema(&columns) };
    assert_eq!(
        followed(&before, &now, true),
        ["id INTEGER current", "a→a__2 VARCHAR superseded", "b BIGINT current", "a INTEGER current"]
    );
}

#[test]
fn what_is_hidden_by_choice_goes_with_all_that_bore_its_name_and_what_may_not_be_read_stays() {
    let ssn = |attnum| SourceColumn::plain(attnum, "ssn", ColumnType::Text);
    let before = [schema(&[id(), ssn(2)]), schema(&[id()]), schema(&[id(), ssn(3)])];
    let left_out = |unreadable| {
        let left_out = vec![LeftOut { attnum: 3, name: "ssn".into(), unreadable }];
        TableSchema { left_out, ..schema(&[id()]) }
    };
    assert_eq!(followed(&before, &left_out(false), true), ["id INTEGER current"]);
    assert_eq!(followed(&before, &left_out(true), true)[2], "ssn VARCHAR dropped");
    let masked = schema(&[id(), SourceColumn { read: Read::Masked { salt: 1 }, ..ssn(3) }]);
    assert_eq!(followed(&before, &masked, true), ["id INTEGER current", "ssn VARCHAR current"]);
    let mut layout = after(&[before[0].clone(), masked.clone()]);
    layout.follow(&masked, true);
    assert!(layout.hidden.is_empty(), "hashes hide nothing");
}

#[test]
fn a_column_that_may_be_read_again_is_the_one_that_it_was() {
    let note = SourceColumn::plain(2, "note", ColumnType::Text);
    let before = [schema(&[id(), note.clone()]), schema(&[id()])];
    assert_eq!(followed(&before, &schema(&[id(), note]), true), ["id INTEGER current", "note VARCHAR current"]);
}
