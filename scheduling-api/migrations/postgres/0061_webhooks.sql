-- Where clinics' own programs are told of events.
CREATE TABLE webhook_endpoint (
    id            TEXT COLLATE "C" PRIMARY KEY,
    rev           BIGINT NOT NULL,
    clinic_id     TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    url           TEXT NOT NULL,
    description   TEXT NOT NULL,
    -- Beginnings of topics, as JSON.
    topics        TEXT NOT NULL,
    active        BIGINT NOT NULL,
    -- The key that signs, and the one before it until then; both sealed under a key of the endpoint's own.
    wrapped_by    TEXT NOT NULL,
    wrapped       BYTEA NOT NULL,
    secret        BYTEA NOT NULL,
    old_secret    BYTEA,
    old_until_ms  BIGINT,
    created_ms    BIGINT NOT NULL,
    ended_ms      BIGINT,
    CHECK ((old_secret IS NULL) = (old_until_ms IS NULL))
);

CREATE INDEX webhook_endpoint_of_clinic ON webhook_endpoint (clinic_id, id) WHERE ended_ms IS NULL;

ALTER TABLE webhook_endpoint ENABLE ROW LEVEL SECURITY;
ALTER TABLE webhook_endpoint FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON webhook_endpoint USING (in_scope(clinic_id));
