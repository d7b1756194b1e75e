-- Money: a clinic's rules, invoices, payments, refunds, the ledger, and what providers told us. Amounts are whole numbers of
-- the currency's minor unit. Nothing here names anybody but by id.

-- A clinic's rules about money: JSON, checked by the program.
CREATE TABLE billing (
    clinic_id TEXT COLLATE "C" PRIMARY KEY REFERENCES clinic (id),
    rev       BIGINT NOT NULL,
    rules     TEXT COLLATE "C" NOT NULL
);

-- The last number that was given out. Taken within the transaction that issues, so that numbers have no gap.
CREATE TABLE billing_counter (
    clinic_id TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    kind      TEXT COLLATE "C" NOT NULL,
    last      BIGINT NOT NULL,
    PRIMARY KEY (clinic_id, kind)
);

CREATE TABLE invoice (
    id              TEXT COLLATE "C" PRIMARY KEY,
    clinic_id       TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    rev             BIGINT NOT NULL,
    kind            TEXT COLLATE "C" NOT NULL CHECK (kind IN ('invoice', 'credit_note')),
    state           TEXT COLLATE "C" NOT NULL CHECK (state IN ('draft', 'issued', 'void')),
    number          BIGINT,
    -- The invoice that a credit note takes back from.
    of_id           TEXT COLLATE "C" REFERENCES invoice (id),
    appointment_id  TEXT COLLATE "C" NOT NULL REFERENCES appointment (id),
    patient_id      TEXT COLLATE "C" NOT NULL REFERENCES patient (id),
    practitioner_id TEXT COLLATE "C" NOT NULL REFERENCES practitioner (id),
    service_id      TEXT COLLATE "C" NOT NULL REFERENCES service (id),
    currency        TEXT COLLATE "C" NOT NULL,
    -- Seller, prefix and tax, as JSON.
    heading         TEXT COLLATE "C" NOT NULL,
    created_ms      BIGINT NOT NULL,
    issued_ms       BIGINT,
    UNIQUE (clinic_id, kind, number),
    CHECK ((state = 'issued') = (number IS NOT NULL AND issued_ms IS NOT NULL)),
    CHECK ((kind = 'credit_note') = (of_id IS NOT NULL))
);

CREATE INDEX invoice_of_appointment ON invoice (appointment_id, id);
CREATE INDEX invoice_of_patient ON invoice (patient_id, id);
CREATE INDEX invoice_of_clinic ON invoice (clinic_id, id);
-- A visit has one draft at a time.
CREATE UNIQUE INDEX invoice_draft ON invoice (appointment_id) WHERE state = 'draft';

CREATE TABLE invoice_line (
    invoice_id TEXT COLLATE "C" NOT NULL REFERENCES invoice (id),
    number     BIGINT NOT NULL,
    clinic_id  TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    kind       TEXT COLLATE "C" NOT NULL,
    net_minor  BIGINT NOT NULL,
    tax_minor  BIGINT NOT NULL,
    -- The rule that it comes from, with its revision.
    rule       TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (invoice_id, number),
    CHECK (number > 0)
);

CREATE TABLE payment (
    id               TEXT COLLATE "C" PRIMARY KEY,
    clinic_id        TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    rev              BIGINT NOT NULL,
    invoice_id       TEXT COLLATE "C" NOT NULL REFERENCES invoice (id),
    appointment_id   TEXT COLLATE "C" NOT NULL REFERENCES appointment (id),
    patient_id       TEXT COLLATE "C" NOT NULL REFERENCES patient (id),
    method           TEXT COLLATE "C" NOT NULL,
    state            TEXT COLLATE "C" NOT NULL CHECK (state IN ('created', 'unknown', 'requires_action', 'authorized', 'failed',
                         'voided', 'expired', 'captured')),
    currency         TEXT COLLATE "C" NOT NULL,
    amount_minor     BIGINT NOT NULL,
    authorized_minor BIGINT NOT NULL,
    captured_minor   BIGINT NOT NULL,
    refunded_minor   BIGINT NOT NULL,
    -- Refunded, or asked to be.
    claimed_minor    BIGINT NOT NULL,
    reference        TEXT COLLATE "C" NOT NULL UNIQUE,
    provider_id      TEXT COLLATE "C",
    look_ms          BIGINT,
    -- Everything, as JSON: what stands in columns beside it is what the database decides and searches by.
    body             TEXT COLLATE "C" NOT NULL,
    created_ms       BIGINT NOT NULL,
    UNIQUE (method, provider_id),
    CHECK (amount_minor > 0),
    CHECK (0 <= refunded_minor AND refunded_minor <= claimed_minor AND claimed_minor <= captured_minor
        AND captured_minor <= authorized_minor AND authorized_minor <= amount_minor)
);

-- An invoice is paid in one way at a time: what is open is not asked for twice.
CREATE UNIQUE INDEX payment_open ON payment (invoice_id)
    WHERE state IN ('created', 'unknown', 'requires_action', 'authorized');
CREATE INDEX payment_due ON payment (look_ms, id) WHERE look_ms IS NOT NULL;
CREATE INDEX payment_of_appointment ON payment (appointment_id, id);
CREATE INDEX payment_of_patient ON payment (patient_id, id);
CREATE INDEX payment_of_clinic ON payment (clinic_id, id);

CREATE TABLE refund (
    id           TEXT COLLATE "C" PRIMARY KEY,
    clinic_id    TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    rev          BIGINT NOT NULL,
    payment_id   TEXT COLLATE "C" NOT NULL REFERENCES payment (id),
    state        TEXT COLLATE "C" NOT NULL CHECK (state IN ('requested', 'submitted', 'succeeded', 'failed', 'manual', 'waived')),
    amount_minor BIGINT NOT NULL CHECK (amount_minor > 0),
    look_ms      BIGINT,
    body         TEXT COLLATE "C" NOT NULL,
    created_ms   BIGINT NOT NULL
);

CREATE INDEX refund_of_payment ON refund (payment_id, id);
CREATE INDEX refund_due ON refund (look_ms, id) WHERE look_ms IS NOT NULL;
CREATE INDEX refund_of_clinic ON refund (clinic_id, state, id);

-- The ledger. A row is one amount from one account to another: no row can be out of balance.
CREATE TABLE ledger (
    -- What it comes from, written once for all time. A payout is of no visit.
    cause           TEXT COLLATE "C" NOT NULL,
    number          BIGINT NOT NULL,
    clinic_id       TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    debit           TEXT COLLATE "C" NOT NULL,
    credit          TEXT COLLATE "C" NOT NULL,
    minor           BIGINT NOT NULL,
    currency        TEXT COLLATE "C" NOT NULL,
    appointment_id  TEXT COLLATE "C" REFERENCES appointment (id),
    practitioner_id TEXT COLLATE "C" NOT NULL REFERENCES practitioner (id),
    service_id      TEXT COLLATE "C" REFERENCES service (id),
    payment_id      TEXT COLLATE "C" REFERENCES payment (id),
    at_ms           BIGINT NOT NULL,
    PRIMARY KEY (cause, number),
    CHECK (minor > 0),
    CHECK (debit <> credit),
    CHECK ((appointment_id IS NULL) = (service_id IS NULL))
);

CREATE INDEX ledger_of_clinic ON ledger (clinic_id, at_ms);
CREATE INDEX ledger_of_practitioner ON ledger (practitioner_id, at_ms);
CREATE INDEX ledger_of_payment ON ledger (payment_id) WHERE payment_id IS NOT NULL;
CREATE INDEX ledger_of_appointment ON ledger (appointment_id);

-- What was paid to practitioners of what they are owed.
CREATE TABLE payout (
    id              TEXT COLLATE "C" PRIMARY KEY,
    clinic_id       TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    practitioner_id TEXT COLLATE "C" NOT NULL REFERENCES practitioner (id),
    minor           BIGINT NOT NULL CHECK (minor > 0),
    currency        TEXT COLLATE "C" NOT NULL,
    -- What the bank calls the transfer.
    reference       TEXT COLLATE "C" NOT NULL,
    made_ms         BIGINT NOT NULL
);

CREATE INDEX payout_of_clinic ON payout (clinic_id, id);
CREATE INDEX payout_of_practitioner ON payout (practitioner_id, id);

-- Events that providers told us, each once. Not their bytes, which name people: a digest, and what is needed of them.
CREATE TABLE payment_event (
    method        TEXT COLLATE "C" NOT NULL,
    event_id      TEXT COLLATE "C" NOT NULL,
    kind          TEXT COLLATE "C" NOT NULL,
    payment_id    TEXT COLLATE "C",
    refund_id     TEXT COLLATE "C",
    provider_id   TEXT COLLATE "C",
    -- What it claims, as JSON, where the provider has no object to read.
    claim         TEXT COLLATE "C",
    digest        BYTEA NOT NULL,
    received_ms   BIGINT NOT NULL,
    not_before_ms BIGINT NOT NULL,
    attempts      BIGINT NOT NULL DEFAULT 0,
    done_ms       BIGINT,
    outcome       TEXT COLLATE "C",
    PRIMARY KEY (method, event_id)
);

CREATE INDEX payment_event_due ON payment_event (not_before_ms, event_id) WHERE done_ms IS NULL;
CREATE INDEX payment_event_done ON payment_event (done_ms) WHERE done_ms IS NOT NULL;

-- Visits whose money is to be looked at: something about them was decided.
CREATE TABLE settlement_due (
    appointment_id TEXT COLLATE "C" PRIMARY KEY REFERENCES appointment (id),
    clinic_id      TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    due_ms         BIGINT NOT NULL,
    attempts       BIGINT NOT NULL DEFAULT 0
);

CREATE INDEX settlement_due_at ON settlement_due (due_ms);
CREATE INDEX settlement_due_of_clinic ON settlement_due (clinic_id);

-- Fees that the clinic lets patients off.
CREATE TABLE fee_waiver (
    appointment_id TEXT COLLATE "C" PRIMARY KEY REFERENCES appointment (id),
    clinic_id      TEXT COLLATE "C" NOT NULL REFERENCES clinic (id),
    waived_by      TEXT COLLATE "C",
    waived_ms      BIGINT NOT NULL
);

CREATE INDEX fee_waiver_of_clinic ON fee_waiver (clinic_id);

-- Where a provider's books and ours differ.
CREATE TABLE payment_difference (
    -- What it is about, and how it differs.
    key         TEXT COLLATE "C" PRIMARY KEY,
    -- None for money that nobody here asked for.
    clinic_id   TEXT COLLATE "C" REFERENCES clinic (id),
    kind        TEXT COLLATE "C" NOT NULL,
    method      TEXT COLLATE "C" NOT NULL,
    payment_id  TEXT COLLATE "C",
    provider_id TEXT COLLATE "C",
    ours        TEXT COLLATE "C",
    theirs      TEXT COLLATE "C",
    found_ms    BIGINT NOT NULL,
    seen_ms     BIGINT NOT NULL,
    cleared_ms  BIGINT
);

CREATE INDEX payment_difference_of_clinic ON payment_difference (clinic_id, key);
CREATE INDEX payment_difference_open ON payment_difference (key) WHERE cleared_ms IS NULL;

-- When the books were compared last.
CREATE TABLE reconciliation (
    id      BIGINT PRIMARY KEY CHECK (id = 1),
    last_ms BIGINT NOT NULL
);
INSERT INTO reconciliation (id, last_ms) VALUES (1, 0);

-- Whoever reaches the database past this program cannot change what was given out, or what is in the ledger, either.
CREATE FUNCTION refuse_change_of_money() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0];
END $$;
CREATE FUNCTION refuse_line_of_issued() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF (SELECT state FROM invoice WHERE id = NEW.invoice_id) <> 'draft' THEN
            RAISE EXCEPTION 'issued_is_final';
        END IF;
        RETURN NEW;
    END IF;
    IF (SELECT state FROM invoice WHERE id = OLD.invoice_id) <> 'draft' THEN
        RAISE EXCEPTION 'issued_is_final';
    END IF;
    RETURN OLD;
END $$;

CREATE TRIGGER invoice_issued_is_final BEFORE UPDATE OR DELETE ON invoice
FOR EACH ROW WHEN (OLD.state <> 'draft') EXECUTE FUNCTION refuse_change_of_money('issued_is_final');
CREATE TRIGGER invoice_line_is_of_a_draft BEFORE INSERT OR DELETE ON invoice_line
FOR EACH ROW EXECUTE FUNCTION refuse_line_of_issued();
CREATE TRIGGER invoice_line_is_final BEFORE UPDATE ON invoice_line
FOR EACH ROW EXECUTE FUNCTION refuse_change_of_money('issued_is_final');
CREATE TRIGGER ledger_is_never_changed BEFORE UPDATE OR DELETE ON ledger
FOR EACH ROW EXECUTE FUNCTION refuse_change_of_money('ledger_is_final');
CREATE TRIGGER ledger_is_never_emptied BEFORE TRUNCATE ON ledger
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_money('ledger_is_final');
CREATE TRIGGER payout_is_never_changed BEFORE UPDATE OR DELETE ON payout
FOR EACH ROW EXECUTE FUNCTION refuse_change_of_money('ledger_is_final');
-- A payment's money is never undone.
CREATE TRIGGER payment_only_grows BEFORE UPDATE ON payment
FOR EACH ROW WHEN (NEW.captured_minor < OLD.captured_minor OR NEW.refunded_minor < OLD.refunded_minor
    OR NEW.amount_minor <> OLD.amount_minor OR NEW.currency <> OLD.currency OR NEW.clinic_id <> OLD.clinic_id)
EXECUTE FUNCTION refuse_change_of_money('payment_only_grows');

ALTER TABLE billing ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON billing USING (in_scope(clinic_id));
ALTER TABLE billing_counter ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_counter FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON billing_counter USING (in_scope(clinic_id));
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY;
ALTER TABLE invoice FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON invoice USING (in_scope(clinic_id));
ALTER TABLE invoice_line ENABLE ROW LEVEL SECURITY;
ALTER TABLE invoice_line FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON invoice_line USING (in_scope(clinic_id));
ALTER TABLE payment ENABLE ROW LEVEL SECURITY;
ALTER TABLE payment FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON payment USING (in_scope(clinic_id));
ALTER TABLE refund ENABLE ROW LEVEL SECURITY;
ALTER TABLE refund FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON refund USING (in_scope(clinic_id));
ALTER TABLE ledger ENABLE ROW LEVEL SECURITY;
ALTER TABLE ledger FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON ledger USING (in_scope(clinic_id));
ALTER TABLE payout ENABLE ROW LEVEL SECURITY;
ALTER TABLE payout FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON payout USING (in_scope(clinic_id));
ALTER TABLE settlement_due ENABLE ROW LEVEL SECURITY;
ALTER TABLE settlement_due FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON settlement_due USING (in_scope(clinic_id));
ALTER TABLE fee_waiver ENABLE ROW LEVEL SECURITY;
ALTER TABLE fee_waiver FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON fee_waiver USING (in_scope(clinic_id));
ALTER TABLE payment_difference ENABLE ROW LEVEL SECURITY;
ALTER TABLE payment_difference FORCE ROW LEVEL SECURITY;
CREATE POLICY clinic ON payment_difference USING (in_scope(clinic_id));
