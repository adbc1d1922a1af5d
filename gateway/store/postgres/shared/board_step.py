"""What the database has of the hosts themselves: when each said last how it is, and what. And since when a message is on its way.

`host_state` has a row for each host that was ever linked, written by that host every few seconds, at the time of all hosts. Its `view` is
JSON, kept as bytes: what a device says may hold a NUL. No commit waits for the disk to have it: the next one comes soon. All mail for the
host that was written by transactions before `done_x` it has taken in: who counts what is on the way begins there, and does not go through
the deleted rows that somebody's old snapshot keeps.
Source: PostgreSQL, "set_config", "INSERT", ON CONFLICT.
"""

MOST_COUNTED = 10_001
"""So many messages on their way are counted, and no more: a week's queue is long."""

BOARD_STEP = f"""
    ALTER TABLE post ADD COLUMN at timestamptz NOT NULL DEFAULT now();
    CREATE TABLE host_state (
        name text COLLATE "C" PRIMARY KEY, at timestamptz NOT NULL, life bigint NOT NULL, stopped boolean NOT NULL, done_x xid8 NOT NULL,
        view bytea NOT NULL
    ) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.02);
    CREATE FUNCTION coming_to(host text, since_x xid8) RETURNS TABLE (many integer, oldest_s double precision) LANGUAGE sql STABLE AS $body$
        SELECT count(*)::integer, coalesce(extract(epoch FROM clock_timestamp() - min(at)), 0)::double precision
        FROM (SELECT at FROM post WHERE to_host = host AND x >= since_x ORDER BY x, n LIMIT {MOST_COUNTED}) waiting
    $body$;
    CREATE FUNCTION say_how(me text, my_life bigint, ends boolean, my_x xid8, said bytea)
        RETURNS TABLE (many integer, oldest_s double precision) LANGUAGE plpgsql AS $body$
    BEGIN
        PERFORM set_config('synchronous_commit', 'off', true);
        INSERT INTO host_state VALUES (me, the_time(), my_life, ends, my_x, said)
            ON CONFLICT (name) DO UPDATE SET at = the_time(), life = my_life, stopped = ends, done_x = my_x, view = said;
        RETURN QUERY SELECT * FROM coming_to(me, my_x);
    END
    $body$;
"""
