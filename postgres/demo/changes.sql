-- What an application might do between two polls; run it as often as you like, each run changes further rows.

-- a new customer
INSERT INTO subscriptions (email, name, plan, status, seats, metadata, tags)
SELECT format('new%s@example.com', max(id) + 1), 'Amélie Ōtani', 'starter', 'trialing', 2, '{"source": "demo"}', '{new}'
FROM subscriptions;

-- an upgrade
UPDATE subscriptions SET plan = 'pro', seats = seats + 5, lifetime_value = lifetime_value + 49.00
WHERE id = (SELECT min(id) FROM subscriptions WHERE plan = 'free' AND status = 'active');

-- a soft delete
UPDATE subscriptions SET status = 'canceled', deleted_at = now()
WHERE id = (SELECT min(id) FROM subscriptions WHERE status = 'past_due');

-- a delete
DELETE FROM invoices WHERE id = (SELECT min(id) FROM invoices WHERE NOT paid);

-- a schema change, and two rows that use it
ALTER TABLE subscriptions ADD COLUMN IF NOT EXISTS referral_code text;
UPDATE subscriptions SET referral_code = 'FRIEND-' || id
WHERE id IN (SELECT id FROM subscriptions WHERE deleted_at IS NULL ORDER BY updated_at DESC, id LIMIT 2);
