-- The connection, the server and the role.
SELECT
    current_user::text AS role,
    current_setting('server_version') AS version,
    pg_is_in_recovery() AS in_recovery,
    pg_has_role('pg_read_all_stats', 'USAGE') AS reads_all_stats,
    (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) AS is_superuser,
    (SELECT version || ', ' || cipher FROM pg_catalog.pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl) AS tls,
    current_setting('track_activities') = 'on' AS tracks_activities
