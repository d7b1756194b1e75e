-- What people's browsers and their owners wrote stands sealed; letters know whose they are; telephones are proved; more
-- ways to people.

-- The browser's name and the terms, sealed with the patient's data key. Before, they stood open, here and in the history.
ALTER TABLE consultation_participant ADD COLUMN device_said BLOB;
UPDATE consultation_participant SET device_check = json_remove(device_check, '$.browser', '$.terms_version')
    WHERE device_check IS NOT NULL;
UPDATE revision SET body = json_remove(body,
    '$.consultation.participants[0].device_check.browser',
    '$.consultation.participants[0].device_check.terms_version',
    '$.consultation.participants[1].device_check.browser',
    '$.consultation.participants[1].device_check.terms_version',
    '$.consultation.participants[2].device_check.browser',
    '$.consultation.participants[2].device_check.terms_version',
    '$.consultation.participants[3].device_check.browser',
    '$.consultation.participants[3].device_check.terms_version',
    '$.consultation.participants[4].device_check.browser',
    '$.consultation.participants[4].device_check.terms_version',
    '$.consultation.participants[5].device_check.browser',
    '$.consultation.participants[5].device_check.terms_version',
    '$.consultation.participants[6].device_check.browser',
    '$.consultation.participants[6].device_check.terms_version',
    '$.consultation.participants[7].device_check.browser',
    '$.consultation.participants[7].device_check.terms_version',
    '$.consultation.participants[8].device_check.browser',
    '$.consultation.participants[8].device_check.terms_version',
    '$.consultation.participants[9].device_check.browser',
    '$.consultation.participants[9].device_check.terms_version',
    '$.consultation.participants[10].device_check.browser',
    '$.consultation.participants[10].device_check.terms_version',
    '$.consultation.participants[11].device_check.browser',
    '$.consultation.participants[11].device_check.terms_version')
    WHERE kind = 'consultation';

-- Whose letter it is: the digest of its address, and the patient whose visit it leads to. Erasure finds it by these.
ALTER TABLE outbox ADD COLUMN address BLOB;
ALTER TABLE outbox ADD COLUMN patient_id TEXT;
CREATE INDEX outbox_of_address ON outbox (address) WHERE address IS NOT NULL;
CREATE INDEX outbox_of_patient ON outbox (patient_id) WHERE patient_id IS NOT NULL;

-- As before, with more channels and the same two columns: SQLite does not change a CHECK.
CREATE TABLE delivery_next (
    id             TEXT PRIMARY KEY,
    clinic_id      TEXT REFERENCES clinic (id),
    channel        TEXT NOT NULL CHECK (channel IN ('email', 'sms', 'whatsapp', 'push', 'webhook')),
    -- An account or a webhook endpoint; none for a letter, which carries its address sealed.
    recipient      TEXT,
    message        TEXT NOT NULL,
    aggregate_id   TEXT NOT NULL,
    aggregate_rev  INTEGER NOT NULL,
    payload        TEXT NOT NULL,
    dedupe_key     TEXT NOT NULL UNIQUE,
    state          TEXT NOT NULL
                   CHECK (state IN ('waiting', 'sending', 'sent', 'delivered', 'skipped', 'failed', 'unknown')),
    attempts       INTEGER NOT NULL DEFAULT 0,
    created_ms     INTEGER NOT NULL,
    not_before_ms  INTEGER NOT NULL,
    lease_until_ms INTEGER,
    leased_by      TEXT,
    done_ms        INTEGER,
    provider_id    TEXT,
    reason         TEXT,
    address        BLOB,
    patient_id     TEXT,
    CHECK ((done_ms IS NULL) = (state IN ('waiting', 'sending')))
) STRICT, WITHOUT ROWID;
INSERT INTO delivery_next (id, clinic_id, channel, recipient, message, aggregate_id, aggregate_rev, payload, dedupe_key,
        state, attempts, created_ms, not_before_ms, lease_until_ms, leased_by, done_ms, provider_id, reason)
    SELECT id, clinic_id, channel, recipient, message, aggregate_id, aggregate_rev, payload, dedupe_key,
        state, attempts, created_ms, not_before_ms, lease_until_ms, leased_by, done_ms, provider_id, reason FROM delivery;
DROP TABLE delivery;
ALTER TABLE delivery_next RENAME TO delivery;
CREATE INDEX delivery_due ON delivery (not_before_ms, id) WHERE done_ms IS NULL;
CREATE INDEX delivery_of_clinic ON delivery (clinic_id, id);
CREATE INDEX delivery_of_recipient ON delivery (recipient, id) WHERE recipient IS NOT NULL;
CREATE INDEX delivery_of_aggregate ON delivery (aggregate_id);
CREATE INDEX delivery_done ON delivery (done_ms) WHERE done_ms IS NOT NULL;
CREATE INDEX delivery_of_address ON delivery (address) WHERE address IS NOT NULL;
CREATE INDEX delivery_of_patient ON delivery (patient_id) WHERE patient_id IS NOT NULL;
CREATE INDEX delivery_of_provider ON delivery (provider_id) WHERE provider_id IS NOT NULL;

-- When the telephone was proved by a code; nothing is sent to one that was not.
ALTER TABLE notification_preference ADD COLUMN phone_proved_ms INTEGER;

-- What the sweeper finds links and their sessions by.
CREATE INDEX join_link_age ON join_link (clinic_id, expires_ms);
CREATE INDEX join_session_age ON join_session (clinic_id, expires_ms);

-- Browsers that show notifications, each with its push service's address and keys, sealed with the account's key.
CREATE TABLE push_subscription (
    id         TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES account (id),
    -- A keyed digest of the address: a browser has one subscription, however often it tells of it.
    endpoint   BLOB NOT NULL UNIQUE,
    sealed     BLOB NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX push_subscription_of_user ON push_subscription (user_id, created_ms);

-- How long a clinic keeps what it may forget, as JSON; the defaults where there is none.
ALTER TABLE clinic ADD COLUMN retention TEXT;
ALTER TABLE clinic ADD COLUMN retention_rev INTEGER NOT NULL DEFAULT 0;
CREATE INDEX delivery_age ON delivery (clinic_id, done_ms) WHERE done_ms IS NOT NULL;
CREATE INDEX data_request_age ON data_request (clinic_id, done_ms) WHERE bundle IS NOT NULL;
