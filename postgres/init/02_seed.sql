-- 5,000 subscriptions and 12,000 invoices. Arithmetic instead of random(): every machine gets the same rows.

INSERT INTO subscriptions (
    email, name, company, plan, status, lifetime_value, seats, auto_renew, trial_ends_on, external_ref, metadata, tags,
    created_at, updated_at, deleted_at
)
SELECT
    format('customer%s@example.%s', n, (ARRAY['com', 'org', 'net'])[1 + n % 3]),
    (ARRAY['Zoë', 'Łukasz', 'José', 'Åsa', 'Mei', 'Олена', 'Noor', 'Siobhán', 'Ngọc', 'Jürgen', '美咲'])[1 + n % 11]
        || ' ' || (ARRAY['García', 'Müller', 'O''Brien', 'Nguyễn', 'Smith', 'Øvergård', 'Yılmaz'])[1 + n * 5 % 7],
    CASE WHEN n % 4 > 0
        THEN (ARRAY['Acme', 'Globex', 'Initech', 'Umbrella', 'Hooli', 'Café Zürich'])[1 + n % 6] || ' #' || n % 97 END,
    plan,
    status,
    CASE plan WHEN 'free' THEN 0 ELSE (n * 7919 % 1000000) / 100.0 END,
    CASE plan WHEN 'enterprise' THEN 50 + n * 13 % 450 WHEN 'pro' THEN 5 + n * 7 % 20 ELSE 1 + n % 4 END,
    n % 9 > 0,
    CASE WHEN status = 'trialing' THEN (created_at + interval '14 days')::date END,
    CASE WHEN n % 5 > 0 THEN md5('subscription ' || n)::uuid END,
    jsonb_build_object(
        'source', (ARRAY['ads', 'organic', 'referral', 'partner'])[1 + n * 3 % 4],
        'country', (ARRAY['DE', 'FR', 'JP', 'BR', 'US', 'IN', NULL])[1 + n % 7],
        'logins', n * 31 % 500
    ),
    (ARRAY['beta', 'vip', 'edu', 'naïve, "quoted"', 'ünïcode'])[1:n * 11 % 6],
    created_at,
    updated_at,
    CASE WHEN status = 'canceled' AND n % 2 = 0 THEN updated_at END
FROM (
    SELECT
        n,
        (ARRAY['free', 'free', 'free', 'starter', 'starter', 'starter', 'pro', 'pro', 'enterprise'])[1 + n * 17 % 9] AS plan,
        (ARRAY['active', 'active', 'active', 'active', 'active', 'active', 'trialing', 'past_due', 'canceled', 'canceled'])
            [1 + n * 7 % 10] AS status,
        timestamptz '2022-01-01 00:00:00+00' + n * interval '5 hours 13 minutes' AS created_at,
        timestamptz '2022-01-01 00:00:00+00' + n * interval '5 hours 13 minutes'
            + n * 37 % 4000 * interval '3.141592 minutes' AS updated_at
    FROM generate_series(1, 5000) AS n
) AS seed
ORDER BY n;

INSERT INTO invoices (subscription_id, amount, paid, issued_on, updated_at)
SELECT
    1 + n * 7 % 5000,
    (900 + n * 613 % 99100) / 100.0,
    n % 8 > 0,
    date '2022-02-01' + n % 1000,
    timestamptz '2022-02-01 00:00:00+00' + n % 1000 * interval '1 day' + n * interval '7.7 seconds'
FROM generate_series(1, 12000) AS n
ORDER BY n;

ANALYZE;
