-- What people's browsers and their owners wrote stands sealed; letters know whose they are; telephones are proved; more
-- ways to people.

-- The browser's name and the terms, sealed with the patient's data key. Before, they stood open, here and in the history.
ALTER TABLE consultation_participant ADD COLUMN device_said BYTEA;
UPDATE consultation_participant SET device_check = (device_check::jsonb - 'browser' - 'terms_version')::text
    WHERE device_check IS NOT NULL;
UPDATE revision SET body = (body::jsonb
    #- '{consultation,participants,0,device_check,browser}'
    #- '{consultation,participants,0,device_check,terms_version}'
    #- '{consultation,participants,1,device_check,browser}'
    #- '{consultation,participants,1,device_check,terms_version}'
    #- '{consultation,participants,2,device_check,browser}'
    #- '{consultation,participants,2,device_check,terms_version}'
    #- '{consultation,participants,3,device_check,browser}'
    #- '{consultation,participants,3,device_check,terms_version}'
    #- '{consultation,participants,4,device_check,browser}'
    #- '{consultation,participants,4,device_check,terms_version}'
    #- '{consultation,participants,5,device_check,browser}'
    #- '{consultation,participants,5,device_check,terms_version}'
    #- '{consultation,participants,6,device_check,browser}'
    #- '{consultation,participants,6,device_check,terms_version}'
    #- '{consultation,participants,7,device_check,browser}'
    #- '{consultation,participants,7,device_check,terms_version}'
    #- '{consultation,participants,8,device_check,browser}'
    #- '{consultation,participants,8,device_check,terms_version}'
    #- '{consultation,participants,9,device_check,browser}'
    #- '{consultation,participants,9,device_check,terms_version}'
    #- '{consultation,participants,10,device_check,browser}'
    #- '{consultation,participants,10,device_check,terms_version}'
    #- '{consultation,participants,11,device_check,browser}'
    #- '{consultation,participants,11,device_check,terms_version}')::text
    WHERE kind = 'consultation';

-- Whose letter it is: the digest of its address, and the patient whose visit it leads to. Erasure finds it by these.
ALTER TABLE outbox ADD COLUMN address BYTEA;
ALTER TABLE outbox ADD COLUMN patient_id TEXT COLLATE "C";
CREATE INDEX outbox_of_address ON outbox (address) WHERE address IS NOT NULL;
CREATE INDEX outbox_of_patient ON outbox (patient_id) WHERE patient_id IS NOT NULL;

ALTER TABLE delivery ADD COLUMN address BYTEA;
ALTER TABLE delivery ADD COLUMN patient_id TEXT COLLATE "C";
ALTER TABLE delivery DROP CONSTRAINT delivery_channel_check;
ALTER TABLE delivery ADD CONSTRAINT delivery_channel_check
    CHECK (channel IN ('email', 'sms', 'whatsapp', 'push', 'webhook'));
CREATE INDEX delivery_of_address ON delivery (address) WHERE address IS NOT NULL;
CREATE INDEX delivery_of_patient ON delivery (patient_id) WHERE patient_id IS NOT NULL;
CREATE INDEX delivery_of_provider ON delivery (provider_id) WHERE provider_id IS NOT NULL;

-- When the telephone was proved by a code; nothing is sent to one that was not.
ALTER TABLE notification_preference ADD COLUMN phone_proved_ms BIGINT;

-- What the sweeper finds links and their sessions by.
CREATE INDEX join_link_age ON join_link (clinic_id, expires_ms);
CREATE INDEX join_session_age ON join_session (clinic_id, expires_ms);

-- Browsers that show notifications, each with its push service's address and keys, sealed with the account's key.
CREATE TABLE push_subscription (
    id         TEXT COLLATE "C" PRIMARY KEY,
    user_id    TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    -- A keyed digest of the address: a browser has one subscription, however often it tells of it.
    endpoint   BYTEA NOT NULL UNIQUE,
    sealed     BYTEA NOT NULL,
    created_ms BIGINT NOT NULL
);
CREATE INDEX push_subscription_of_user ON push_subscription (user_id, created_ms);

-- How long a clinic keeps what it may forget, as JSON; the defaults where there is none.
ALTER TABLE clinic ADD COLUMN retention TEXT;
ALTER TABLE clinic ADD COLUMN retention_rev BIGINT NOT NULL DEFAULT 0;
CREATE INDEX delivery_age ON delivery (clinic_id, done_ms) WHERE done_ms IS NOT NULL;
CREATE INDEX data_request_age ON data_request (clinic_id, done_ms) WHERE bundle IS NOT NULL;
