-- What `pg2duck setup` installs for the demo's tables, so that deletes reach the lake in the next cycle: this is what
-- `pg2duck setup --print` prints (a test compares them). docs/operations.md explains it.

-- pg2duck setup: run with psql -v ON_ERROR_STOP=1

-- schema pg2duck
BEGIN;
SET LOCAL lock_timeout = '2s';
CREATE SCHEMA pg2duck;
COMMENT ON SCHEMA pg2duck IS 'pg2duck setup: removed by pg2duck setup --undo';
CREATE TABLE pg2duck.granted (privilege text NOT NULL, object text NOT NULL, role name NOT NULL);
COMMENT ON TABLE pg2duck.granted IS 'pg2duck setup: what it granted to roles';
CREATE TABLE pg2duck.audit (
    xid   xid8        NOT NULL DEFAULT pg_current_xact_id(),
    seq   bigint      GENERATED ALWAYS AS IDENTITY,
    relid oid         NOT NULL,
    op    "char"      NOT NULL,
    keys  jsonb,
    old   json,
    new   json,
    at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    nested boolean    NOT NULL DEFAULT pg_trigger_depth() > 1,
    shape bigint
);
ALTER TABLE pg2duck.audit REPLICA IDENTITY FULL;
ALTER TABLE pg2duck.audit ALTER keys SET STORAGE EXTERNAL;
CREATE INDEX audit_xid ON pg2duck.audit (xid);
COMMENT ON TABLE pg2duck.audit IS 'pg2duck setup: what triggers recorded. op d deleted, t truncated, x unknown keys (the trigger is out of date), c, u: inserted, updated; keys: per key column an array';
CREATE TABLE pg2duck.shapes (
    relid   oid    NOT NULL,
    shape   bigint NOT NULL,
    key     text,
    columns json   NOT NULL
);
CREATE INDEX shapes_relid ON pg2duck.shapes (relid, shape);
COMMENT ON TABLE pg2duck.shapes IS 'pg2duck setup: the shapes of tables whose every change is recorded. key: attnums of the primary key; columns: attnum, name, type, typmod and dimensions of each';
CREATE OR REPLACE FUNCTION pg2duck.record_5838451bfdc832f5() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_hashagg = off AS $pg2duck$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        INSERT INTO pg2duck.audit (relid, op) VALUES (TG_RELID, 't');
    ELSIF (SELECT count(*) FROM pg_attribute WHERE attrelid = TG_RELID AND (attname = 'id' AND atttypid = 20) AND NOT attisdropped) <> 1 THEN
        -- A key column was renamed, dropped or given another type since setup ran: the application must not fail for it.
        INSERT INTO pg2duck.audit (relid, op) VALUES (TG_RELID, 'x');
    ELSIF TG_LEVEL = 'ROW' THEN -- an UPDATE of the key
        INSERT INTO pg2duck.audit (relid, op, keys) VALUES (TG_RELID, 'd', jsonb_build_object('id', jsonb_build_array(OLD."id")));
    ELSE
        INSERT INTO pg2duck.audit (relid, op, keys)
        SELECT TG_RELID, 'd', jsonb_build_object('id', array_agg(k0))
        FROM (SELECT old_rows."id" AS k0, (row_number() OVER () - 1) / 1000 AS part FROM old_rows) AS gone
        GROUP BY part;
    END IF;
    RETURN NEW;
END
$pg2duck$;
COMMENT ON FUNCTION pg2duck.record_5838451bfdc832f5() IS 'pg2duck setup: records deleted keys, by id';
COMMIT;

-- public.invoices: triggers
BEGIN;
SET LOCAL lock_timeout = '2s';
CREATE TRIGGER zz_pg2duck_key AFTER UPDATE ON "public"."invoices" FOR EACH ROW WHEN (OLD."id" IS DISTINCT FROM NEW."id") EXECUTE FUNCTION pg2duck.record_5838451bfdc832f5();
ALTER TABLE "public"."invoices" ENABLE ALWAYS TRIGGER zz_pg2duck_key;
COMMENT ON TRIGGER zz_pg2duck_key ON "public"."invoices" IS 'pg2duck setup: 28496e1356d024f2';
CREATE TRIGGER pg2duck_delete AFTER DELETE ON "public"."invoices" REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION pg2duck.record_5838451bfdc832f5();
ALTER TABLE "public"."invoices" ENABLE ALWAYS TRIGGER pg2duck_delete;
COMMENT ON TRIGGER pg2duck_delete ON "public"."invoices" IS 'pg2duck setup: 393615c0de685836';
CREATE TRIGGER pg2duck_truncate AFTER TRUNCATE ON "public"."invoices" FOR EACH STATEMENT EXECUTE FUNCTION pg2duck.record_5838451bfdc832f5();
ALTER TABLE "public"."invoices" ENABLE ALWAYS TRIGGER pg2duck_truncate;
COMMENT ON TRIGGER pg2duck_truncate ON "public"."invoices" IS 'pg2duck setup: fd1a76aab08ce268';
COMMIT;

-- public.subscriptions: triggers
BEGIN;
SET LOCAL lock_timeout = '2s';
CREATE TRIGGER zz_pg2duck_key AFTER UPDATE ON "public"."subscriptions" FOR EACH ROW WHEN (OLD."id" IS DISTINCT FROM NEW."id") EXECUTE FUNCTION pg2duck.record_5838451bfdc832f5();
ALTER TABLE "public"."subscriptions" ENABLE ALWAYS TRIGGER zz_pg2duck_key;
COMMENT ON TRIGGER zz_pg2duck_key ON "public"."subscriptions" IS 'pg2duck setup: e1bf0bf2c026bd86';
CREATE TRIGGER pg2duck_delete AFTER DELETE ON "public"."subscriptions" REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION pg2duck.record_5838451bfdc832f5();
ALTER TABLE "public"."subscriptions" ENABLE ALWAYS TRIGGER pg2duck_delete;
COMMENT ON TRIGGER pg2duck_delete ON "public"."subscriptions" IS 'pg2duck setup: 917b32cbf00712f0';
CREATE TRIGGER pg2duck_truncate AFTER TRUNCATE ON "public"."subscriptions" FOR EACH STATEMENT EXECUTE FUNCTION pg2duck.record_5838451bfdc832f5();
ALTER TABLE "public"."subscriptions" ENABLE ALWAYS TRIGGER pg2duck_truncate;
COMMENT ON TRIGGER pg2duck_truncate ON "public"."subscriptions" IS 'pg2duck setup: 46bb19d3cba5cdf2';
COMMIT;

-- role pg2duck
BEGIN;
SET LOCAL lock_timeout = '2s';
GRANT USAGE ON SCHEMA pg2duck TO "pg2duck";
INSERT INTO pg2duck.granted VALUES ('USAGE', 'SCHEMA pg2duck', 'pg2duck');
GRANT SELECT ON TABLE pg2duck.audit TO "pg2duck";
INSERT INTO pg2duck.granted VALUES ('SELECT', 'TABLE pg2duck.audit', 'pg2duck');
GRANT DELETE ON TABLE pg2duck.audit TO "pg2duck";
INSERT INTO pg2duck.granted VALUES ('DELETE', 'TABLE pg2duck.audit', 'pg2duck');
GRANT SELECT ON TABLE pg2duck.shapes TO "pg2duck";
INSERT INTO pg2duck.granted VALUES ('SELECT', 'TABLE pg2duck.shapes', 'pg2duck');
COMMIT;
