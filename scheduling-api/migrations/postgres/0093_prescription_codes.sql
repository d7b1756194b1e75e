-- By what a printed prescription is checked: the hash of its code, which the key file makes from its id.

CREATE TABLE prescription_code (
    hash            BYTEA PRIMARY KEY,
    clinic_id       TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    prescription_id TEXT COLLATE "C" NOT NULL UNIQUE REFERENCES prescription (id)
);

ALTER TABLE prescription_code ENABLE ROW LEVEL SECURITY;
ALTER TABLE prescription_code FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON prescription_code USING (in_scope(clinic_id));
