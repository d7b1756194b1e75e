-- What the sweeper finds old rows by.
CREATE INDEX session_age ON session (created_ms);
CREATE INDEX known_device_age ON known_device (seen_ms);
CREATE INDEX oauth_grant_age ON oauth_grant (refreshed_ms);
