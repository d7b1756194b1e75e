-- Recordings of visits are documents: which file of which recording one is, in the media server's words. Once in the record
-- for each.

ALTER TABLE document ADD COLUMN recorded_as TEXT;

CREATE UNIQUE INDEX document_recorded ON document (recorded_as) WHERE recorded_as IS NOT NULL;
CREATE INDEX document_recorded_when ON document (clinic_id, created_ms) WHERE recorded_as IS NOT NULL;
