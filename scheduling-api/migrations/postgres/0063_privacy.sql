-- What patients ask for about their data: a copy of it, or that it is forgotten.
CREATE TABLE data_request (
    id           TEXT COLLATE "C" PRIMARY KEY,
    rev          BIGINT NOT NULL,
    clinic_id    TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    patient_id   TEXT COLLATE "C" NOT NULL REFERENCES patient (id),
    kind         TEXT NOT NULL CHECK (kind IN ('export', 'erasure')),
    state        TEXT NOT NULL CHECK (state IN ('requested', 'approved', 'refused', 'done')),
    requested_by TEXT COLLATE "C",
    reviewed_by  TEXT COLLATE "C",
    created_ms   BIGINT NOT NULL,
    reviewed_ms  BIGINT,
    done_ms      BIGINT,
    -- The copy, sealed with the patient's key.
    bundle       BYTEA
);

CREATE INDEX data_request_of_clinic ON data_request (clinic_id, id);
CREATE INDEX data_request_approved ON data_request (reviewed_ms) WHERE state = 'approved';
-- One of a kind at a time.
CREATE UNIQUE INDEX data_request_once ON data_request (patient_id, kind) WHERE state IN ('requested', 'approved');

ALTER TABLE data_request ENABLE ROW LEVEL SECURITY;
ALTER TABLE data_request FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON data_request USING (in_scope(clinic_id));
