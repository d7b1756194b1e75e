-- What insurers have paid at once, as their files say. Posted once, and never changed.

CREATE TABLE remittance (
    id          TEXT COLLATE "C" PRIMARY KEY,
    clinic_id   TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    payer_id    TEXT COLLATE "C" NOT NULL REFERENCES payer (id),
    -- The transfer's number at the insurer's bank.
    trace       TEXT COLLATE "C" NOT NULL,
    currency    TEXT COLLATE "C" NOT NULL,
    paid_minor  BIGINT NOT NULL CHECK (paid_minor >= 0),
    -- What of it was posted to claims.
    posted_minor BIGINT NOT NULL,
    -- How many of its claims were posted, and how many did not fit.
    posted      BIGINT NOT NULL,
    misfits     BIGINT NOT NULL,
    received_ms BIGINT NOT NULL,
    UNIQUE (clinic_id, payer_id, trace)
);

CREATE INDEX remittance_of_clinic ON remittance (clinic_id, id);
CREATE INDEX remittance_of_payer ON remittance (payer_id);

CREATE TRIGGER remittance_is_never_changed BEFORE UPDATE OR DELETE ON remittance
FOR EACH ROW EXECUTE FUNCTION refuse_change_of_money('ledger_is_final');

ALTER TABLE remittance ENABLE ROW LEVEL SECURITY;
ALTER TABLE remittance FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON remittance USING (in_scope(clinic_id));
