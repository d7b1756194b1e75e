-- Everything that is asked of a calendar stands in its index: of a table without row ids each row that is looked at was
-- found twice, once by the index and once by its key, also within the guards against overlap.
DROP INDEX claim_active;
CREATE INDEX claim_active
    ON claim (clinic_id, resource_id, start_ms, end_ms, state, expires_ms, appointment_id)
    WHERE state IN ('held', 'confirmed');
