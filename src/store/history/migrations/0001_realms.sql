-- About what each app takes up: the bodies of its entries, versions and annotations, with 120 bytes for each row.
CREATE TABLE realms (
	realm text PRIMARY KEY NOT NULL,
	bytes integer NOT NULL
) WITHOUT ROWID;
INSERT INTO realms (realm, bytes)
SELECT channels.realm, sum(rows.bytes) FROM (
	SELECT channel, length(body) + 120 AS bytes FROM entries
	UNION ALL
	SELECT entries.channel, length(versions.body) + 120 FROM versions JOIN entries ON entries.id = versions.entry
	UNION ALL
	SELECT entries.channel, length(annotations.body) + 120 FROM annotations JOIN entries ON entries.id = annotations.entry
) AS rows JOIN channels ON channels.id = rows.channel
WHERE channels.realm IS NOT NULL
GROUP BY channels.realm;
