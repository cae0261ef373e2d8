-- What each integration of each group was told last. firing, resolved: hashes,
-- 8 bytes each, little end first. texts: JSON object.
CREATE TABLE notification_log (
    group_key TEXT NOT NULL,
    receiver TEXT NOT NULL,
    integration TEXT NOT NULL,
    place INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    firing BLOB NOT NULL,
    resolved BLOB NOT NULL,
    texts TEXT NOT NULL,
    expires_ms INTEGER NOT NULL,
    PRIMARY KEY (group_key, receiver, integration, place)
);
