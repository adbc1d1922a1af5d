"""The bound of what waits in the database for one receiver: a host, or a group of shared actors.

`stand` is asked by each host now and then. While the table is small, nobody can be over the bound, and it looks at nothing else. Else it
counts; where one receiver has too much, the oldest telemetry for it gives way, and what is still too much is told to those that send:
they wait, as for a full mailbox.

Two hosts must not wait for each other for ever. A host takes in what is there for it, unless a mailbox of its own is full; and then it says
here for which receivers its actors wait (`post_wait`). Nobody is told to wait for a receiver whose host waits for him, directly or by way
of others: there the bound gives way. So of hosts that wait in a ring each is let go on, as soon as all have said it.

Source: PostgreSQL, "WITH Queries", "Database Object Management Functions".
"""

from gateway.store.postgres.shared.edge_step import FORGET_EVERY, REMEMBERED

_ROW_BYTES = 64
"""A row has so many bytes in the table, and more."""
_ONE_AT_A_TIME = 0x626F756E64
"""Key of the lock that who has telemetry give way holds: "bound" as a number."""

BOUND_STEP = f"""
    ALTER TABLE post ADD COLUMN telemetry boolean NOT NULL DEFAULT false;
    CREATE TABLE post_wait (who text COLLATE "C" PRIMARY KEY, waits text[] NOT NULL, until timestamptz NOT NULL) WITH (fillfactor = 50);
    CREATE FUNCTION receiver_of(grp smallint, host text) RETURNS text LANGUAGE sql IMMUTABLE
        RETURN coalesce('host/' || host, 'group ' || grp);
    CREATE FUNCTION served_by(receiver text) RETURNS text LANGUAGE sql STABLE RETURN CASE WHEN receiver LIKE 'group %'
        THEN 'member ' || (SELECT owner FROM placement WHERE grp = substr(receiver, 7)::smallint) ELSE receiver END;
    CREATE FUNCTION waits_for(receiver text, me text) RETURNS boolean LANGUAGE sql STABLE AS $body$
        WITH RECURSIVE chain (who) AS (
            SELECT served_by(receiver)
            UNION SELECT served_by(one) FROM chain JOIN post_wait USING (who), unnest(waits) one WHERE until > the_time()
        ) SELECT EXISTS (SELECT FROM chain WHERE who = me);
    $body$;
    CREATE FUNCTION give_way(whose text, too_many bigint, too_large bigint) RETURNS bigint LANGUAGE plpgsql AS $body$
    DECLARE gone bigint := 0;
    BEGIN
        IF pg_try_advisory_xact_lock({_ONE_AT_A_TIME}) THEN
            WITH old AS (
                SELECT n, row_number() OVER (ORDER BY n) AS place, sum(length(message)) OVER (ORDER BY n) - length(message) AS before
                FROM post WHERE telemetry AND receiver_of(to_grp, to_host) = whose
            ) DELETE FROM post WHERE n IN (SELECT n FROM old WHERE place <= too_many OR before < too_large);
            GET DIAGNOSTICS gone = ROW_COUNT;
        END IF;
        RETURN gone;
    END
    $body$;
    CREATE FUNCTION stand(me text, my_waits text[], most bigint, most_bytes bigint)
        RETURNS TABLE (receiver text, many bigint, bytes bigint, gone bigint, lets_go_on boolean) LANGUAGE plpgsql AS $body$
    BEGIN
        IF cardinality(my_waits) > 0 THEN
            INSERT INTO post_wait VALUES (me, my_waits, the_time() + interval '10 s')
                ON CONFLICT (who) DO UPDATE SET waits = excluded.waits, until = excluded.until;
        ELSE
            DELETE FROM post_wait WHERE who = me;
        END IF;
        IF pg_table_size('post') < least(most * {_ROW_BYTES}, most_bytes) * 0.9 THEN
            RETURN;
        END IF;
        FOR receiver, many, bytes IN
            SELECT receiver_of(to_grp, to_host), count(*), sum(length(message)) FROM post WHERE to_member IS NULL GROUP BY 1
                HAVING count(*) >= most * 0.9 OR sum(length(message)) >= most_bytes * 0.9
        LOOP
            gone := 0;
            IF many >= most OR bytes >= most_bytes THEN
                gone := give_way(receiver, (many - most * 0.9)::bigint, (bytes - most_bytes * 0.9)::bigint);
            END IF;
            lets_go_on := waits_for(receiver, me);
            RETURN NEXT;
        END LOOP;
    END
    $body$;
    DROP FUNCTION hand_in;
    CREATE FUNCTION hand_in(
        me text, given_n bigint[], given_id text[], given_host text[], given_to text[], given_message bytea[], given_telemetry bigint[]
    ) RETURNS integer LANGUAGE plpgsql AS $body$
    DECLARE before bigint; many integer := cardinality(given_n); new integer;
    BEGIN
        INSERT INTO host_mark VALUES (me, many) ON CONFLICT (host) DO UPDATE SET handed = host_mark.handed + many
            RETURNING handed - many INTO before;
        WITH given AS (
            SELECT * FROM unnest(given_n, given_id, given_host, given_to, given_message, given_telemetry)
                WITH ORDINALITY one (n, id, to_host, receiver, message, telemetry, at)
        ), fresh AS (
            INSERT INTO handed SELECT me, n, id, before + at FROM given
                ON CONFLICT (host, n) DO UPDATE SET id = excluded.id, place = excluded.place WHERE handed.id <> excluded.id RETURNING n
        ), sent AS (
            INSERT INTO post (to_grp, to_host, message, telemetry)
                SELECT CASE WHEN to_host = '' THEN group_of(receiver) END, nullif(to_host, ''), message, telemetry = 1
                FROM given JOIN fresh USING (n) ORDER BY at RETURNING 1
        ) SELECT count(*) INTO new FROM sent;
        IF before / {FORGET_EVERY} < (before + many) / {FORGET_EVERY} THEN
            DELETE FROM handed WHERE host = me AND place <= before - {REMEMBERED};
        END IF;
        RETURN new;
    END
    $body$;
    DROP FUNCTION commit_changes;
"""
"""It takes the functions away that know of no telemetry; the new `commit_changes` comes behind it."""

BOUNDED_POST = """IF post_message IS NOT NULL THEN
            INSERT INTO post (to_grp, to_member, to_host, message, telemetry)
                SELECT one.grp::smallint, one.member, nullif(one.host, ''), one.message, one.telemetry = 1
                FROM unnest(post_to_grp, post_to_member, post_to_host, post_message, post_telemetry)
                    WITH ORDINALITY one (grp, member, host, message, telemetry, at)
                ORDER BY one.at;
        END IF;
        IF post_gone_n IS NOT NULL THEN
            DELETE FROM post WHERE n = ANY (post_gone_n);
        END IF;"""
"""How a commit writes and takes messages."""
