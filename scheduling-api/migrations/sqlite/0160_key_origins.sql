-- The pages that may ask with an API key, separated by blanks; none for a key of servers.
ALTER TABLE api_key ADD COLUMN origins TEXT NOT NULL DEFAULT '';
