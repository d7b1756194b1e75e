-- Money: a clinic's rules, invoices, payments, refunds, the ledger, and what providers told us. Amounts are whole numbers of
-- the currency's minor unit. Nothing here names anybody but by id.

-- A clinic's rules about money: JSON, checked by the program.
CREATE TABLE billing (
    clinic_id TEXT PRIMARY KEY REFERENCES clinic (id),
    rev       INTEGER NOT NULL,
    rules     TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The last number that was given out. Taken within the transaction that issues, so that numbers have no gap.
CREATE TABLE billing_counter (
    clinic_id TEXT NOT NULL REFERENCES clinic (id),
    kind      TEXT NOT NULL,
    last      INTEGER NOT NULL,
    PRIMARY KEY (clinic_id, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE invoice (
    id              TEXT PRIMARY KEY,
    clinic_id       TEXT NOT NULL REFERENCES clinic (id),
    rev             INTEGER NOT NULL,
    kind            TEXT NOT NULL CHECK (kind IN ('invoice', 'credit_note')),
    state           TEXT NOT NULL CHECK (state IN ('draft', 'issued', 'void')),
    number          INTEGER,
    -- The invoice that a credit note takes back from.
    of_id           TEXT REFERENCES invoice (id),
    appointment_id  TEXT NOT NULL REFERENCES appointment (id),
    patient_id      TEXT NOT NULL REFERENCES patient (id),
    practitioner_id TEXT NOT NULL REFERENCES practitioner (id),
    service_id      TEXT NOT NULL REFERENCES service (id),
    currency        TEXT NOT NULL,
    -- Seller, prefix and tax, as JSON.
    heading         TEXT NOT NULL,
    created_ms      INTEGER NOT NULL,
    issued_ms       INTEGER,
    UNIQUE (clinic_id, kind, number),
    CHECK ((state = 'issued') = (number IS NOT NULL AND issued_ms IS NOT NULL)),
    CHECK ((kind = 'credit_note') = (of_id IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX invoice_of_appointment ON invoice (appointment_id, id);
CREATE INDEX invoice_of_patient ON invoice (patient_id, id);
CREATE INDEX invoice_of_clinic ON invoice (clinic_id, id);
-- A visit has one draft at a time.
CREATE UNIQUE INDEX invoice_draft ON invoice (appointment_id) WHERE state = 'draft';

CREATE TABLE invoice_line (
    invoice_id TEXT NOT NULL REFERENCES invoice (id),
    number     INTEGER NOT NULL,
    clinic_id  TEXT NOT NULL REFERENCES clinic (id),
    kind       TEXT NOT NULL,
    net_minor  INTEGER NOT NULL,
    tax_minor  INTEGER NOT NULL,
    -- The rule that it comes from, with its revision.
    rule       TEXT NOT NULL,
    PRIMARY KEY (invoice_id, number),
    CHECK (number > 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE payment (
    id               TEXT PRIMARY KEY,
    clinic_id        TEXT NOT NULL REFERENCES clinic (id),
    rev              INTEGER NOT NULL,
    invoice_id       TEXT NOT NULL REFERENCES invoice (id),
    appointment_id   TEXT NOT NULL REFERENCES appointment (id),
    patient_id       TEXT NOT NULL REFERENCES patient (id),
    method           TEXT NOT NULL,
    state            TEXT NOT NULL CHECK (state IN ('created', 'unknown', 'requires_action', 'authorized', 'failed',
                         'voided', 'expired', 'captured')),
    currency         TEXT NOT NULL,
    amount_minor     INTEGER NOT NULL,
    authorized_minor INTEGER NOT NULL,
    captured_minor   INTEGER NOT NULL,
    refunded_minor   INTEGER NOT NULL,
    -- Refunded, or asked to be.
    claimed_minor    INTEGER NOT NULL,
    reference        TEXT NOT NULL UNIQUE,
    provider_id      TEXT,
    look_ms          INTEGER,
    -- Everything, as JSON: what stands in columns beside it is what the database decides and searches by.
    body             TEXT NOT NULL,
    created_ms       INTEGER NOT NULL,
    UNIQUE (method, provider_id),
    CHECK (amount_minor > 0),
    CHECK (0 <= refunded_minor AND refunded_minor <= claimed_minor AND claimed_minor <= captured_minor
        AND captured_minor <= authorized_minor AND authorized_minor <= amount_minor)
) STRICT, WITHOUT ROWID;

-- An invoice is paid in one way at a time: what is open is not asked for twice.
CREATE UNIQUE INDEX payment_open ON payment (invoice_id)
    WHERE state IN ('created', 'unknown', 'requires_action', 'authorized');
CREATE INDEX payment_due ON payment (look_ms, id) WHERE look_ms IS NOT NULL;
CREATE INDEX payment_of_appointment ON payment (appointment_id, id);
CREATE INDEX payment_of_patient ON payment (patient_id, id);
CREATE INDEX payment_of_clinic ON payment (clinic_id, id);

CREATE TABLE refund (
    id           TEXT PRIMARY KEY,
    clinic_id    TEXT NOT NULL REFERENCES clinic (id),
    rev          INTEGER NOT NULL,
    payment_id   TEXT NOT NULL REFERENCES payment (id),
    state        TEXT NOT NULL CHECK (state IN ('requested', 'submitted', 'succeeded', 'failed', 'manual', 'waived')),
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    look_ms      INTEGER,
    body         TEXT NOT NULL,
    created_ms   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX refund_of_payment ON refund (payment_id, id);
CREATE INDEX refund_due ON refund (look_ms, id) WHERE look_ms IS NOT NULL;
CREATE INDEX refund_of_clinic ON refund (clinic_id, state, id);

-- The ledger. A row is one amount from one account to another: no row can be out of balance.
CREATE TABLE ledger (
    -- What it comes from, written once for all time. A payout is of no visit.
    cause           TEXT NOT NULL,
    number          INTEGER NOT NULL,
    clinic_id       TEXT NOT NULL REFERENCES clinic (id),
    debit           TEXT NOT NULL,
    credit          TEXT NOT NULL,
    minor           INTEGER NOT NULL,
    currency        TEXT NOT NULL,
    appointment_id  TEXT REFERENCES appointment (id),
    practitioner_id TEXT NOT NULL REFERENCES practitioner (id),
    service_id      TEXT REFERENCES service (id),
    payment_id      TEXT REFERENCES payment (id),
    at_ms           INTEGER NOT NULL,
    PRIMARY KEY (cause, number),
    CHECK (minor > 0),
    CHECK (debit <> credit),
    CHECK ((appointment_id IS NULL) = (service_id IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX ledger_of_clinic ON ledger (clinic_id, at_ms);
CREATE INDEX ledger_of_practitioner ON ledger (practitioner_id, at_ms);
CREATE INDEX ledger_of_payment ON ledger (payment_id) WHERE payment_id IS NOT NULL;
CREATE INDEX ledger_of_appointment ON ledger (appointment_id);

-- What was paid to practitioners of what they are owed.
CREATE TABLE payout (
    id              TEXT PRIMARY KEY,
    clinic_id       TEXT NOT NULL REFERENCES clinic (id),
    practitioner_id TEXT NOT NULL REFERENCES practitioner (id),
    minor           INTEGER NOT NULL CHECK (minor > 0),
    currency        TEXT NOT NULL,
    -- What the bank calls the transfer.
    reference       TEXT NOT NULL,
    made_ms         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX payout_of_clinic ON payout (clinic_id, id);
CREATE INDEX payout_of_practitioner ON payout (practitioner_id, id);

-- Events that providers told us, each once. Not their bytes, which name people: a digest, and what is needed of them.
CREATE TABLE payment_event (
    method        TEXT NOT NULL,
    event_id      TEXT NOT NULL,
    kind          TEXT NOT NULL,
    payment_id    TEXT,
    refund_id     TEXT,
    provider_id   TEXT,
    -- What it claims, as JSON, where the provider has no object to read.
    claim         TEXT,
    digest        BLOB NOT NULL,
    received_ms   INTEGER NOT NULL,
    not_before_ms INTEGER NOT NULL,
    attempts      INTEGER NOT NULL DEFAULT 0,
    done_ms       INTEGER,
    outcome       TEXT,
    PRIMARY KEY (method, event_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX payment_event_due ON payment_event (not_before_ms, event_id) WHERE done_ms IS NULL;
CREATE INDEX payment_event_done ON payment_event (done_ms) WHERE done_ms IS NOT NULL;

-- Visits whose money is to be looked at: something about them was decided.
CREATE TABLE settlement_due (
    appointment_id TEXT PRIMARY KEY REFERENCES appointment (id),
    clinic_id      TEXT NOT NULL REFERENCES clinic (id),
    due_ms         INTEGER NOT NULL,
    attempts       INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE INDEX settlement_due_at ON settlement_due (due_ms);
CREATE INDEX settlement_due_of_clinic ON settlement_due (clinic_id);

-- Fees that the clinic lets patients off.
CREATE TABLE fee_waiver (
    appointment_id TEXT PRIMARY KEY REFERENCES appointment (id),
    clinic_id      TEXT NOT NULL REFERENCES clinic (id),
    waived_by      TEXT,
    waived_ms      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX fee_waiver_of_clinic ON fee_waiver (clinic_id);

-- Where a provider's books and ours differ.
CREATE TABLE payment_difference (
    -- What it is about, and how it differs.
    key         TEXT PRIMARY KEY,
    -- None for money that nobody here asked for.
    clinic_id   TEXT REFERENCES clinic (id),
    kind        TEXT NOT NULL,
    method      TEXT NOT NULL,
    payment_id  TEXT,
    provider_id TEXT,
    ours        TEXT,
    theirs      TEXT,
    found_ms    INTEGER NOT NULL,
    seen_ms     INTEGER NOT NULL,
    cleared_ms  INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX payment_difference_of_clinic ON payment_difference (clinic_id, key);
CREATE INDEX payment_difference_open ON payment_difference (key) WHERE cleared_ms IS NULL;

-- When the books were compared last.
CREATE TABLE reconciliation (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    last_ms INTEGER NOT NULL
) STRICT;
INSERT INTO reconciliation (id, last_ms) VALUES (1, 0);

-- Whoever reaches the database past this program cannot change what was given out, or what is in the ledger, either.
CREATE TRIGGER invoice_issued_is_final BEFORE UPDATE ON invoice WHEN OLD.state <> 'draft'
BEGIN SELECT RAISE(ABORT, 'issued_is_final'); END;
CREATE TRIGGER invoice_issued_stays BEFORE DELETE ON invoice WHEN OLD.state <> 'draft'
BEGIN SELECT RAISE(ABORT, 'issued_is_final'); END;
CREATE TRIGGER invoice_line_comes_before BEFORE INSERT ON invoice_line
WHEN (SELECT state FROM invoice WHERE id = NEW.invoice_id) <> 'draft'
BEGIN SELECT RAISE(ABORT, 'issued_is_final'); END;
CREATE TRIGGER invoice_line_is_final BEFORE UPDATE ON invoice_line
BEGIN SELECT RAISE(ABORT, 'issued_is_final'); END;
CREATE TRIGGER invoice_line_stays BEFORE DELETE ON invoice_line
WHEN (SELECT state FROM invoice WHERE id = OLD.invoice_id) <> 'draft'
BEGIN SELECT RAISE(ABORT, 'issued_is_final'); END;
CREATE TRIGGER ledger_is_never_changed BEFORE UPDATE ON ledger
BEGIN SELECT RAISE(ABORT, 'ledger_is_final'); END;
CREATE TRIGGER ledger_is_never_deleted BEFORE DELETE ON ledger
BEGIN SELECT RAISE(ABORT, 'ledger_is_final'); END;
CREATE TRIGGER payout_is_never_changed BEFORE UPDATE ON payout
BEGIN SELECT RAISE(ABORT, 'ledger_is_final'); END;
CREATE TRIGGER payout_is_never_deleted BEFORE DELETE ON payout
BEGIN SELECT RAISE(ABORT, 'ledger_is_final'); END;
-- A payment's money is never undone.
CREATE TRIGGER payment_only_grows BEFORE UPDATE ON payment
WHEN NEW.captured_minor < OLD.captured_minor OR NEW.refunded_minor < OLD.refunded_minor
    OR NEW.amount_minor <> OLD.amount_minor OR NEW.currency <> OLD.currency OR NEW.clinic_id <> OLD.clinic_id
BEGIN SELECT RAISE(ABORT, 'payment_only_grows'); END;
