-- Who the source is, in one go.
SELECT (:identity_database) AS database, (:identity_system) AS system, (:identity_timeline) AS timeline
