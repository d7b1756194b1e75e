-- By what a printed prescription is checked: the hash of its code, which the key file makes from its id.

CREATE TABLE prescription_code (
    hash            BLOB PRIMARY KEY,
    clinic_id       TEXT NOT NULL REFERENCES clinic (id),
    prescription_id TEXT NOT NULL UNIQUE REFERENCES prescription (id)
) STRICT, WITHOUT ROWID;
