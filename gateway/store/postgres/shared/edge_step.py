"""What the database has for hosts that are no members, and hand messages in: see `edge.py`.

The answer to `hand_in` may be lost, and the host hands the same in again. So it is remembered which of each host's last messages were
there: by the place in the host's outbox and the id, for a host whose store was restored from a backup counts its places anew. Those
remembered are far more than a host can have under way.
Source: PostgreSQL, "INSERT", ON CONFLICT.
"""

REMEMBERED = 20_000
FORGET_EVERY = 1000

EDGE_STEP = f"""
    CREATE TABLE host_mark (host text COLLATE "C" PRIMARY KEY, handed bigint NOT NULL) WITH (fillfactor = 50);
    CREATE TABLE handed (
        host text COLLATE "C" NOT NULL, n bigint NOT NULL, id text COLLATE "C" NOT NULL, place bigint NOT NULL, PRIMARY KEY (host, n)
    ) WITH (autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
    CREATE INDEX handed_place ON handed (host, place);
    CREATE FUNCTION hand_in(me text, given_n bigint[], given_id text[], given_host text[], given_to text[], given_message bytea[])
        RETURNS integer LANGUAGE plpgsql AS $body$
    DECLARE before bigint; many integer := cardinality(given_n); new integer;
    BEGIN
        INSERT INTO host_mark VALUES (me, many) ON CONFLICT (host) DO UPDATE SET handed = host_mark.handed + many
            RETURNING handed - many INTO before;
        WITH given AS (
            SELECT * FROM unnest(given_n, given_id, given_host, given_to, given_message)
                WITH ORDINALITY one (n, id, to_host, receiver, message, at)
        ), fresh AS (
            INSERT INTO handed SELECT me, n, id, before + at FROM given
                ON CONFLICT (host, n) DO UPDATE SET id = excluded.id, place = excluded.place WHERE handed.id <> excluded.id RETURNING n
        ), sent AS (
            INSERT INTO post (to_grp, to_host, message)
                SELECT CASE WHEN to_host = '' THEN group_of(receiver) END, nullif(to_host, ''), message
                FROM given JOIN fresh USING (n) ORDER BY at RETURNING 1
        ) SELECT count(*) INTO new FROM sent;
        IF before / {FORGET_EVERY} < (before + many) / {FORGET_EVERY} THEN
            DELETE FROM handed WHERE host = me AND place <= before - {REMEMBERED};
        END IF;
        RETURN new;
    END
    $body$;
"""
