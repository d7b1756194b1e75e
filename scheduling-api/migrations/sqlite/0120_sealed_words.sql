-- What people are to each other, what they call their things, what their browsers call themselves: sealed. What stood in the
-- open columns before is sealed by the program when it opens the database; the columns stay empty.

-- With the patient's data key.
ALTER TABLE patient_proxy ADD COLUMN relation BLOB;

-- With the account's.
ALTER TABLE passkey ADD COLUMN called BLOB;
ALTER TABLE session ADD COLUMN browser BLOB;

-- A session lasts half a day: the browsers of those that run now are forgotten.
UPDATE session SET user_agent = '' WHERE user_agent <> '';
