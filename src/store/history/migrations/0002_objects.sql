-- Channels that have live objects, whatever their rule: apart from those with entries, because objects do not expire
-- with these. One without a realm has been forgotten. Bytes are those that limits measure.
CREATE TABLE object_channels (
	id integer PRIMARY KEY NOT NULL,
	realm text,
	name text NOT NULL,
	bytes integer NOT NULL
);
CREATE UNIQUE INDEX object_channels_name ON object_channels (realm, name);

-- Objects without the entries of maps.
CREATE TABLE objects (
	id integer PRIMARY KEY NOT NULL,
	channel integer NOT NULL,
	object text NOT NULL,
	body blob NOT NULL
);
CREATE UNIQUE INDEX objects_object ON objects (channel, object);

-- Entries of maps, those that were removed included.
CREATE TABLE object_entries (
	object integer NOT NULL,
	key text NOT NULL,
	body blob NOT NULL,
	PRIMARY KEY (object, key)
) WITHOUT ROWID;
