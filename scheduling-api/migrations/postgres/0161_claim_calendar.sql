-- Everything that is asked of a calendar stands in its index.
DROP INDEX claim_active;
CREATE INDEX claim_active
    ON claim (clinic_id, resource_id, start_ms, end_ms) INCLUDE (state, expires_ms, appointment_id)
    WHERE state IN ('held', 'confirmed');
