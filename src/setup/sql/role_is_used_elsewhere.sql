-- Whether a role owns something, or has been granted something in another database.
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_shdepend AS d
    WHERE d.refclassid = 'pg_authid'::regclass
        AND d.refobjid = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = :role)
        AND (d.deptype = 'o' OR (d.dbid <> 0 AND d.dbid <> (
            SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()
        )))
) AS used
