-- What goes out to people and to clinics' programs, and what those who watch are told.

-- One thing that goes to one recipient by one channel, and what became of it. The key says what must not go twice.
CREATE TABLE delivery (
    id             TEXT COLLATE "C" PRIMARY KEY,
    clinic_id      TEXT COLLATE "C" REFERENCES clinic (id),
    channel        TEXT NOT NULL CHECK (channel IN ('email', 'sms', 'webhook')),
    -- An account or a webhook endpoint; none for a letter, which carries its address sealed.
    recipient      TEXT COLLATE "C",
    message        TEXT NOT NULL,
    aggregate_id   TEXT COLLATE "C" NOT NULL,
    aggregate_rev  BIGINT NOT NULL,
    payload        TEXT NOT NULL,
    dedupe_key     TEXT COLLATE "C" NOT NULL UNIQUE,
    state          TEXT NOT NULL
                   CHECK (state IN ('waiting', 'sending', 'sent', 'delivered', 'skipped', 'failed', 'unknown')),
    attempts       BIGINT NOT NULL DEFAULT 0,
    created_ms     BIGINT NOT NULL,
    not_before_ms  BIGINT NOT NULL,
    lease_until_ms BIGINT,
    leased_by      TEXT,
    done_ms        BIGINT,
    -- What the provider calls it.
    provider_id    TEXT,
    -- Why it was skipped, or what went wrong last: words of this program.
    reason         TEXT,
    CHECK ((done_ms IS NULL) = (state IN ('waiting', 'sending')))
);

CREATE INDEX delivery_due ON delivery (not_before_ms, id) WHERE done_ms IS NULL;
CREATE INDEX delivery_of_clinic ON delivery (clinic_id, id);
CREATE INDEX delivery_of_recipient ON delivery (recipient, id) WHERE recipient IS NOT NULL;
CREATE INDEX delivery_of_aggregate ON delivery (aggregate_id);
CREATE INDEX delivery_done ON delivery (done_ms) WHERE done_ms IS NOT NULL;

-- In the order of an aggregate's revisions, which may be of one millisecond.
CREATE INDEX outbox_next ON outbox (not_before_ms, aggregate_rev, id) WHERE done_ms IS NULL AND dead = 0;
DROP INDEX outbox_due;
CREATE INDEX outbox_done ON outbox (done_ms) WHERE done_ms IS NOT NULL;
CREATE INDEX outbox_dead ON outbox (id) WHERE dead = 1;

-- What those who watch are told, in one order: the number is what a client resumes from.
CREATE TABLE live_event (
    seq             BIGINT PRIMARY KEY,
    clinic_id       TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    topic           TEXT NOT NULL,
    aggregate_id    TEXT COLLATE "C" NOT NULL,
    aggregate_rev   BIGINT NOT NULL,
    patient_id      TEXT COLLATE "C",
    practitioner_id TEXT COLLATE "C",
    user_id         TEXT COLLATE "C",
    body            TEXT NOT NULL,
    at_ms           BIGINT NOT NULL
);

CREATE INDEX live_event_of_clinic ON live_event (clinic_id, seq);
CREATE INDEX live_event_age ON live_event (at_ms);

-- The last number that was given out.
CREATE TABLE live_head (
    id  BIGINT PRIMARY KEY CHECK (id = 1),
    seq BIGINT NOT NULL
);
INSERT INTO live_head (id, seq) VALUES (1, 0);

-- By what ways, and when, somebody wants to be told.
CREATE TABLE notification_preference (
    user_id TEXT COLLATE "C" PRIMARY KEY REFERENCES account (id),
    rev     BIGINT NOT NULL,
    choices TEXT NOT NULL,
    -- A telephone, sealed with the account's key.
    phone   BYTEA
);

ALTER TABLE delivery ENABLE ROW LEVEL SECURITY;
ALTER TABLE delivery FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON delivery USING (in_scope(clinic_id));
ALTER TABLE live_event ENABLE ROW LEVEL SECURITY;
ALTER TABLE live_event FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON live_event USING (in_scope(clinic_id));
