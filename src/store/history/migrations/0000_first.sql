-- Channels that have something to remember. One without a realm has been forgotten; what it had is removed bit by bit.
CREATE TABLE channels (
	id integer PRIMARY KEY NOT NULL,
	realm text,
	name text NOT NULL
);
CREATE UNIQUE INDEX channels_name ON channels (realm, name);

-- Messages (kind 0) in their latest state and changes of presence (kind 1), as they came. The moment is the
-- time of the entry, or that of one before it if that was later, so it only grows; the lag is the difference.
CREATE TABLE entries (
	id integer PRIMARY KEY NOT NULL,
	channel integer NOT NULL,
	kind integer NOT NULL,
	serial text NOT NULL,
	moment integer NOT NULL,
	lag integer NOT NULL,
	-- Whether versions or annotations hang on it.
	has_parts integer NOT NULL DEFAULT 0,
	-- Whether the latest state is one of the message's listed versions, of which the table has those before.
	is_listed integer NOT NULL DEFAULT 1,
	body blob NOT NULL
);
CREATE UNIQUE INDEX entries_serial ON entries (channel, kind, serial);
-- About one entry in 64, by a hash of its id: enough to find a time, at a small part of the cost of an index of all.
CREATE INDEX entries_marks ON entries (channel, kind, moment) WHERE (id * 40503 >> 10) & 63 = 0;

-- Listed states that a message had before its latest one.
CREATE TABLE versions (
	entry integer NOT NULL,
	serial text NOT NULL,
	timestamp integer NOT NULL,
	body blob NOT NULL,
	PRIMARY KEY (entry, serial)
) WITHOUT ROWID;

CREATE TABLE annotations (
	entry integer NOT NULL,
	serial text NOT NULL,
	timestamp integer NOT NULL,
	body blob NOT NULL,
	PRIMARY KEY (entry, serial)
) WITHOUT ROWID;

-- One row: the greatest position that was ever kept, and the greatest lag.
CREATE TABLE summit (
	id integer PRIMARY KEY NOT NULL CHECK (id = 1),
	position text NOT NULL,
	lag integer NOT NULL
);
INSERT INTO summit (id, position, lag) VALUES (1, '', 0);
