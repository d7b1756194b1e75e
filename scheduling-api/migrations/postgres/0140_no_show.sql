-- From when on a rule decides that nobody came; only while it may. What was booked before is left to staff.

ALTER TABLE appointment ADD COLUMN no_show_ms BIGINT;

CREATE INDEX appointment_no_show ON appointment (no_show_ms) WHERE no_show_ms IS NOT NULL;
