-- Who can sign in, how, and as whom. An account belongs to no clinic; memberships say what it is where.

CREATE TABLE account (
    id           TEXT COLLATE "C" PRIMARY KEY,
    rev          BIGINT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('active', 'disabled', 'erased')),
    -- A keyed digest of the address: the same for two spellings of one mailbox.
    email_index  BYTEA UNIQUE,
    -- Sealed with the account's own key.
    email        BYTEA,
    name         BYTEA,
    language     TEXT COLLATE "C" NOT NULL,
    time_zone    TEXT NOT NULL,
    wrapped_by   TEXT NOT NULL,
    wrapped      BYTEA,
    password     TEXT,
    created_ms   BIGINT NOT NULL
);

CREATE TABLE membership (
    id              TEXT COLLATE "C" PRIMARY KEY,
    -- None for who runs the installation.
    clinic_id       TEXT COLLATE "C" REFERENCES clinic (id),
    user_id         TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    role            TEXT NOT NULL,
    patient_id      TEXT COLLATE "C" REFERENCES patient (id),
    practitioner_id TEXT COLLATE "C" REFERENCES practitioner (id),
    created_ms      BIGINT NOT NULL,
    ended_ms        BIGINT,
    CHECK ((clinic_id IS NULL) = (role = 'platform_admin')),
    CHECK ((patient_id IS NOT NULL) = (role = 'patient')),
    CHECK ((practitioner_id IS NOT NULL) = (role = 'practitioner'))
);

CREATE UNIQUE INDEX membership_once ON membership (user_id, clinic_id, role) WHERE ended_ms IS NULL;
CREATE UNIQUE INDEX membership_patient ON membership (patient_id) WHERE ended_ms IS NULL AND patient_id IS NOT NULL;
CREATE INDEX membership_of_clinic ON membership (clinic_id, id) WHERE ended_ms IS NULL;

-- Who else may act for a patient: a parent, a guardian, a carer.
CREATE TABLE patient_proxy (
    id             TEXT COLLATE "C" PRIMARY KEY,
    clinic_id      TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    patient_id     TEXT COLLATE "C" NOT NULL REFERENCES patient (id),
    user_id        TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    relationship   TEXT NOT NULL,
    created_ms     BIGINT NOT NULL,
    valid_until_ms BIGINT,
    ended_ms       BIGINT
);

CREATE UNIQUE INDEX patient_proxy_once ON patient_proxy (patient_id, user_id) WHERE ended_ms IS NULL;
CREATE INDEX patient_proxy_of_user ON patient_proxy (user_id) WHERE ended_ms IS NULL;

-- Secrets good for one use, by their hash. What they carry is sealed where it tells of people.
CREATE TABLE one_time (
    hash       TEXT COLLATE "C" PRIMARY KEY,
    purpose    TEXT NOT NULL,
    user_id    TEXT COLLATE "C" REFERENCES account (id),
    -- What it is about before there is an account: the digest of the address.
    subject    BYTEA,
    detail     TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    attempts   BIGINT NOT NULL DEFAULT 0,
    used_ms    BIGINT
);

CREATE INDEX one_time_expiry ON one_time (expires_ms);
CREATE INDEX one_time_of_user ON one_time (user_id, purpose) WHERE user_id IS NOT NULL;
CREATE INDEX one_time_of_subject ON one_time (subject, purpose) WHERE subject IS NOT NULL;

CREATE TABLE totp (
    user_id      TEXT COLLATE "C" PRIMARY KEY REFERENCES account (id),
    secret       BYTEA NOT NULL,
    confirmed_ms BIGINT,
    last_step    BIGINT
);

CREATE TABLE recovery_code (
    hash    TEXT COLLATE "C" PRIMARY KEY,
    user_id TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    used_ms BIGINT
);

CREATE INDEX recovery_code_of_user ON recovery_code (user_id);

CREATE TABLE passkey (
    id            TEXT COLLATE "C" PRIMARY KEY,
    credential_id TEXT COLLATE "C" NOT NULL UNIQUE,
    user_id       TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    name          TEXT NOT NULL,
    -- The public key and its counter; nothing in it opens anything.
    credential    TEXT NOT NULL,
    created_ms    BIGINT NOT NULL,
    used_ms       BIGINT
);

CREATE INDEX passkey_of_user ON passkey (user_id);

CREATE TABLE session (
    id               TEXT COLLATE "C" PRIMARY KEY,
    token_hash       TEXT COLLATE "C" NOT NULL UNIQUE,
    user_id          TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    clinic_id        TEXT COLLATE "C" REFERENCES clinic (id),
    factors          TEXT NOT NULL,
    user_agent       TEXT NOT NULL,
    created_ms       BIGINT NOT NULL,
    seen_ms          BIGINT NOT NULL,
    authenticated_ms BIGINT NOT NULL,
    idle_ms          BIGINT NOT NULL,
    absolute_ms      BIGINT NOT NULL,
    revoked_ms       BIGINT
);

CREATE INDEX session_of_user ON session (user_id, id) WHERE revoked_ms IS NULL;

-- Browsers that signed in before: they keep their own budget of tries.
CREATE TABLE known_device (
    hash    TEXT COLLATE "C" PRIMARY KEY,
    user_id TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    seen_ms BIGINT NOT NULL
);

CREATE INDEX known_device_of_user ON known_device (user_id, seen_ms);

-- Outside identity providers, and who is who there.
CREATE TABLE identity_provider (
    id            TEXT COLLATE "C" PRIMARY KEY,
    clinic_id     TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    name          TEXT NOT NULL,
    issuer        TEXT COLLATE "C" NOT NULL,
    client_id     TEXT NOT NULL,
    wrapped_by    TEXT NOT NULL,
    wrapped       BYTEA NOT NULL,
    client_secret BYTEA NOT NULL,
    created_ms    BIGINT NOT NULL,
    ended_ms      BIGINT
);

CREATE TABLE identity (
    provider_id TEXT COLLATE "C" NOT NULL REFERENCES identity_provider (id),
    -- A keyed digest of the provider's subject.
    subject     BYTEA NOT NULL,
    user_id     TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    created_ms  BIGINT NOT NULL,
    PRIMARY KEY (provider_id, subject)
);

-- More of a practitioner's public card.
ALTER TABLE practitioner ADD COLUMN fee_minor BIGINT;
ALTER TABLE practitioner ADD COLUMN fee_currency TEXT;
ALTER TABLE practitioner ADD COLUMN photo TEXT;
ALTER TABLE practitioner ADD COLUMN credentials TEXT NOT NULL DEFAULT '{}';

ALTER TABLE membership ENABLE ROW LEVEL SECURITY;
ALTER TABLE membership FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON membership USING (in_scope(clinic_id));
ALTER TABLE patient_proxy ENABLE ROW LEVEL SECURITY;
ALTER TABLE patient_proxy FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON patient_proxy USING (in_scope(clinic_id));
ALTER TABLE identity_provider ENABLE ROW LEVEL SECURITY;
ALTER TABLE identity_provider FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON identity_provider USING (in_scope(clinic_id));
