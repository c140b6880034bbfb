-- Tables that a logical subscription fills.
SELECT srrelid AS oid FROM pg_catalog.pg_subscription_rel
