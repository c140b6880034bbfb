-- Which of these transactions the snapshot sees, of those that recorded anything.
SELECT xid::text::bigint AS xid FROM pg2duck.audit WHERE xid = ANY ((:xids::text[])::xid8[]) GROUP BY xid
