-- Transactions of this database that wait for their COMMIT PREPARED.
SELECT transaction::text::bigint AS xid FROM pg_catalog.pg_prepared_xacts WHERE database = current_database()
