-- The waitlist and the on-demand queue at work: how often an offer was let go by, and when a place ended.

ALTER TABLE waitlist_entry ADD COLUMN lapsed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE waitlist_entry ADD COLUMN ended_ms BIGINT;
-- Nobody waits for the same twice, and a time is offered to one.
CREATE UNIQUE INDEX waitlist_once ON waitlist_entry (service_id, patient_id) WHERE state IN ('waiting', 'offered');
CREATE UNIQUE INDEX waitlist_offer ON waitlist_entry (offered_id) WHERE offered_id IS NOT NULL;
CREATE INDEX waitlist_open ON waitlist_entry (state, to_ms) WHERE state IN ('waiting', 'offered');
CREATE INDEX waitlist_over ON waitlist_entry (clinic_id, ended_ms) WHERE ended_ms IS NOT NULL;

ALTER TABLE queue_entry ADD COLUMN ended_ms BIGINT;
CREATE INDEX queue_of_patient ON queue_entry (patient_id, created_ms);
CREATE INDEX queue_open ON queue_entry (created_ms) WHERE state = 'waiting';
CREATE INDEX queue_over ON queue_entry (clinic_id, ended_ms) WHERE ended_ms IS NOT NULL;
