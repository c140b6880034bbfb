//! The type table: a column of every type, with the values at the ends of its range, arrives as Postgres prints it, in the
//! lake as in the Parquet files, with the bootstrap as with a change. What the lake's type cannot hold is `rejects`' matter.

use crate::support::Sandbox;

/// One column of every supported type, domains, enums, composites and arrays included.
const EVERY_TYPE: &str = "
    CREATE TYPE mood AS ENUM ('sad', 'ok', 'very happy');
    CREATE TYPE point3 AS (x int, y int, label text);
    CREATE DOMAIN price AS numeric(12, 2) CHECK (value > 0);
    CREATE DOMAIN short AS varchar(5);
    CREATE TABLE everything (
        id bigint PRIMARY KEY, c_bool bool, c_int2 int2, c_int4 int4, c_int8 int8, c_oid oid, c_float4 float4,
        c_float8 float8, c_numeric numeric(12, 2), c_wide numeric(38, 10), c_whole numeric(20), c_free numeric,
        c_too_wide numeric(50, 2), c_text text, c_varchar varchar(40), c_char char(6), c_name name, c_bytea bytea,
        c_uuid uuid, c_date date, c_time time, c_time0 time(0), c_timestamp timestamp, c_timestamptz timestamptz,
        c_timestamptz0 timestamptz(0), c_interval interval, c_json json, c_jsonb jsonb, c_mood mood, c_price price,
        c_short short, c_inet inet, c_cidr cidr, c_macaddr macaddr, c_bit bit(4), c_varbit varbit, c_money money,
        c_timetz timetz, c_point point, c_range int4range, c_composite point3, c_tsvector tsvector, c_xml xml,
        a_bool bool[], a_int4 int4[], a_int8 int8[], a_float8 float8[], a_numeric numeric(12, 2)[], a_text text[],
        a_bytea bytea[], a_uuid uuid[], a_date date[], a_timestamptz timestamptz[], a_interval interval[],
        a_jsonb jsonb[], a_mood mood[], a_inet inet[], c_generated int GENERATED ALWAYS AS (c_int2 * 2) STORED
    );";

/// A row of values at one end of each type's range, and some that need escaping.
const LOW: &str = "
    INSERT INTO everything VALUES (
        -9223372036854775808, false, -16384, -2147483648, -9223372036854775808, 0, '-3.4028235e38', '-1.7976931348623157e308',
        -9999999999.99, -9999999999999999999999999999.9999999999, -99999999999999999999, -0.000000000000000001,
        -123456789012345678901234567890, '', '', '', '', '', '00000000-0000-0000-0000-000000000000', '4713-01-01 BC', '00:00',
        '00:00', '4713-01-01 00:00:00 BC', '4713-01-01 00:00:00+00 BC', '0001-12-31 23:59:59+00 BC',
        '-178000000 years -11 months -2147483648 days -23:59:59.999999', 'null', 'null', 'sad', 0.01, '', '0.0.0.0', '0.0.0.0/0',
        '00:00:00:00:00:00', B'0000', B'', '-92233720368547758.08', '00:00:00+15:59', '(-1.5,-0)', 'empty', '(,,)', '', '',
        '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}');";

/// The other end, with NULL elements in arrays.
const HIGH: &str = r#"
    INSERT INTO everything VALUES (
        9223372036854775807, true, 16383, 2147483647, 9223372036854775807, 4294967295, 'NaN', 'NaN', 9999999999.99,
        9999999999999999999999999999.9999999999, 99999999999999999999, 'NaN', 99999999999999999999999999999999999999999999999.99,
        E'tab\there, line\nbreak, quote " and '' and \\ and €, 𝄞', repeat('é', 40), 'ab', 'pg_class', '\x00ff5c0a',
        'ffffffff-ffff-ffff-ffff-ffffffffffff', 'infinity', '24:00', '23:59:59', 'infinity', '-infinity', '2024-02-29 12:00:00+00',
        '178000000 years 11 months 2147483647 days 23:59:59.999999', '{"b": 1, "a": [1, 2.50, null],  "b": 2}',
        '{"b": 1, "a": [1, 2.50, null], "é": "\"x\""}', 'very happy', 9999999999.99, 'abcde', '2001:db8::1/64', '2001:db8::/32',
        'ff:ff:ff:ff:ff:ff', B'1010', B'101010101', '92233720368547758.07', '23:59:59.999999-12', '(1e300,2)', '[1,10)',
        '(1,-2,"a ""b"", c")', 'a fat cat', '<a b="c">d &amp; e</a>', '{t,f,NULL}', '{1,NULL,-2147483648}',
        '{9223372036854775807}', '{NaN,Infinity,-Infinity,-0,0.1,NULL}', '{0.01,-9999999999.99,NULL}',
        ARRAY['', 'NULL', NULL, 'a,b', '{}', '"', '\', E'\n'], ARRAY['\x00'::bytea, NULL, ''],
        '{00000000-0000-0000-0000-000000000001,NULL}', '{infinity,0044-03-15 BC,NULL}', '{-infinity,2024-01-01 00:00:00.000001+00}',
        ARRAY['1 mon -1 day 00:00:01'::interval, NULL], ARRAY['{"a":1}'::jsonb, 'null', NULL], '{ok,"very happy",NULL}',
        '{10.0.0.1,NULL}');"#;

const MIDDLE: &str = "
    INSERT INTO everything (id) VALUES (0);
    INSERT INTO everything (id, c_float4, c_float8, c_date, c_timestamp, c_timestamptz, c_free, c_time, c_interval)
    VALUES (1, 'Infinity', '-Infinity', '-infinity', '-infinity', 'infinity', 'Infinity', '12:34:56.789012', '0'),
           (2, '-0', '-0', '1969-12-31', '1969-12-31 23:59:59.999999', '1969-12-31 23:59:59.999999+00', 0.1, '00:00:00.000001',
            '-1 mon +1 day -00:00:00.000001'),
           (3, '1e-45', '5e-324', '9999-12-31', '294246-12-31 23:59:59.999999', '294246-12-31 23:59:59+00', 1e30, '23:59:59.999999',
            '1 year'),
           (4, '0.1', '0.1', '2000-02-29', '2000-01-01', '2024-03-31 02:30:00+02', 12345678901234567890.123456789, '06:00', '1 day');";

#[test]
fn every_supported_type_arrives_unchanged() {
    let sandbox = Sandbox::new(&[EVERY_TYPE, LOW, HIGH, MIDDLE].concat());
    sandbox.once();
    sandbox.assert_equal("everything");
    assert_eq!(sandbox.lake_value("SELECT count(*)::VARCHAR FROM everything"), "7");
    sandbox.assert_nothing_unfinished();
}

#[test]
fn a_value_that_the_lake_cannot_hold_is_null_and_listed_and_stops_no_table() {
    let sandbox = Sandbox::new(
        "CREATE TABLE fine (id int PRIMARY KEY); INSERT INTO fine VALUES (1);
         CREATE TABLE odd (id int PRIMARY KEY, amount numeric(10, 2)); INSERT INTO odd VALUES (1, 1.5), (2, 'NaN');
         CREATE TABLE grid (id int PRIMARY KEY, cells int[]); INSERT INTO grid VALUES (1, '{{1,2},{3,4}}');",
    );
    sandbox.once();
    ["fine", "odd", "grid"].iter().for_each(|table| sandbox.assert_equal(table));
    let listed =
        "SELECT concat_ws('|', source_table, key, column_name, value, reason) FROM _pg2duck.rejects ORDER BY ALL";
    assert_eq!(
        sandbox.lake_column(listed),
        [
            "grid|{\"id\":1}|cells|{{1,2},{3,4}}|an array of 2 dimensions in a column declared with 1; SYNC_TABLE_GRID_TYPE=cells:json holds it",
            "odd|{\"id\":2}|amount|NaN|NaN or infinity, which DECIMAL cannot hold",
        ]
    );
    sandbox.sql("UPDATE odd SET amount = 2 WHERE id = 2; UPDATE grid SET cells = '{1,2}'");
    sandbox.once();
    ["odd", "grid"].iter().for_each(|table| sandbox.assert_equal(table));
    assert_eq!(sandbox.lake_column(listed), [""; 0]);
}
