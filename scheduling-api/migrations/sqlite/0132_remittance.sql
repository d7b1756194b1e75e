-- What insurers have paid at once, as their files say. Posted once, and never changed.

CREATE TABLE remittance (
    id          TEXT PRIMARY KEY,
    clinic_id   TEXT NOT NULL REFERENCES clinic (id),
    payer_id    TEXT NOT NULL REFERENCES payer (id),
    -- The transfer's number at the insurer's bank.
    trace       TEXT NOT NULL,
    currency    TEXT NOT NULL,
    paid_minor  INTEGER NOT NULL CHECK (paid_minor >= 0),
    -- What of it was posted to claims.
    posted_minor INTEGER NOT NULL,
    -- How many of its claims were posted, and how many did not fit.
    posted      INTEGER NOT NULL,
    misfits     INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    UNIQUE (clinic_id, payer_id, trace)
) STRICT, WITHOUT ROWID;

CREATE INDEX remittance_of_clinic ON remittance (clinic_id, id);
CREATE INDEX remittance_of_payer ON remittance (payer_id);

CREATE TRIGGER remittance_is_never_changed BEFORE UPDATE ON remittance
BEGIN SELECT RAISE(ABORT, 'ledger_is_final'); END;
CREATE TRIGGER remittance_is_never_deleted BEFORE DELETE ON remittance
BEGIN SELECT RAISE(ABORT, 'ledger_is_final'); END;
