-- The demo source: subscriptions and their invoices, as an application would keep them.
-- pg2duck asks two things of a table: a key, and a column that moves with every change (here `updated_at`).

CREATE TABLE subscriptions (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email          text NOT NULL UNIQUE,
    name           text NOT NULL,
    company        text,
    plan           text NOT NULL CHECK (plan IN ('free', 'starter', 'pro', 'enterprise')),
    status         text NOT NULL CHECK (status IN ('trialing', 'active', 'past_due', 'canceled')),
    lifetime_value numeric(12, 2) NOT NULL DEFAULT 0,
    seats          integer NOT NULL DEFAULT 1,
    auto_renew     boolean NOT NULL DEFAULT true,
    trial_ends_on  date,
    external_ref   uuid,
    metadata       jsonb NOT NULL DEFAULT '{}',
    tags           text[] NOT NULL DEFAULT '{}',
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    deleted_at     timestamptz
);

CREATE TABLE invoices (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subscription_id bigint NOT NULL REFERENCES subscriptions,
    amount          numeric(12, 2) NOT NULL,
    paid            boolean NOT NULL DEFAULT false,
    issued_on       date NOT NULL,
    updated_at      timestamptz NOT NULL DEFAULT now()
);

-- The touch trigger: no UPDATE can forget `updated_at`, whichever program sends it.
CREATE FUNCTION touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;

CREATE TRIGGER touch BEFORE UPDATE ON subscriptions FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER touch BEFORE UPDATE ON invoices FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

-- Polling reads a range of this index, in this order; an idle poll reads next to nothing.
CREATE INDEX ON subscriptions (updated_at, id);
CREATE INDEX ON invoices (updated_at, id);
