-- Opens a query of what was recorded of these tables.
WITH RECURSIVE
roots AS (SELECT oid FROM pg_catalog.pg_class WHERE oid = ANY (:oids)),
:relatives
